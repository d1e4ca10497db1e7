"""A small API in memory behind the Transport protocol: what a scheduler and kubelets need of a cluster.

Objects by path, resourceVersions, watches with field selectors, bindings, strategic patches of pod and node status, graceful deletion of
pods. No validation, no defaulting, no authorization; every transport remembers who used it.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import Identity, SystemClock, rfc3339
from kcompat.apimachinery.selectors import parse_field_selector
from kcompat.client.interface import Answer, Tree, WatchEvent

Key = tuple[str, str, str]
"""(plural, namespace, name)"""

KINDS = {"pods": "Pod", "nodes": "Node", "events": "Event", "leases": "Lease", "services": "Service", "namespaces": "Namespace"}
MERGE_KEYS = {"conditions": "type", "addresses": "type", "podIPs": "ip", "hostIPs": "ip"}


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Waits for a condition that nothing announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- the condition is anything
            await asyncio.sleep(0.001)


class PodCluster:
    def __init__(self) -> None:
        self.objects: dict[Key, Tree] = {}
        self.requests: list[tuple[str, str, str, Any]] = []
        """(user, method, path, body)"""
        self.failures: list[tuple[str, str, Exception]] = []
        """(method, part of the path, what to raise once)"""
        self._history: list[tuple[str, Key, Tree]] = []
        self._revision = 0
        self._changed = asyncio.Event()
        self._clock, self._identity = SystemClock(), Identity()

    def transport(self, user: str = "admin") -> PodTransport:
        return PodTransport(self, user)

    def get(self, plural: str, name: str, namespace: str = "") -> Tree:
        return self.objects[plural, namespace, name]

    def all(self, plural: str) -> list[Tree]:
        return [tree for key, tree in self.objects.items() if key[0] == plural]

    def put(self, plural: str, tree: Tree) -> Tree:
        """Creates or replaces."""
        metadata = tree["metadata"]
        key = (plural, metadata.get("namespace", ""), metadata["name"])
        old = self.objects.get(key)
        self._revision += 1
        kept = {"uid": self._identity.uid(), "creationTimestamp": rfc3339(self._clock.now())} if old is None else {}
        tree = {**tree, "metadata": {**kept, **metadata, "resourceVersion": str(self._revision)}}
        self.objects[key] = tree
        self._tell("ADDED" if old is None else "MODIFIED", key, tree)
        return tree

    def change(self, plural: str, name: str, namespace: str = "", **parts: Any) -> Tree:
        """Replaces top-level parts of an object (spec, status, metadata fields are merged one level deep)."""
        old = self.get(plural, name, namespace)
        return self.put(plural, {**old, **{part: {**(old.get(part) or {}), **fields} for part, fields in parts.items()}})

    def drop(self, plural: str, name: str, namespace: str = "") -> Tree:
        key = (plural, namespace, name)
        old = self.objects.pop(key)
        self._revision += 1
        tree = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self._revision)}}
        self._tell("DELETED", key, tree)
        return tree

    def fail(self, method: str, part: str, error: Exception) -> None:
        self.failures.append((method, part, error))

    def made_by(self, user: str) -> list[tuple[str, str]]:
        return [(method, path) for who, method, path, _ in self.requests if who == user]

    def _tell(self, kind: str, key: Key, tree: Tree) -> None:
        self._history.append((kind, key, tree))
        self._changed.set()
        self._changed = asyncio.Event()

    def delete_pod(self, key: Key, options: Tree) -> Tree:
        tree = self.objects[key]
        if (uid := (options.get("preconditions") or {}).get("uid")) and uid != tree["metadata"]["uid"]:
            raise errors.conflict("", key[0], key[2], "uid")
        grace = options.get("gracePeriodSeconds")
        if grace is None:
            grace = tree["spec"].get("terminationGracePeriodSeconds", 30)
        if key[0] != "pods" or grace == 0 or not tree["spec"].get("nodeName"):
            return self.drop(*(key[0], key[2], key[1]))
        stamp = {"deletionTimestamp": rfc3339(self._clock.now()), "deletionGracePeriodSeconds": grace}
        return self.put("pods", {**tree, "metadata": {**tree["metadata"], **stamp}})


class PodTransport:
    def __init__(self, cluster: PodCluster, user: str) -> None:
        self.cluster = cluster
        self.user = user

    async def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, content_type: str = "application/json"
    ) -> Answer:
        cluster = self.cluster
        await asyncio.sleep(0)
        cluster.requests.append((self.user, method, path, body))
        for failure in cluster.failures:
            if failure[0] == method and failure[1] in path:
                cluster.failures.remove(failure)
                raise failure[2]
        plural, namespace, name, subresource = _parse(path)
        key = (plural, namespace, name)
        if method == "GET" and not name:
            return Answer(200, self._list(plural, namespace, query or {}))
        if method == "POST" and not name:
            return Answer(201, self._create(plural, namespace, body))
        if key not in cluster.objects:
            raise errors.not_found("", plural, name)
        if method == "POST" and subresource == "binding":
            return Answer(201, self._bind(key, body))
        if method == "PATCH":
            return Answer(200, self._patch(key, body, subresource))
        if method == "PUT":
            return Answer(200, cluster.put(plural, {**cluster.objects[key], **body}))
        if method == "DELETE":
            return Answer(200, cluster.delete_pod(key, body or {}))
        if method == "GET":
            return Answer(200, cluster.objects[key])
        raise errors.method_not_supported("", plural, method.lower())

    def _create(self, plural: str, namespace: str, body: Tree) -> Tree:
        name = body["metadata"]["name"]
        if (plural, namespace, name) in self.cluster.objects:
            raise errors.already_exists("", plural, name)
        return self.cluster.put(plural, copy.deepcopy(body))

    def _bind(self, key: Key, body: Tree) -> Tree:
        pod = self.cluster.objects[key]
        if pod["spec"].get("nodeName"):
            raise errors.conflict("", "pods/binding", key[2], f'pod {key[2]} is already assigned to node "{pod["spec"]["nodeName"]}"')
        condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": rfc3339(SystemClock().now())}
        others = [c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] != "PodScheduled"]
        status = {**(pod.get("status") or {}), "conditions": [*others, condition]}
        return self.cluster.put("pods", {**pod, "spec": {**pod["spec"], "nodeName": body["target"]["name"]}, "status": status})

    def _patch(self, key: Key, body: Tree, subresource: str) -> Tree:
        old = self.cluster.objects[key]
        if (uid := (body.get("metadata") or {}).get("uid")) and uid != old["metadata"]["uid"]:
            raise errors.conflict("", key[0], key[2], "the UID in the precondition does not match the UID in record")
        parts = ("status",) if subresource == "status" else tuple(part for part in body if part != "metadata")
        new = {**old, **{part: merge(old.get(part) or {}, body[part]) for part in parts if part in body}}
        return old if new == old else self.cluster.put(key[0], new)

    def _list(self, plural: str, namespace: str, query: Mapping[str, str]) -> Tree:
        keys = sorted(key for key in self.cluster.objects if key[0] == plural and namespace in ("", key[1]))
        items = [self.cluster.objects[key] for key in keys if _selected(query, self.cluster.objects[key])]
        return {"kind": "List", "metadata": {"resourceVersion": str(len(self.cluster._history))}, "items": items}

    async def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncIterator[WatchEvent]:
        cluster, query = self.cluster, query or {}
        plural, namespace, _, _ = _parse(path)
        seen = int(query.get("resourceVersion") or 0)
        matched = {key for key in cluster.objects if key[0] == plural}
        while True:
            changed = cluster._changed
            while seen < len(cluster._history):
                kind, key, tree = cluster._history[seen]
                seen += 1
                tree = {**tree, "metadata": {**tree["metadata"]}}
                if key[0] != plural or namespace not in ("", key[1]) or (not _selected(query, tree) and key not in matched):
                    continue
                yield WatchEvent(kind, {**tree, "metadata": {**tree["metadata"]}})
            await changed.wait()

    async def close(self) -> None: ...


def _selected(query: Mapping[str, str], tree: Tree) -> bool:
    text = query.get("fieldSelector", "")
    if not text:
        return True
    fields = {"spec.nodeName": (tree.get("spec") or {}).get("nodeName", ""), "status.phase": (tree.get("status") or {}).get("phase", "")}
    fields |= {"metadata.name": tree["metadata"]["name"], "metadata.namespace": tree["metadata"].get("namespace", "")}
    return parse_field_selector(text).matches(fields)


def _parse(path: str) -> tuple[str, str, str, str]:
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    rest += [""] * (3 - len(rest))
    return rest[0], namespace, rest[1], rest[2]


def merge(old: Any, patch: Any) -> Any:
    """A strategic merge of status: lists with a merge key by that key, others replaced."""
    if not isinstance(patch, dict) or not isinstance(old, dict):
        return patch
    merged = dict(old)
    for name, value in patch.items():
        if name.startswith("$setElementOrder"):
            continue
        if value is None:
            merged.pop(name, None)
        elif name in MERGE_KEYS and isinstance(value, list):
            merged[name] = _merge_list(merged.get(name) or [], value, MERGE_KEYS[name])
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _merge_list(old: list[Tree], patch: list[Tree], key: str) -> list[Tree]:
    items = {item[key]: item for item in old}
    for item in patch:
        if item.get("$patch") == "delete":
            items.pop(item[key], None)
        else:
            items[item[key]] = {**items.get(item[key], {}), **item}
    return list(items.values())
