"""Deletion: options in the body and in the query, grace of pods, propagation and finalizers, preconditions, collections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from conformance.differential.script import JSON_PATCH, MERGE_PATCH, Script, Session, Tree

_POD: Tree = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
_UNREADABLE = "ignoreStoreReadErrorWithClusterBreakingPotential"
_OPTIONS: tuple[Any, ...] = (
    {}, {"kind": "DeleteOptions"}, {"kind": "DeleteOptions", "apiVersion": "v1"}, {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"},
    {"kind": "DeleteOptions", "apiVersion": "apps/v1"}, {"kind": "DeleteOptions", "apiVersion": "nope/v1"}, {"kind": "DeleteOptions", "apiVersion": "a/b/c"},
    {"apiVersion": "x/y"}, {"kind": "Pod", "apiVersion": "v1"}, {"kind": "Eviction", "apiVersion": "policy/v1"}, {"kind": "Nope"}, {"kind": 1}, {"apiVersion": 1},
    {"gracePeriodSeconds": "1"}, {"gracePeriodSeconds": 1.5}, {"gracePeriodSeconds": True}, {"gracePeriodSeconds": -1}, {"gracePeriodSeconds": 0},
    {"propagationPolicy": "x"}, {"propagationPolicy": ""}, {"propagationPolicy": 1}, {"propagationPolicy": "Orphan", "orphanDependents": True},
    {"propagationPolicy": "x", "orphanDependents": False}, {"orphanDependents": "true"}, {"orphanDependents": 1}, {"orphanDependents": False},
    {"preconditions": {}}, {"preconditions": []}, {"preconditions": {"uid": "x"}}, {"preconditions": {"uid": ""}}, {"preconditions": {"uid": 1}},
    {"preconditions": {"resourceVersion": "x"}}, {"preconditions": {"uid": "x", "resourceVersion": "x"}}, {"preconditions": {"UID": "x"}},
    {"dryRun": ["x"]}, {"dryRun": "All"}, {"dryRun": ["All", "All"]}, {"dryRun": ["All", "x"]}, {"dryRun": [""]}, {"dryRun": [1]}, {"dryRun": ["x", "y"]},
    {_UNREADABLE: True}, {_UNREADABLE: False}, {_UNREADABLE: "true"}, {_UNREADABLE: True, "gracePeriodSeconds": 0}, {_UNREADABLE: True, "preconditions": {}},
    {_UNREADABLE: True, "gracePeriodSeconds": 0, "orphanDependents": False, "propagationPolicy": "x", "preconditions": {"uid": "1"}, "dryRun": ["q"]},
    {"nope": 1}, {"GracePeriodSeconds": 5}, {"propagationPolicy": "x", "dryRun": ["y"]}, [], "x", 1,
)  # fmt: skip
_QUERIES = (
    "dryRun=", "dryRun=x", "dryRun=All&dryRun=x", "dryRun=All,All", "dryRun", "gracePeriodSeconds=x", "gracePeriodSeconds=", "gracePeriodSeconds=-5",
    "gracePeriodSeconds=99999999999999999999", "propagationPolicy=x", "propagationPolicy=", "propagationPolicy=Orphan&orphanDependents=true", "orphanDependents=x",
    "orphanDependents=", "orphanDependents=0", "propagationPolicy=Foreground", "uid=x", "preconditions.uid=x", f"{_UNREADABLE}=true", f"{_UNREADABLE}=",
    f"{_UNREADABLE}=false", "kind=x", "fieldValidation=x", "limit=x", "labelSelector=%20x%20y", "watch=true", "continue=x", "sendInitialEvents=true", "limit=1",
    "resourceVersion=0", "resourceVersion=0&resourceVersionMatch=Exact",
)  # fmt: skip
_BODIES = (
    (b"null", "application/json"), (b" ", "application/json"), (b"{", "application/json"), (b"{}x", "application/json"), (b"dryRun: [All]", "application/yaml"),
    (b"a: b: c", "application/yaml"), (b"dryRun: All", "application/yaml"), (b"", "application/yaml"), (b"{}", "text/plain"), (b"{}", "application/merge-patch+json"),
    (b"{}", "application/vnd.kubernetes.protobuf"), (b"k8s\x00", "application/vnd.kubernetes.protobuf"), (b"", "text/plain"),
    (b'{"dryRun":["All"],"dryRun":["All"]}', "application/json"), (b'{"dryRun":["All"]}', "application/json;x="), (b'{"dryRun":["All"]}', "APPLICATION/JSON"),
)  # fmt: skip


def scripts() -> Iterator[Script]:
    yield Script("deletion", "options", _options, brief=True)
    yield Script("deletion", "query", _query, brief=True)
    yield Script("deletion", "propagation", _propagation, brief=True)
    yield Script("deletion", "pods", _pods, brief=True)
    yield Script("deletion", "preconditions", _preconditions)
    yield Script("deletion", "finalizers", _finalizers)
    yield Script("deletion", "collections", _collections)


async def _make(s: Session, name: str, **metadata: Any) -> str:
    await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": name, **metadata}})
    return f"{s.core}/configmaps/{name}"


async def _options(s: Session) -> None:
    url = await _make(s, "a")
    for options in _OPTIONS:
        note = json.dumps(options)
        await s.ask("DELETE", f"{url}?dryRun=All", options if options == [] or not isinstance(options, dict) else {"dryRun": ["All"], **options}, note=note)
        await s.ask("DELETE", f"{s.core}/configmaps", {"dryRun": ["All"], **options} if isinstance(options, dict) else options, note=note)
    for body, content_type in _BODIES:
        for path in (url, f"{s.core}/configmaps"):
            await s.ask("DELETE", f"{path}?dryRun=All", body, note=f"{body!r} {content_type}", Content_Type=content_type)
        await _make(s, "a")


async def _query(s: Session) -> None:
    url = await _make(s, "a")
    for query in _QUERIES:
        dry = query if query.startswith("dryRun") else f"{query}&dryRun=All"
        for path in (url, f"{s.core}/configmaps", f"{s.core}/pods"):
            await s.ask("DELETE", f"{path}?{dry}")
            await _make(s, "a")
        await s.ask("DELETE", f"{url}?{dry}", {"dryRun": ["All"], "propagationPolicy": "Orphan"}, note="and a body")


async def _propagation(s: Session) -> None:
    """What each policy makes of finalizers that are there, once and again."""
    policies = (None, {"propagationPolicy": "Orphan"}, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Background"}, {"orphanDependents": True}, {"orphanDependents": False})
    held = ([], ["orphan"], ["foregroundDeletion"], ["orphan", "foregroundDeletion"], ["example.com/x"], ["example.com/x", "orphan"])
    kinds = (("configmaps", {}), ("pods", {"spec": _POD}), ("replicationcontrollers", {"spec": {"selector": {"a": "b"}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": _POD}}}))
    for (kind, body), (number, (finalizers, options)) in product(kinds, enumerate(product(held, policies))):
        root, url = f"{s.core}/{kind}", f"{s.core}/{kind}/o{number}"
        await s.quiet("POST", root, {"metadata": {"name": f"o{number}", "finalizers": finalizers}, **body})
        for again in (options, options, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Background"}):
            await s.ask("DELETE", url, again, note=f"{finalizers} {again}")
        await s.ask("PATCH", url, {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
        await s.quiet("DELETE", f"{url}?gracePeriodSeconds=0")


async def _pods(s: Session) -> None:
    """Bound or not, running or done, held or not, with every kind of grace; then again with less and more."""
    root, bound = f"{s.core}/pods", {"nodeName": "n"}
    specs: tuple[Tree, ...] = ({}, bound, {**bound, "terminationGracePeriodSeconds": 0}, {**bound, "terminationGracePeriodSeconds": 1})
    cases = product(specs, (None, "Running", "Failed"), ([], ["example.com/x"]), (None, 0, 1, -5, 60, 9223372036854775807))
    for number, (spec, phase, finalizers, grace) in enumerate(cases):
        url, note = f"{root}/p{number}", f"{spec} {phase} {finalizers}"
        await s.quiet("POST", root, {"metadata": {"name": f"p{number}", "finalizers": finalizers}, "spec": {**_POD, **spec}})
        if phase:
            await s.quiet("PATCH", f"{url}/status", {"status": {"phase": phase}})
        for seconds in (grace, None, 5, 40, 0):
            await s.ask("DELETE", url, None if seconds is None else {"gracePeriodSeconds": seconds}, note=f"{note} {seconds}")
        await s.quiet("PATCH", url, {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)


async def _preconditions(s: Session) -> None:
    bodies: dict[str, Tree] = {"pods": {"spec": _POD}, "services": {"spec": {"ports": [{"port": 1}]}}, "events": {"involvedObject": {"namespace": s.namespace}}}
    for root in (f"{s.core}/configmaps", f"{s.core}/pods", f"{s.core}/services", f"{s.core}/events", "/api/v1/namespaces", "/api/v1/nodes"):
        kind, name = root.rsplit("/", 1)[1], f"x-{s.slug}"
        made = await s.quiet("POST", root, {"metadata": {"name": name}, **bodies.get(kind, {})})
        uid, revision = made.at("metadata.uid"), made.at("metadata.resourceVersion")
        for wanted in (("x", None), ("", None), (None, "999999999"), (None, ""), (uid, "999999999"), ("x", revision), ("x", "999999999")):
            given = {name: value for name, value in zip(("uid", "resourceVersion"), wanted, strict=True) if value is not None}
            for dry in ({}, {"dryRun": ["All"]}):
                await s.ask("DELETE", f"{root}/{name}", {"preconditions": given, **dry})
            if kind != "namespaces":
                await s.ask("DELETE", f"{root}?fieldSelector=metadata.name={name}", {"preconditions": given})
        await s.ask("DELETE", f"{root}/{name}", {"preconditions": {"uid": uid, "resourceVersion": revision}, "gracePeriodSeconds": 0})
        await s.ask("DELETE", f"{root}/{name}-absent", {"preconditions": {"uid": "x"}})
        await s.quiet("PUT", f"{root}/{name}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": []}})


async def _finalizers(s: Session) -> None:
    """What may be changed in an object that is being deleted."""
    root = f"{s.core}/configmaps"
    for name in ("x", "example.com/x", "a b/x", "/x", "orphan", "kubernetes", "UP/x", f"example.com/{'x' * 64}", "example.com/a/b", ""):
        await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "f", "finalizers": [name]}}, note=name)
    url = await _make(s, "h", finalizers=["example.com/a", "example.com/b"])
    await s.ask("PATCH", url, {"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}})
    await s.ask("DELETE", url)
    for change in (
        {"finalizers": ["example.com/a", "example.com/b", "example.com/c"]}, {"finalizers": ["example.com/c"]}, {"finalizers": ["example.com/b", "example.com/a"]},
        {"labels": {"x": "y"}}, {"deletionTimestamp": None}, {"deletionTimestamp": "2020-01-01T00:00:00Z"}, {"deletionGracePeriodSeconds": None},
        {"deletionGracePeriodSeconds": 30}, {"finalizers": ["example.com/b"]}, {"uid": "x"}, {"creationTimestamp": None},
    ):  # fmt: skip
        await s.ask("PATCH", url, {"metadata": change}, note=json.dumps(change), Content_Type=MERGE_PATCH)
    await s.ask("PATCH", url, {"data": {"a": "b"}})
    await s.ask("POST", root, {"metadata": {"name": "h"}})
    for options in (None, {"propagationPolicy": "Foreground"}, {"gracePeriodSeconds": 0}):
        await s.ask("DELETE", url, options)
    await s.ask("PATCH", url, [{"op": "remove", "path": "/metadata/finalizers/1"}, {"op": "remove", "path": "/metadata/finalizers/0"}], Content_Type=JSON_PATCH)
    await s.ask("GET", url)
    await s.ask("POST", root, {"metadata": {"name": "t", "deletionTimestamp": "2020-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3, "selfLink": "x"}})


async def _collections(s: Session) -> None:
    root = f"{s.core}/configmaps"
    asked: tuple[tuple[str, Tree | None], ...] = (
        ("limit=2", None), ("labelSelector=m%3D1", None), ("labelSelector=m%3D1&limit=1", None), ("fieldSelector=metadata.name%3Dc2", None), ("resourceVersion=0", None),
        ("resourceVersionMatch=Exact", None), ("limit=2&resourceVersion=0", None), ("", {"propagationPolicy": "Foreground"}), ("", {"orphanDependents": True}),
        ("", {"dryRun": ["All"]}), ("", {"preconditions": {"uid": "x"}}), ("", {_UNREADABLE: True}), ("", None),
    )  # fmt: skip
    for query, options in asked:
        for number in range(5):
            await _make(s, f"c{number}", labels={"m": str(number % 2)}, **({"finalizers": ["example.com/x"]} if number == 3 else {}))
        await s.ask("DELETE", f"{root}?{query}", options)
        await s.ask("GET", root)
        for number in range(5):
            await s.quiet("PATCH", f"{root}/c{number}", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
        await s.quiet("DELETE", root)
    pods = f"{s.core}/pods"
    for options in (None, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 7}, {"propagationPolicy": "Foreground"}):
        for number in range(3):
            await s.quiet("POST", pods, {"metadata": {"name": f"p{number}"}, "spec": {**_POD, **({"nodeName": "n"} if number else {})}})
        await s.ask("DELETE", pods, options)
        await s.ask("DELETE", pods, options)
        for number in range(3):
            await s.quiet("PATCH", f"{pods}/p{number}", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
            await s.quiet("DELETE", f"{pods}/p{number}?gracePeriodSeconds=0")
    for path in ("/api/v1/configmaps", "/api/v1/namespaces", f"{s.core}/services", f"{s.core}/pods/x/log", "/api/v1/componentstatuses", f"{s.core}/bindings", "/api/v1/namespaces//configmaps"):
        await s.ask("DELETE", f"{path}?labelSelector=none")
