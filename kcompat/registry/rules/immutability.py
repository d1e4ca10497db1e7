"""Fields that may not change any more, and how messages show what did. Called by the rules of many kinds (pkg/apis/core/validation)."""

from __future__ import annotations

from kcompat.apimachinery.field import FieldError, Path, forbidden
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.go_form import diff

_FROZEN = "field is immutable when `immutable` is set"


def changes(old: Tree, new: Tree) -> str:
    """What differs between two Go forms, without the headers of a diff (apimachinery util/diff: Diff)."""
    return diff(old, new).removeprefix("--- \n+++ \n")


def frozen(new: Tree, old: Tree, *names: str) -> list[FieldError]:
    """What a change of an object marked `immutable: true` breaks: the mark itself and the named fields stay."""
    if not old.get("immutable"):
        return []
    changed = [name for name in names if new.get(name) != old.get(name)]
    return [forbidden(Path(name), _FROZEN) for name in ([] if new.get("immutable") else ["immutable"]) + changed]
