"""Every stored resource with all its fields at once, and with none that is not required: through every way of writing and reading. One script a resource."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from conformance.differential.kinds import Kind, all_kinds, merged
from conformance.differential.script import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_MARK = "full"
_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
_PROTOBUF = "application/vnd.kubernetes.protobuf"


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        yield Script("full", kind.title, partial(_full, kind))
        yield Script("minimal", kind.title, partial(_minimal, kind))


async def _full(kind: Kind, s: Session) -> None:
    first, *others = kind.full(_MARK, s.namespace)
    await _written(kind, s, first)
    await _applied(kind, s, first)
    for other in others:
        await s.ask("POST", kind.path(s.namespace), other)
        await s.ask("GET", _path(kind, s, other), Accept=_PROTOBUF)
        await _gone(kind, s, other)


async def _minimal(kind: Kind, s: Session) -> None:
    tree = kind.minimal(_MARK, s.namespace)
    await _written(kind, s, tree)
    await s.ask("PATCH", f"{_path(kind, s, tree)}?fieldManager=m", tree, Content_Type=APPLY_PATCH)
    await _gone(kind, s, tree)


def _path(kind: Kind, s: Session, tree: Tree) -> str:
    return f"{kind.path(s.namespace)}/{tree['metadata']['name']}"


async def _written(kind: Kind, s: Session, tree: Tree) -> None:
    """Created, read in every form, changed, given a status, deleted."""
    root, path = kind.path(s.namespace), _path(kind, s, tree)
    await s.ask("POST", f"{root}?dryRun=All&fieldValidation=Strict", tree)
    await s.ask("POST", root, tree)
    if kind.settles:
        await s.settle(path, "status.conditions")
    for accept in (None, _PROTOBUF, "application/yaml", _TABLE):
        await s.ask("GET", path, Accept=accept)
    await s.ask("GET", f"{path}?pretty=true")
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", path, merged(current, {"metadata": {"labels": {"put": "x"}}}))
    await s.ask("PUT", f"{path}?dryRun=All", merged(current, {"metadata": {"resourceVersion": None}, **kind.facts["change"]}), note="the change")
    await s.ask("PUT", f"{path}?dryRun=All", merged(tree, {"metadata": {"resourceVersion": None}}), note="as it was sent")
    for media_type in (MERGE_PATCH, STRATEGIC_PATCH):
        await s.ask("PATCH", path, {"metadata": {"labels": {"by": media_type[12:17]}}}, Content_Type=media_type)
    await s.ask("PATCH", path, [{"op": "add", "path": "/metadata/annotations", "value": {"json": "patch"}}], Content_Type=JSON_PATCH)
    if kind.full_status is not None and not kind.settles:
        await _with_status(kind, s, path)
    await _gone(kind, s, tree)


async def _with_status(kind: Kind, s: Session, path: str) -> None:
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", f"{path}/status", merged(current, {"status": kind.full_status}))
    await s.ask("GET", path, Accept=_TABLE)
    await s.ask("GET", f"{path}/status", Accept=_PROTOBUF)
    await s.ask("PATCH", f"{path}/status?fieldManager=applier&force=true", {"apiVersion": kind.api_version, "kind": kind.kind, "status": kind.full_status}, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}/status", {"status": None}, Content_Type=MERGE_PATCH)


async def _applied(kind: Kind, s: Session, tree: Tree) -> None:
    """Created by server-side apply, applied by another, reduced by the first."""
    path = _path(kind, s, tree)
    applied = merged(tree, {"metadata": {"generateName": None}})
    await s.ask("PATCH", f"{path}?fieldManager=one&dryRun=All", applied, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}?fieldManager=one", applied, Content_Type=APPLY_PATCH)
    if kind.settles:
        await s.settle(path, "status.conditions")
    await s.ask("PATCH", f"{path}?fieldManager=one", applied, Content_Type=APPLY_PATCH, note="again")
    await s.ask("PATCH", f"{path}?fieldManager=two", merged(applied, {"metadata": {"labels": {"a": "z"}}}), Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}?fieldManager=two&force=true", merged(applied, {"metadata": {"labels": {"a": "z"}}}), Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}?fieldManager=one", kind.minimal(_MARK, s.namespace) | {"metadata": {"name": tree["metadata"]["name"]}}, Content_Type=APPLY_PATCH, note="less")
    await _gone(kind, s, tree)


async def _gone(kind: Kind, s: Session, tree: Tree) -> None:
    path = _path(kind, s, tree)
    await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
    await s.ask("DELETE", f"{path}?gracePeriodSeconds=0")
    await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
    if kind.kind == "Namespace":
        await s.quiet("PUT", f"{path}/finalize", {"metadata": {"name": tree["metadata"]["name"]}, "spec": {"finalizers": []}})
    if kind.settles or kind.kind == "Namespace":
        await s.gone(path)
