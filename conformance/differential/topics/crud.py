"""Every stored resource: create, read in every form, update, patch, delete. One script a resource."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from conformance.differential.kinds import Kind, all_kinds, merged
from conformance.differential.script import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_META = "g=meta.k8s.io;v=v1,application/json"
TABLE, PARTIAL, PARTIAL_LIST = (f"application/json;as={form};{_META}" for form in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"))


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        yield Script("create", kind.title, partial(_create, kind))
        yield Script("read", kind.title, partial(_read, kind))
        yield Script("update", kind.title, partial(_update, kind))
        yield Script("patch", kind.title, partial(_patch, kind))
        yield Script("delete", kind.title, partial(_delete, kind))
        if "status" in kind.facts:
            yield Script("status", kind.title, partial(_status, kind))


def _selected(s: Session) -> str:
    return f"?labelSelector=diff%3D{s.mark}"


async def make(s: Session, kind: Kind, which: str = "one") -> str:
    """Creates an object without keeping the answer; its path."""
    tree = kind.object(which, s.mark, s.namespace)
    await s.quiet("POST", kind.path(s.namespace), tree)
    return await _settled(s, kind, which)


async def _settled(s: Session, kind: Kind, which: str = "one") -> str:
    path = f"{kind.path(s.namespace)}/{kind.object(which, s.mark, s.namespace)['metadata']['name']}"
    if kind.settles:
        await s.settle(path, "status.conditions")
    return path


async def clear(s: Session, kind: Kind) -> None:
    """Removes what a script may have left, so that the next one may use the names again."""
    if kind.namespaced:
        return
    for which in ("one", "two"):
        path = f"{kind.path(s.namespace)}/{kind.object(which, s.mark, s.namespace)['metadata']['name']}"
        await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
        await s.quiet("DELETE", path)
        if kind.settles:
            await s.gone(path)
        if which == "two":
            for name in ("Bad_Name!", "absent"):
                await s.quiet("DELETE", f"{kind.path(s.namespace)}/{name}")
        if kind.kind == "Namespace":
            await s.quiet("PUT", f"{path}/finalize", {"metadata": {"name": f"{s.mark}-{which}"}, "spec": {"finalizers": []}})


async def _create(kind: Kind, s: Session) -> None:
    root, tree = kind.path(s.namespace), kind.object("one", s.mark, s.namespace)
    await s.ask("POST", f"{root}?dryRun=All", tree)
    await s.ask("POST", root, tree)
    path = await _settled(s, kind)
    await s.ask("POST", root, tree, note="again")
    await s.ask("POST", f"{root}?dryRun=All", tree, note="again")
    await s.ask("POST", f"{root}?dryRun=All", _unnamed(tree) | {"metadata": {"generateName": "made-"}}, note="generated name")
    await s.ask("POST", root, _unnamed(tree), note="no name")
    await s.ask("POST", root, merged(tree, {"metadata": {"name": "Bad_Name!"}}), note="bad name")
    await s.ask("POST", root, {}, note="empty")
    await s.ask("POST", root, merged(tree, {"kind": "Wrong"}), note="wrong kind")
    await s.ask("POST", root, merged(tree, {"apiVersion": "wrong/v9"}), note="wrong version")
    two = kind.object("two", s.mark, s.namespace)
    unknown = merged(two, {"nonsense": 1, "metadata": {"nonsense": 2}})
    for directive in ("Strict", "Warn", "Ignore"):
        await s.ask("POST", f"{root}?dryRun=All&fieldValidation={directive}", unknown, note="unknown fields")
    await s.ask("POST", f"{root}?dryRun=All", merged(two, {"metadata": {"labels": []}}), note="wrong type")
    await s.ask("GET", path)
    await clear(s, kind)


def _unnamed(tree: Tree) -> Tree:
    return tree | {"metadata": {key: value for key, value in tree["metadata"].items() if key != "name"}}


async def _read(kind: Kind, s: Session) -> None:
    root, path = kind.path(s.namespace), await make(s, kind)
    for accept in (None, TABLE, PARTIAL, "application/yaml"):
        await s.ask("GET", path, Accept=accept)
    await s.ask("GET", f"{root}/missing")
    await make(s, kind, "two")
    for accept in (None, TABLE, PARTIAL_LIST, "application/yaml"):
        await s.ask("GET", root + _selected(s), Accept=accept)
    for policy in ("None", "Object"):
        await s.ask("GET", f"{root}{_selected(s)}&includeObject={policy}", Accept=TABLE)
    page = await s.ask("GET", f"{root}{_selected(s)}&limit=1")
    await s.ask("GET", f"{root}{_selected(s)}&limit=1&continue={page.at('metadata.continue')}")
    await s.ask("GET", f"{root}?labelSelector=diff%3Dnone")
    await s.ask("GET", f"{root}{_selected(s)}&fieldSelector=metadata.name%3D{path.rpartition('/')[2]}")
    await s.ask("GET", f"{root}?fieldSelector=spec.nonsense%3Dx")
    await clear(s, kind)


async def _update(kind: Kind, s: Session) -> None:
    root, path = kind.path(s.namespace), await make(s, kind)
    first = (await s.quiet("GET", path)).tree
    changed = merged(first, kind.facts["change"])
    await s.ask("PUT", f"{path}?dryRun=All", changed)
    await s.ask("PUT", path, changed)
    await _settled(s, kind)
    await s.ask("PUT", path, merged(changed, {"metadata": {"labels": {"stale": "true"}}}), note="stale")
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", path, current, note="nothing changed")
    await s.ask("PUT", path, merged(current, {"metadata": {"resourceVersion": None, "labels": {"more": "x"}}}), note="no resourceVersion")
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", path, merged(current, {"metadata": {"uid": "ffffffff-0000-0000-0000-000000000000"}}), note="other uid")
    await s.ask("PUT", path, merged(current, {"metadata": {"name": "other"}}), note="other name")
    await s.ask("PUT", path, merged(current, {"metadata": {"name": None}}), note="no name")
    await s.ask("PUT", path, merged(current, {"metadata": {"namespace": "other"}}), note="other namespace")
    await s.ask("PUT", path, merged(current, {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 77}}), note="system fields")
    await s.ask("PUT", path, merged(current, {"metadata": {"labels": {"bad label!": "x"}}}), note="bad label")
    await s.ask("PUT", path, merged(current, {"kind": "Wrong"}), note="wrong kind")
    for which in ("spec", "status", "data", "rules"):
        await s.ask("PUT", f"{path}?dryRun=All&fieldValidation=Ignore", merged(current, {which: {}}), note=f"empty {which}")
    absent = merged(kind.object("one", s.mark, s.namespace), {"metadata": {"name": "absent"}})
    await s.ask("PUT", f"{root}/absent?dryRun=All", absent, note="absent")
    await s.ask("PUT", f"{root}/absent", merged(absent, {"metadata": {"resourceVersion": "999999999"}}), note="absent")
    await clear(s, kind)


async def _patch(kind: Kind, s: Session) -> None:
    root, path = kind.path(s.namespace), await make(s, kind)
    add = [{"op": "add", "path": "/metadata/labels/json", "value": "x"}]
    await s.ask("PATCH", path, add, Content_Type=JSON_PATCH)
    await s.ask("PATCH", path, {"metadata": {"labels": {"merge": "x", "json": None}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"metadata": {"labels": {"strategic": "x"}, "finalizers": ["example.com/a"]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", path, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", path, kind.facts["change"], Content_Type=MERGE_PATCH, note="the change")
    await _settled(s, kind)
    await s.ask("PATCH", path, {}, Content_Type=MERGE_PATCH, note="nothing")
    await s.ask("PATCH", path, [{"op": "test", "path": "/metadata/name", "value": "other"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", path, [{"op": "remove", "path": "/metadata/nonsense"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", path, {"metadata": {"name": "other"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"metadata": {"resourceVersion": "999999999"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"metadata": {"labels": "text"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": {"dry": "run"}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?fieldValidation=Strict", {"nonsense": 1}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"nonsense": 1}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/missing", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"a": "b"}, Content_Type="application/json")
    await clear(s, kind)


async def _status(kind: Kind, s: Session) -> None:
    s.mark = "crud-status"  # upstream's own controllers leave alone names that changed a lot within a minute
    path = await make(s, kind)
    await s.ask("GET", f"{path}/status")
    current = (await s.quiet("GET", path)).tree
    status = merged(current, {"status": kind.facts["status"], "metadata": {"labels": {"via": "status"}, "annotations": {"via": "status"}}})
    await s.ask("PUT", f"{path}/status", merged(status, kind.facts["change"]))
    await _settled(s, kind)
    await s.ask("GET", path)
    await s.ask("PUT", f"{path}/status", status, note="stale")
    for media_type in (MERGE_PATCH, STRATEGIC_PATCH):
        await s.ask("PATCH", f"{path}/status", {"status": kind.facts["status"], "metadata": {"labels": {"patched": "x"}}}, Content_Type=media_type)
        await _settled(s, kind)
    await s.ask("PATCH", f"{path}/status", [{"op": "remove", "path": "/status"}], Content_Type=JSON_PATCH)
    await _settled(s, kind)
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", path, merged(current, {"status": kind.facts["status"]}), note="not through the subresource")
    await _settled(s, kind)
    await s.ask("GET", f"{path}/status", Accept=TABLE)
    await s.ask("DELETE", f"{path}/status")
    await clear(s, kind)


async def _delete(kind: Kind, s: Session) -> None:
    s.mark = "crud-delete"
    root, path = kind.path(s.namespace), await make(s, kind)
    await s.ask("DELETE", f"{root}/missing")
    await s.ask("DELETE", f"{path}?dryRun=All")
    await s.ask("DELETE", path, {"preconditions": {"uid": "ffffffff-0000-0000-0000-000000000000"}})
    await s.ask("DELETE", path, {"preconditions": {"resourceVersion": "999999999"}})
    await s.ask("DELETE", path, {"propagationPolicy": "Foreground"})
    if kind.kind == "CustomResourceDefinition":  # how long the server's own finalizer stays is nobody's to say
        await s.gone(path)
    await s.ask("GET", path)
    await s.ask("DELETE", path, {"propagationPolicy": "Background"}, note="while being deleted")
    await s.ask("PATCH", path, {"metadata": {"finalizers": ["example.com/new"]}}, Content_Type=MERGE_PATCH, note="while being deleted")
    await s.ask("PATCH", path, {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH, note="last finalizer")
    await s.ask("GET", path)
    await clear(s, kind)
    s.mark = "crud-orphan"
    path = await make(s, kind)
    await s.ask("DELETE", path, {"propagationPolicy": "Orphan"})
    await clear(s, kind)
    s.mark = "crud-now"
    path = await make(s, kind)
    await s.ask("DELETE", f"{path}?gracePeriodSeconds=0")
    await clear(s, kind)
    s.mark = "crud-all"
    await make(s, kind)
    await make(s, kind, "two")
    await s.ask("DELETE", root + _selected(s))
    await s.ask("GET", root + _selected(s))
    await clear(s, kind)
