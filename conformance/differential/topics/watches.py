"""Watches: what every resource sends, where a watch starts, selectors that objects come into and go out of, bookmarks, forms, errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from conformance.differential.kinds import Kind, all_kinds
from conformance.differential.script import MERGE_PATCH, Script, Session
from conformance.differential.topics.crud import clear, make

_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
_PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        if not kind.settles:
            yield Script("watch", kind.title, partial(_kind, kind))
    yield Script("watches", "starts", _starts, waits=True)
    yield Script("watches", "initial-events", _initial_events, waits=True)
    yield Script("watches", "selectors", _selectors)
    yield Script("watches", "forms", _forms, waits=True)
    yield Script("watches", "refusals", _refusals, waits=True)
    yield Script("watches", "paths", _paths, waits=True)
    yield Script("watches", "finalizers", _finalizers, waits=True)
    yield Script("watches", "bookmarks", _bookmarks, waits=True)
    yield Script("watches", "deletecollection", _delete_collection)
    yield Script("watches", "transitions", _transitions, waits=True, brief=True)
    yield Script("watches", "old-paths", _old_paths, waits=True)
    yield Script("watches", "timeouts", _timeouts, waits=True)


async def _kind(kind: Kind, s: Session) -> None:
    """ADDED, MODIFIED, DELETED of one object of the kind."""
    root = kind.path(s.namespace)
    revision = (await s.quiet("GET", f"{root}?labelSelector=diff%3Dcrud")).at("metadata.resourceVersion")
    async with s.watch(f"{root}?watch=true&labelSelector=diff%3Dcrud&resourceVersion={revision}") as watch:
        path = await make(s, kind)
        await s.quiet("PATCH", path, kind.facts["change"])
        await s.quiet("DELETE", f"{path}?gracePeriodSeconds=0")
        await clear(s, kind)
        await watch.take(3 if kind.kind != "Namespace" else 4)
    async with s.watch(f"{root}?watch=true&labelSelector=diff%3Dcrud&resourceVersion={revision}", Accept=_TABLE) as watch:
        await watch.take(1)


async def _starts(s: Session) -> None:
    """From now, from any state, from a revision, from the future, and with every match."""
    root = f"{s.core}/configmaps"
    first = (await s.quiet("POST", root, {"metadata": {"name": "a"}})).at("metadata.resourceVersion")
    await s.quiet("POST", root, {"metadata": {"name": "b"}})
    for revision in ("", "0", first, "1", "abc", "-1"):
        async with s.watch(f"{root}?watch=true&resourceVersion={revision}&timeoutSeconds=1") as watch:
            await watch.take(3, 0.3)
    for revision, match in product(("", "0", first), ("Exact", "NotOlderThan", "Wrong")):
        async with s.watch(f"{root}?watch=true&resourceVersion={revision}&resourceVersionMatch={match}") as watch:
            await watch.take(2, 0.3)
    async with s.watch(f"{root}?watch=true&limit=1&resourceVersion=0") as watch:
        await watch.take(2, 0.5)
    async with s.watch(f"{root}?watch=true&timeoutSeconds=1&resourceVersion=0") as watch:
        await watch.take(10, 3)
    async with s.watch(f"{root}?watch=true&resourceVersion=999999999&timeoutSeconds=1") as watch:
        await watch.take(1, 2)


async def _initial_events(s: Session) -> None:
    root = f"{s.core}/configmaps"
    first = (await s.quiet("POST", root, {"metadata": {"name": "a"}})).at("metadata.resourceVersion")
    await s.quiet("POST", root, {"metadata": {"name": "b"}})
    for send, revision, match, bookmarks in product(("true", "false"), ("", "0", first), ("", "NotOlderThan", "Exact"), ("true", "false")):
        query = f"watch=true&sendInitialEvents={send}&resourceVersion={revision}&resourceVersionMatch={match}&allowWatchBookmarks={bookmarks}"
        async with s.watch(f"{root}?{query}") as watch:
            await watch.take(3, 0.3 if (send, match, bookmarks) != ("true", "NotOlderThan", "true") else 4)
    for accept in (_TABLE, _PARTIAL):
        query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        async with s.watch(f"{root}?{query}", Accept=accept) as watch:
            await watch.take(3)
    async with s.watch(f"{root}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=999999999") as watch:
        await watch.take(1, 0.3)
    for kind in ("pods", "services", "serviceaccounts", "events"):
        query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        async with s.watch(f"{s.core}/{kind}?{query}") as watch:
            await watch.take(1)


async def _selectors(s: Session) -> None:
    """Objects come into and go out of sight."""
    root = f"{s.core}/configmaps"
    revision = (await s.quiet("GET", root)).at("metadata.resourceVersion")
    async with s.watch(f"{root}?watch=true&labelSelector=seen&resourceVersion={revision}") as watch:
        await s.quiet("POST", root, {"metadata": {"name": "a"}})
        await s.quiet("POST", root, {"metadata": {"name": "b", "labels": {"seen": "1"}}})
        await s.quiet("PATCH", f"{root}/a", {"metadata": {"labels": {"seen": "2"}}})
        await s.quiet("PATCH", f"{root}/a", {"data": {"x": "y"}})
        await s.quiet("PATCH", f"{root}/a", {"metadata": {"labels": {"seen": None}}})
        await s.quiet("DELETE", f"{root}/a")
        await s.quiet("DELETE", f"{root}/b")
        await watch.take(5)
    async with s.watch(f"{root}?watch=true&labelSelector=seen&resourceVersion={revision}", Accept=_TABLE) as watch:
        await watch.take(5)
    async with s.watch(f"{root}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion={revision}") as watch:
        await watch.take(2)
    async with s.watch(f"{root}?watch=true&fieldSelector=metadata.name!%3Db&resourceVersion={revision}") as watch:
        await watch.take(5)
    pods = f"{s.core}/pods"
    spec = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    async with s.watch(f"{pods}?watch=true&fieldSelector=status.phase%3DRunning&resourceVersion={revision}") as watch:
        await s.quiet("POST", pods, {"metadata": {"name": "p"}, "spec": spec})
        await s.quiet("PATCH", f"{pods}/p/status", {"status": {"phase": "Running"}})
        await s.quiet("PATCH", f"{pods}/p/status", {"status": {"phase": "Succeeded"}})
        await watch.take(2)


async def _forms(s: Session) -> None:
    root = f"{s.core}/configmaps"
    revision = (await s.quiet("GET", root)).at("metadata.resourceVersion")
    await s.quiet("POST", root, {"metadata": {"name": "a", "labels": {"l": "x"}}, "data": {"d": "1"}})
    await s.quiet("PATCH", f"{root}/a", {"data": {"d": "2"}})
    query = f"{root}?watch=true&resourceVersion={revision}"
    for accept in (
        _TABLE, _PARTIAL, f"{_TABLE},application/json", "application/json", "application/json;stream=watch", "application/yaml", "application/yaml,application/json", "*/*",
        "application/vnd.kubernetes.protobuf,application/json", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "text/html", "application/json;as=Table;g=meta.k8s.io;v=v1beta1",
    ):  # fmt: skip
        async with s.watch(query, Accept=accept) as watch:
            await watch.take(2, 1)
    for policy in ("None", "Metadata", "Object"):
        async with s.watch(f"{query}&includeObject={policy}", Accept=_TABLE) as watch:
            await watch.take(2)
    async with s.watch(f"{query}&pretty=true") as watch:
        await watch.take(2)
    async with s.watch(query, User_Agent="curl/8.0") as watch:
        await watch.take(2)


async def _refusals(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for query in (
        "labelSelector=a%20b", "fieldSelector=spec.x%3Dy", "timeoutSeconds=x", "limit=x", "sendInitialEvents=x", "continue=x", "resourceVersionMatch=NotOlderThan",
        "sendInitialEvents=true", "resourceVersion=abc", "resourceVersion=-1", "allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=Exact", "timeoutSeconds=-1",
    ):  # fmt: skip
        async with s.watch(f"{root}?watch=true&{query}") as watch:
            await watch.take(1, 0.3)
    for value in ("1", "TRUE", "yes", "", "false", "0", "f"):
        async with s.watch(f"{root}?watch={value}&timeoutSeconds=1") as watch:
            await watch.take(1, 1.5)
    for method in ("POST", "PUT", "DELETE"):
        await s.ask(method, f"{root}?watch=true&dryRun=All", {"metadata": {"name": "x"}} if method != "DELETE" else None)
    await s.ask("GET", "/api/v1/componentstatuses?watch=true")
    await s.ask("GET", f"/apis/authorization.k8s.io/v1/namespaces/{s.namespace}/localsubjectaccessreviews?watch=true")


async def _paths(s: Session) -> None:
    """One object, the old /watch/ paths, all namespaces."""
    root = f"{s.core}/configmaps"
    revision = (await s.quiet("GET", root)).at("metadata.resourceVersion")
    await s.quiet("POST", root, {"metadata": {"name": "a"}})
    await s.quiet("POST", root, {"metadata": {"name": "b"}})
    since = f"resourceVersion={revision}"
    for path in (
        f"{root}/a?watch=true&{since}", f"/api/v1/watch/namespaces/{s.namespace}/configmaps?{since}", f"/api/v1/watch/namespaces/{s.namespace}/configmaps/a?{since}",
        f"/api/v1/configmaps?watch=true&{since}&fieldSelector=metadata.namespace%3D{s.namespace}", f"{root}?watch=true&{since}&fieldSelector=metadata.name%3Da",
        f"{root}/a?watch=true&fieldSelector=metadata.name%3Db", f"/api/v1/watch/namespaces/{s.namespace}?resourceVersion=0", f"{root}/missing?watch=true&{since}",
        f"/api/v1/watch/namespaces/{s.namespace}/nonsense", "/apis/apps/v1/watch/deployments?labelSelector=none",
    ):  # fmt: skip
        async with s.watch(path) as watch:
            await watch.take(2, 0.4)


async def _finalizers(s: Session) -> None:
    root = f"{s.core}/configmaps"
    revision = (await s.quiet("GET", root)).at("metadata.resourceVersion")
    async with s.watch(f"{root}?watch=true&resourceVersion={revision}") as watch:
        await s.quiet("POST", root, {"metadata": {"name": "held", "finalizers": ["example.com/a"]}})
        await s.quiet("DELETE", f"{root}/held")
        await s.quiet("PATCH", f"{root}/held", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
        await s.quiet("POST", root, {"metadata": {"name": "fg"}})
        await s.quiet("DELETE", f"{root}/fg", {"propagationPolicy": "Foreground"})
        await s.quiet("PATCH", f"{root}/fg", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
        await watch.take(6)
    pods = f"{s.core}/pods"
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "n", "automountServiceAccountToken": False}
    async with s.watch(f"{pods}?watch=true&resourceVersion={revision}") as watch:
        await s.quiet("POST", pods, {"metadata": {"name": "p"}, "spec": spec})
        await s.quiet("DELETE", f"{pods}/p")
        await s.quiet("DELETE", f"{pods}/p", {"gracePeriodSeconds": 5})
        await s.quiet("DELETE", f"{pods}/p", {"gracePeriodSeconds": 0})
        await watch.take(5, 1)


async def _bookmarks(s: Session) -> None:
    """One shortly before the watch ends."""
    root = f"{s.core}/configmaps"
    async with s.watch(f"{root}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3") as watch:
        await watch.take(1, 4)


async def _delete_collection(s: Session) -> None:
    root = f"{s.core}/configmaps"
    revision = (await s.quiet("GET", root)).at("metadata.resourceVersion")
    async with s.watch(f"{root}?watch=true&resourceVersion={revision}") as watch:
        for name in ("a", "b", "c"):
            await s.quiet("POST", root, {"metadata": {"name": name}})
        await s.quiet("DELETE", f"{root}?fieldSelector=metadata.name%3Db")
        await watch.take(4)


async def _transitions(s: Session) -> None:
    """A pod's life as every selector sees it, afterwards."""
    pods = f"{s.core}/pods"
    revision = (await s.quiet("GET", pods)).at("metadata.resourceVersion")
    spec = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    await s.quiet("POST", pods, {"metadata": {"name": "p", "labels": {"a": "1"}}, "spec": spec})
    await s.quiet("PATCH", f"{pods}/p", {"metadata": {"labels": {"a": "2"}}})
    await s.quiet("POST", f"{pods}/p/binding", {"target": {"name": "n1"}})
    await s.quiet("PATCH", f"{pods}/p/status", {"status": {"phase": "Running"}})
    await s.quiet("PATCH", f"{pods}/p", {"metadata": {"labels": {"a": "1"}, "finalizers": ["example.com/x"]}})
    await s.quiet("DELETE", f"{pods}/p")
    await s.quiet("PATCH", f"{pods}/p", {"metadata": {"labels": {"a": None}}})
    await s.quiet("DELETE", f"{pods}/p", {"gracePeriodSeconds": 0})
    await s.quiet("PATCH", f"{pods}/p", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
    for selector in (
        "labelSelector=a%3D1", "labelSelector=!a", "labelSelector=a!%3D1", "labelSelector=a+in+(1,2)", "fieldSelector=spec.nodeName%3Dn1", "fieldSelector=spec.nodeName%3D",
        "fieldSelector=status.phase!%3DRunning", "fieldSelector=metadata.name%3Dp&labelSelector=a%3D1", "labelSelector=a%3D1&fieldSelector=spec.nodeName%3Dn1",
    ):  # fmt: skip
        for path, accept in product((f"{pods}?watch=1&", f"/api/v1/watch/namespaces/{s.namespace}/pods?", f"/api/v1/watch/namespaces/{s.namespace}/pods/p?", f"{pods}/p?watch=1&"), (None, _TABLE)):
            async with s.watch(f"{path}resourceVersion={revision}&{selector}", Accept=accept) as watch:
                await watch.take(14, 0.3)


async def _old_paths(s: Session) -> None:
    await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": "a"}})
    old = f"/api/v1/watch/namespaces/{s.namespace}"
    for path in (
        f"{old}/configmaps/a", f"{old}/configmaps/absent", f"{old}/bindings", f"{old}/configmaps/a?fieldSelector=metadata.name%3Db", f"{old}/configmaps/a?labelSelector=none",
        "/api/v1/watch/componentstatuses", "/api/v1/watch/configmaps/a", "/api/v1/watch/watch/pods", "/apis/apps/v9/watch/deployments", "/apis/nope/v1/watch/x",
    ):  # fmt: skip
        async with s.watch(f"{path}{'&' if '?' in path else '?'}resourceVersion=0&timeoutSeconds=1") as watch:
            await watch.take(2, 0.5)
        for method in ("POST", "PUT", "DELETE"):
            if "/watch/watch" not in path:
                await s.ask(method, path, {} if method != "DELETE" else None)


async def _timeouts(s: Session) -> None:
    """Watches that are over when they begin."""
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "a"}})
    for seconds in ("-1", "9223372036854775807", "1"):
        async with s.watch(f"{root}?watch=1&timeoutSeconds={seconds}&resourceVersion=0") as watch:
            await watch.take(2, 2)
