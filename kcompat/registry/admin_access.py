"""Who may have admin access to devices: claims in namespaces that are marked for it (pkg/registry/resource/utils.go).

`checks` is given to the stores by `cluster.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, internal
from kcompat.apimachinery.reader import Reader
from kcompat.registry.declare import Tree
from kcompat.registry.hooks import Check

_LABEL: Final = "resource.kubernetes.io/admin-access"
_REQUESTS, _RESULTS = Path("spec", "devices", "requests"), Path("status", "allocation", "devices", "results")


def checks(reader: Reader) -> Mapping[str, Check]:
    """By `plural.group`."""

    async def claims(new: Tree, old: Tree | None, status: bool) -> list[FieldError]:
        if status:
            return [] if _wanted(_results(old or {})) is not None else await _allowed(reader, new, _results(new), _RESULTS)
        return await _allowed(reader, new, _requests(new["spec"]), _REQUESTS) if old is None else []

    async def templates(new: Tree, old: Tree | None, status: bool) -> list[FieldError]:
        return await _allowed(reader, new, _requests(new["spec"].get("spec") or {}), _REQUESTS) if old is None else []

    return {"resourceclaims.resource.k8s.io": claims, "resourceclaimtemplates.resource.k8s.io": templates}


def _requests(spec: Tree) -> Sequence[Tree]:
    """What may ask for it: alternatives may not."""
    return [request.get("exactly") or {} for request in (spec.get("devices") or {}).get("requests") or ()]


def _results(claim: Tree) -> Sequence[Tree]:
    found: Sequence[Tree] = meta.get(claim, ("status", "allocation", "devices", "results"), ())
    return found or ()


def _wanted(parts: Sequence[Tree]) -> int | None:
    """The first that has it."""
    return next((index for index, part in enumerate(parts) if part.get("adminAccess")), None)


async def _allowed(reader: Reader, claim: Tree, parts: Sequence[Tree], path: Path) -> list[FieldError]:
    if (index := _wanted(parts)) is None:
        return []
    name, at = claim["metadata"].get("namespace", ""), path.index(index).child("adminAccess")
    namespace = await reader.get("", "namespaces", "", name)
    if namespace is None:
        return [internal(at, f'could not retrieve namespace to verify admin access: namespaces "{name}" not found')]
    if meta.labels(namespace).get(_LABEL) == "true":
        return []
    return [forbidden(at, f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace")]
