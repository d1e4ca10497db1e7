"""Extracted calls as requests: which object is created or updated, and where. Called by asking.py.

A call with one object is a create; with a new and an old one an update of the old one, of the subresource that the function is about. Parts
of objects are put into whole ones (parts.yaml).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from conformance.differential.kinds import Kind, all_kinds, merged
from conformance.validation.extract import CASES
from kcompat.registry.catalog import default_catalog

Tree = dict[str, Any]
NAMESPACE = "cases"
UID = "0c0c0c0c-0000-4000-8000-%012x"
_SUBRESOURCES = {
    "EphemeralContainers": "ephemeralcontainers", "PodResize": "resize", "Approval": "approval", "Finalize": "finalize", "Status": "status",
}  # fmt: skip
_OF_SUBRESOURCES = {
    "authentication.k8s.io/v1/TokenRequest": ("v1/ServiceAccount", "POST", "token"),
    "autoscaling/v1/Scale": ("apps/v1/Deployment", "PUT", "scale"),
    "v1/Binding": ("v1/Pod", "POST", "binding"),
    "v1/PodLogOptions": ("v1/Pod", "GET", "log"),
}
"""Objects that are no resources: of which kind, and how they are sent."""
_PACKAGE = re.compile("^(kubernetes|apiextensions-apiserver)_(pkg_apis_)?")
_REVIEWS = {
    "authorization.k8s.io/v1/SubjectAccessReview": "subjectaccessreviews",
    "authorization.k8s.io/v1/SelfSubjectAccessReview": "selfsubjectaccessreviews",
    "authorization.k8s.io/v1/LocalSubjectAccessReview": f"namespaces/{NAMESPACE}/localsubjectaccessreviews",
    "authorization/v1.SubjectAccessReviewSpec": "subjectaccessreviews",
    "authorization/v1.SelfSubjectAccessReviewSpec": "selfsubjectaccessreviews",
}


@dataclass(frozen=True)
class Case:
    """A request. `old`: the object that is stored first, under `key`."""

    test: str
    method: str
    path: str
    body: Tree
    key: str = ""
    old: Tree | None = None
    content_type: str | None = None


@cache
def kinds() -> dict[str, Kind]:
    """By `GROUP/VERSION/Kind` as Go writes it."""
    return {f"{kind.api_version}/{kind.kind}": kind for kind in all_kinds()}


@cache
def _parts() -> dict[str, Tree]:
    return yaml.safe_load((Path(__file__).parent / "parts.yaml").read_text())  # type: ignore[no-any-return]


@cache
def _stores() -> dict[str, str]:
    catalog = default_catalog()
    return {f"{r.group}/{r.version}/{r.name}".lstrip("/"): catalog.store_prefix(r) for r in catalog}


def calls(chosen: str = "") -> Iterator[tuple[str, Tree]]:
    """(package, call) of everything extracted whose package has `chosen` in it, each call once."""
    for file in sorted(CASES.glob("*.jsonl")):
        package = (
            file.stem.removeprefix("kubernetes_")
            .removeprefix("pkg_apis_")
            .removeprefix("apiextensions-apiserver_pkg_apis_")
            .replace("test_declarative_validation_", "declarative/")
        )
        if chosen in package:
            for line in dict.fromkeys(file.read_text().splitlines()):
                yield package.removesuffix("_validation"), json.loads(line)


def case(call: Tree, number: int) -> Case | None:
    """None: a part that no whole object is known for."""
    function, parts = call["function"], call["parts"]
    if parts[0]["type"] in _REVIEWS:
        return _review(call)
    if parts[0]["type"] in _OF_SUBRESOURCES:
        return _of_subresource(call, number)
    if parts[0]["type"] in kinds():
        kind = kinds()[parts[0]["type"]]
        second = parts[1] if len(parts) > 1 and parts[1]["type"] == parts[0]["type"] else None
        new = parts[0]["given"]
        if second is None:
            return _create(call["test"], kind, new)
        return _update(call["test"], kind, new, second["defaulted"], _subresource(function, call["test"]), number)
    place = _parts().get(function) or _parts().get(parts[0]["type"])
    return _whole(call, place, number) if place else None


def _subresource(function: str, test: str) -> str:
    named = test if function.startswith("Verify") else function
    return next((path for word, path in _SUBRESOURCES.items() if word in named), "")


def _review(call: Tree) -> Case:
    part = call["parts"][0]
    body = part["given"] if part["type"].count("/") == 2 else {"spec": part["given"]}
    return Case(call["test"], "POST", f"/apis/authorization.k8s.io/v1/{_REVIEWS[part['type']]}", placed(body, None))


def _of_subresource(call: Tree, number: int) -> Case:
    """To an object of the kind that has the subresource; options are the query."""
    part = call["parts"][0]
    holder, method, name = _OF_SUBRESOURCES[part["type"]]
    kind = kinds()[holder]
    key, old = stored(kind, kind.object("one", "part", NAMESPACE), number)
    path = f"{kind.path(NAMESPACE)}/{old['metadata']['name']}/{name}?dryRun=All"
    if method == "GET":
        options = {name: str(value).lower() if isinstance(value, bool) else value for name, value in part["given"].items()}
        return Case(call["test"], method, path.partition("?")[0] + f"?{urlencode(options)}", {}, key, old)
    api_version, _, own = part["type"].rpartition("/")
    body = {"apiVersion": api_version, "kind": own, **placed(part["given"], kind)}
    body["metadata"] = body["metadata"] | {"name": old["metadata"]["name"]}
    return Case(call["test"], method, path, body, key, old)


def _create(test: str, kind: Kind, new: Tree) -> Case:
    return Case(test, "POST", f"{kind.path(NAMESPACE)}?dryRun=All", placed(new, kind))


def _update(test: str, kind: Kind, new: Tree, old: Tree, subresource: str, number: int) -> Case:
    given = (old.get("metadata") or {}).get("uid", "")
    key, old = stored(kind, old, number)
    name = old["metadata"]["name"]
    new = placed(new, kind)
    metadata = {k: v for k, v in new["metadata"].items() if k not in ("resourceVersion", "uid", "creationTimestamp")}
    if new["metadata"].get("uid", "") != given and new["metadata"].get("uid"):
        metadata["uid"] = new["metadata"]["uid"]
    new["metadata"] = {"name": name} | metadata
    path = f"{kind.path(NAMESPACE)}/{name}" + (f"/{subresource}" if subresource else "")
    return Case(test, "PUT", f"{path}?dryRun=All", new, key, old)


def stored(kind: Kind, tree: Tree, number: int) -> tuple[str, Tree]:
    """Where an object is in the store, and what to put there."""
    old = placed(tree, kind) | {"kind": kind.kind, "apiVersion": kind.api_version}
    name = old["metadata"].get("name") or "unnamed"
    old["metadata"] |= {"name": name, "uid": UID % number, "creationTimestamp": "2020-01-02T03:04:05Z"}
    return _key(kind, name), old


def _key(kind: Kind, name: str) -> str:
    prefix = _stores()[f"{kind.api_version}/{kind.resource}"]
    return f"{prefix}/{NAMESPACE}/{name}" if kind.namespaced else f"{prefix}/{name}"


def placed(tree: Tree, kind: Kind | None) -> Tree:
    """In the namespace of the cases, with nothing that only a server gives."""
    placed = copy.deepcopy(tree)
    metadata = placed.setdefault("metadata", {})
    for name in ("resourceVersion", "namespace"):
        metadata.pop(name, None)
    for name in [name for name, value in metadata.items() if value is None]:
        del metadata[name]
    if kind is not None and kind.namespaced:
        metadata["namespace"] = NAMESPACE
        if kind.kind == "Event":
            for reference in ("involvedObject", "regarding"):
                if isinstance(placed.get(reference), dict) and "namespace" in placed[reference]:
                    placed[reference]["namespace"] = NAMESPACE
    return placed


def _whole(call: Tree, place: Tree, number: int) -> Case:
    kind = next(kind for kind in all_kinds() if f"{kind.api_version}/{kind.resource}" == place["of"])
    base = merged(kind.object("one", "part", NAMESPACE), place.get("with", {}))
    parts = call["parts"]
    for part in parts[1:]:
        beside = _BESIDE.get(part["name"])
        if beside and part["type"] != parts[0]["type"]:
            base = _put(base, beside.split("."), part["given"])
    whole = _put(base, place["at"].split("."), parts[0]["given"])
    if not place.get("status"):
        return _create(call["test"], kind, whole)
    old = parts[1]["given"] if len(parts) > 1 and parts[1]["type"] == parts[0]["type"] else None
    return _update(call["test"], kind, whole, _put(base, place["at"].split("."), old) if old else base, "status", number)


_BESIDE = {
    "podMeta": "metadata", "objectMeta": "metadata", "podSpec": "spec", "spec": "spec", "containers": "spec.containers", "os": "spec.os",
    "initContainers": "spec.initContainers", "regularContainers": "spec.containers", "podStatus": "status", "container": "spec.containers.0",
}  # fmt: skip


def _put(tree: Any, path: list[str], value: Any) -> Any:
    """A copy with the value at the path, merged over what is there when both are objects."""
    if not path:
        return merged(tree, value) if isinstance(tree, dict) and isinstance(value, dict) else value
    step, rest = path[0], path[1:]
    if step.isdigit():
        items = list(tree or [{}])
        items[int(step)] = _put(items[int(step)], rest, value)
        return items
    return {**(tree or {}), step: _put((tree or {}).get(step), rest, value)}
