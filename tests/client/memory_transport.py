"""A small API server in memory behind the Transport protocol: what informers and controllers need of a cluster, with faults to order.

One object tree per path; resourceVersions, watches with history and 410, generateName, status subresources, finalizers, propagation
policies, optimistic concurrency, merge and JSON patches. No validation, no defaulting, no authorization.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import Identity, rfc3339
from kcompat.apimachinery.patch import json_patch
from kcompat.apimachinery.selectors import parse_label_selector
from kcompat.client.interface import Answer, Tree, WatchEvent
from kcompat.client.resources import ResourceType

KINDS = {
    "pods": "Pod", "nodes": "Node", "namespaces": "Namespace", "configmaps": "ConfigMap", "secrets": "Secret", "events": "Event",
    "serviceaccounts": "ServiceAccount", "deployments": "Deployment", "replicasets": "ReplicaSet", "leases": "Lease",
    "replicationcontrollers": "ReplicationController", "widgets": "Widget", "clusterthings": "ClusterThing", "services": "Service",
    "endpointslices": "EndpointSlice", "endpoints": "Endpoints", "jobs": "Job", "daemonsets": "DaemonSet", "statefulsets": "StatefulSet",
    "controllerrevisions": "ControllerRevision", "persistentvolumeclaims": "PersistentVolumeClaim", "cronjobs": "CronJob",
    "persistentvolumes": "PersistentVolume", "storageclasses": "StorageClass", "volumeattributesclasses": "VolumeAttributesClass",
    "poddisruptionbudgets": "PodDisruptionBudget", "resourcequotas": "ResourceQuota",
}  # fmt: skip
CLUSTER_SCOPED = {"namespaces", "nodes", "clusterthings"}


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for a condition that nothing announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- the condition is anything
            await asyncio.sleep(0.001)


class MemoryCluster:
    """The state; transports to it come from `transport()`."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str, str], Tree] = {}  # (group, plural, namespace, name)
        self.history: list[tuple[int, str, tuple[str, str, str, str], Tree, Tree | None]] = []
        self.compacted = 0
        self.requests: list[tuple[str, str]] = []
        self.failures: list[tuple[str, str, Exception]] = []  # (method, part of the path, what to raise once)
        self.broken_watches = 0
        self.discovery: dict[str, Any] = {}
        self._revision = 0
        self._changed = asyncio.Event()
        self._identity = Identity()
        self._names = itertools.count(1)
        self._cut = 0

    def transport(self) -> MemoryTransport:
        return MemoryTransport(self)

    # -- direct access for tests

    def get(self, resource: ResourceType, namespace: str, name: str) -> Tree | None:
        return self.objects.get((resource.group, resource.plural, namespace, name))

    def all(self, resource: ResourceType, namespace: str | None = None) -> list[Tree]:
        wanted = (resource.group, resource.plural)
        return [tree for key, tree in self.objects.items() if key[:2] == wanted and namespace in (None, key[2])]

    def put(self, resource: ResourceType, tree: Tree) -> Tree:
        """Creates or replaces without any rule."""
        metadata = tree["metadata"]
        key = (resource.group, resource.plural, metadata.get("namespace", ""), metadata["name"])
        tree = {"apiVersion": resource.api_version, "kind": resource.kind, **copy.deepcopy(tree)}
        tree["metadata"].setdefault("uid", self._identity.uid())
        return self._store(key, tree)

    def drop(self, resource: ResourceType, namespace: str, name: str) -> None:
        self._remove((resource.group, resource.plural, namespace, name))

    def fail(self, method: str, part: str, error: Exception) -> None:
        self.failures.append((method, part, error))

    def cut_watches(self) -> None:
        """Every open watch ends."""
        self._cut += 1
        self._wake()

    def compact(self) -> None:
        """Forgets history: watches from before answer 410."""
        self.compacted = self._revision
        self.history.clear()

    # -- writes

    def _store(self, key: tuple[str, str, str, str], tree: Tree) -> Tree:
        old = self.objects.get(key)
        self._revision += 1
        tree = {**tree, "metadata": {**tree["metadata"], "resourceVersion": str(self._revision)}}
        self.objects[key] = tree
        self._append("MODIFIED" if old else "ADDED", key, tree, old)
        return tree

    def _remove(self, key: tuple[str, str, str, str]) -> Tree:
        old = self.objects.pop(key)
        self._revision += 1
        tree = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self._revision)}}
        self._append("DELETED", key, tree, old)
        return tree

    def _append(self, type_: str, key: tuple[str, str, str, str], tree: Tree, old: Tree | None) -> None:
        self.history.append((self._revision, type_, key, tree, old))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def create(self, group: str, version: str, plural: str, namespace: str, body: Tree) -> Tree:
        tree = copy.deepcopy(body)
        metadata = tree.setdefault("metadata", {})
        if not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + f"{next(self._names):05d}"
        if namespace:
            metadata["namespace"] = namespace
            space = self.objects.get(("", "namespaces", "", namespace))
            if space is not None and space["metadata"].get("deletionTimestamp"):
                raise errors.StatusError(403, "Forbidden", "terminating", {"causes": [{"reason": "NamespaceTerminating"}]})
        key = (group, plural, namespace, metadata["name"])
        if key in self.objects:
            raise errors.already_exists(group, plural, metadata["name"])
        api_version = f"{group}/{version}" if group else version
        metadata.update(uid=self._identity.uid(), creationTimestamp=rfc3339(datetime.now(UTC)), generation=1)
        return self._store(key, {"apiVersion": api_version, "kind": KINDS.get(plural, plural.title()), **tree})

    def replace(self, key: tuple[str, str, str, str], body: Tree, subresource: str) -> Tree:
        old = self._existing(key)
        expected = body["metadata"].get("resourceVersion")
        if expected and expected != old["metadata"]["resourceVersion"]:
            raise errors.conflict(key[0], key[1], key[3], "the object has been modified; please apply your changes to the latest version")
        if subresource == "status":
            kept = {"annotations": body["metadata"].get("annotations") or {}} if key[1] == "deployments" else {}
            body = {**old, "metadata": {**old["metadata"], **kept}, "status": body.get("status") or {}}
        elif subresource == "finalize":
            body = {**old, "spec": body["spec"]}
        else:
            body = {**body, "metadata": {**body["metadata"]}}
            if "status" in old:
                body["status"] = old["status"]
            for kept in ("uid", "creationTimestamp", "deletionTimestamp", "namespace", "generation"):
                if kept in old["metadata"]:
                    body["metadata"][kept] = old["metadata"][kept]
            if body.get("spec") != old.get("spec"):
                body["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        body = copy.deepcopy(body)
        without = {**body, "metadata": {**body["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}}
        if without == old:
            return old
        stored = self._store(key, body)
        return self._finish(key, stored)

    def _finish(self, key: tuple[str, str, str, str], tree: Tree) -> Tree:
        """Removes what is being deleted and has nothing left to wait for."""
        metadata = tree["metadata"]
        finalizers = list(metadata.get("finalizers") or ())
        if key[1] == "namespaces":
            finalizers += tree.get("spec", {}).get("finalizers") or ()
        if metadata.get("deletionTimestamp") and not finalizers:
            return self._remove(key)
        return tree

    def patch(self, key: tuple[str, str, str, str], body: Any, content_type: str, subresource: str) -> Tree:
        old = copy.deepcopy(self._existing(key))
        if content_type == "application/json-patch+json":
            new = json_patch.apply(old, json_patch.decode(body)[0])
        else:
            new = _merge(old, body, strategic="strategic" in content_type)
        if (uid := body.get("metadata", {}).get("uid") if isinstance(body, dict) else None) and uid != old["metadata"]["uid"]:
            raise errors.conflict(key[0], key[1], key[3], "uid mismatch")
        return self.replace(key, new, subresource)

    def delete(self, key: tuple[str, str, str, str], options: Tree) -> Tree:
        tree = self._existing(key)
        expected = options.get("preconditions") or {}
        for field in ("uid", "resourceVersion"):
            if expected.get(field) and expected[field] != tree["metadata"][field]:
                raise errors.conflict(key[0], key[1], key[3], f"Precondition failed: {field}")
        added = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(options.get("propagationPolicy", ""))
        metadata = dict(tree["metadata"])
        finalizers = [name for name in metadata.get("finalizers") or () if name not in ("foregroundDeletion", "orphan") or not added]
        if added:
            finalizers.append(added)
        if finalizers or key[1] == "namespaces":
            metadata.setdefault("deletionTimestamp", rfc3339(datetime.now(UTC)))
            metadata["finalizers"] = finalizers
            changed = {**tree, "metadata": metadata}
            if key[1] == "namespaces":
                changed["status"] = {**(tree.get("status") or {}), "phase": "Terminating"}
            return self._finish(key, self._store(key, changed))
        return self._remove(key)

    def _existing(self, key: tuple[str, str, str, str]) -> Tree:
        if key not in self.objects:
            raise errors.not_found(key[0], key[1], key[3])
        return self.objects[key]


class MemoryTransport:
    def __init__(self, cluster: MemoryCluster) -> None:
        self.cluster = cluster

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Answer:
        await asyncio.sleep(0)
        cluster = self.cluster
        cluster.requests.append((method, path))
        _fail_if_told(cluster, method, path)
        if path in cluster.discovery:
            return Answer(200, cluster.discovery[path])
        group, version, plural, namespace, name, subresource = _parse(path)
        key = (group, plural, namespace, name)
        if method == "GET" and not name:
            return Answer(200, _listing(cluster, group, version, plural, namespace, query or {}))
        if method == "GET":
            return Answer(200, cluster._existing(key))
        if method == "POST" and not name:
            return Answer(201, cluster.create(group, version, plural, namespace, body))
        if method == "PUT":
            return Answer(200, cluster.replace(key, body, subresource))
        if method == "PATCH":
            return Answer(200, cluster.patch(key, body, content_type, subresource))
        if method == "DELETE" and name:
            return Answer(200, cluster.delete(key, body or {}))
        if method == "DELETE":
            return Answer(200, _delete_collection(cluster, group, plural, namespace, body or {}))
        raise errors.method_not_supported(group, plural, method.lower())

    async def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncIterator[WatchEvent]:
        cluster, query = self.cluster, query or {}
        cluster.requests.append(("WATCH", path))
        _fail_if_told(cluster, "WATCH", path)
        group, _, plural, namespace, _, _ = _parse(path)
        selector = parse_label_selector(query.get("labelSelector", ""))
        seen, cut = int(query.get("resourceVersion") or 0), cluster._cut
        if seen < cluster.compacted:
            yield WatchEvent("ERROR", errors.expired(f"too old resource version: {seen} ({cluster.compacted})").status())
            return
        while True:
            changed = cluster._changed
            for revision, type_, key, tree, old in [event for event in cluster.history if event[0] > seen]:
                seen = revision
                if key[:2] != (group, plural) or namespace not in ("", key[2]):
                    continue
                if (event := _selected(selector, type_, tree, old)) is not None:
                    yield event
            if cut != cluster._cut:
                return
            await changed.wait()

    async def close(self) -> None: ...


def _selected(selector: Any, type_: str, tree: Tree, old: Tree | None) -> WatchEvent | None:
    now = selector.matches(tree["metadata"].get("labels") or {})
    before = old is not None and selector.matches(old["metadata"].get("labels") or {})
    if type_ == "DELETED":
        return WatchEvent(type_, tree) if before else None
    if now:
        return WatchEvent("MODIFIED" if before else "ADDED", tree)
    return WatchEvent("DELETED", tree) if before else None


def _fail_if_told(cluster: MemoryCluster, method: str, path: str) -> None:
    for failure in cluster.failures:
        if failure[0] == method and failure[1] in path:
            cluster.failures.remove(failure)
            raise failure[2]


def _parse(path: str) -> tuple[str, str, str, str, str, str]:
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    else:
        group, version, rest = parts[1], parts[2], parts[3:]
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces" and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    rest += [""] * (3 - len(rest))
    return group, version, rest[0], namespace, rest[1], rest[2]


def _listing(cluster: MemoryCluster, group: str, version: str, plural: str, namespace: str, query: Mapping[str, str]) -> Tree:
    selector = parse_label_selector(query.get("labelSelector", ""))
    keys = sorted(key for key in cluster.objects if key[:2] == (group, plural) and namespace in ("", key[2]))
    items = [cluster.objects[key] for key in keys]
    items = [item for item in items if selector.matches(item["metadata"].get("labels") or {})]
    metadata: Tree = {"resourceVersion": str(cluster._revision)}
    start, limit = int(query.get("continue") or 0), int(query.get("limit") or 0)
    if limit and len(items) > start + limit:
        metadata["continue"] = str(start + limit)
    items = items[start : start + limit] if limit else items[start:]
    stripped = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
    api_version = f"{group}/{version}" if group else version
    return {"kind": KINDS.get(plural, plural.title()) + "List", "apiVersion": api_version, "metadata": metadata, "items": stripped}


def _delete_collection(cluster: MemoryCluster, group: str, plural: str, namespace: str, options: Tree) -> Tree:
    for key in [key for key in cluster.objects if key[:2] == (group, plural) and namespace in ("", key[2])]:
        cluster.delete(key, options)
    return errors.success()


def _merge(target: Any, patch: Any, strategic: bool) -> Any:
    """RFC 7386; with `strategic` also finalizers (a set) and ownerReferences (by uid), which is what the controllers send."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            merged[name] = [item for item in merged.get(name) or () if item not in value]
        elif strategic and key == "ownerReferences":
            merged[key] = _merge_by_uid(merged.get(key) or [], value)
        else:
            merged[key] = _merge(merged.get(key), value, strategic)
    return merged


def _merge_by_uid(present: list[Tree], patch: list[Tree]) -> list[Tree]:
    merged = {item["uid"]: item for item in present}
    for item in patch:
        if item.get("$patch") == "delete":
            merged.pop(item["uid"], None)
        else:
            merged[item["uid"]] = {**merged.get(item["uid"], {}), **item}
    return list(merged.values())
