"""Atoms of values without a schema: what they are is seen from the value (structured-merge-diff: __untyped_deduced_, __untyped_atomic_)."""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery.apply.atoms import MODIFIED, Comparison, Leaf, Report
from kcompat.apimachinery.apply.maps import MapAtom
from kcompat.apimachinery.apply.sets import LEAF, Set


class Deduced:
    """Any value: maps are owned entry by entry, lists and scalars as a whole."""

    exact = False

    def __init__(self) -> None:
        self._map = MapAtom(element=self, exact=False)

    def compare(self, old: Any, new: Any) -> Comparison:
        was, now = old.__class__ is dict, new.__class__ is dict
        if (was or old is None) and (now or new is None) and (was or now):
            return self._map.compare(old, new)
        removed, _, added = self._map.compare(old if was else None, new if now else None)
        return Comparison(removed, LEAF, added)

    def present(self, value: Any) -> Set:
        return self._map.present(value) if value.__class__ is dict else LEAF

    def owned(self, value: Any) -> Set | None:
        if value is None or value.__class__ is dict:
            return self._map.owned(value)
        return LEAF

    def merge(self, live: Any, config: Any) -> Any:
        if live.__class__ is dict and (config is None or config.__class__ is dict):
            return self._map.merge(live, config)
        return config

    def without(self, value: Any, removed: Set) -> Any:
        if value.__class__ is dict:
            return self._map.without(value, removed)
        return None if value.__class__ is list else value

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        """Everything is well."""

    def named(self, node: Set) -> Set:
        return self._map.named(node)


class _Any(Leaf):
    exact = False

    def compare(self, old: Any, new: Any) -> Comparison:
        return MODIFIED


DEDUCED = Deduced()
ATOMIC = _Any(lambda value: "")
"""Any value, owned as a whole."""
