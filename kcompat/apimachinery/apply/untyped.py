"""Atoms of what can take several forms: which one is seen from the value (structured-merge-diff: deduceAtom)."""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.atoms import MODIFIED, SCALAR, Atom, Comparison, Leaf, Report
from kcompat.apimachinery.apply.lists import AtomicList
from kcompat.apimachinery.apply.maps import MapAtom
from kcompat.apimachinery.apply.sets import Set


class AnyOf:
    """A scalar, a list or a map, as far as each is allowed. Null fits all and is treated as the first: map, scalar, list."""

    exact = False

    def __init__(self, *, scalar: Leaf | None = None, list: Atom | None = None, map: MapAtom | None = None) -> None:
        self.scalar = scalar
        self.list = list
        self.map = map

    def _form(self, value: Any) -> Atom:
        """The atom for a value; for one that is not allowed, the one that will say so."""
        fitting = {dict: self.map, list: self.list, type(None): None}.get(value.__class__, self.scalar)
        return fitting or self.map or self.scalar or self.list or ATOMIC

    def compare(self, old: Any, new: Any) -> Comparison:
        was, now = self._form(old), self._form(new)
        if was is now:
            return was.compare(old, new)
        left, right = (form.compare(_as(form, old, self), _as(form, new, self)) for form in (was, now))
        return Comparison(*(sets.joined(a, b) for a, b in zip(left, right, strict=True)))

    def present(self, value: Any) -> Set:
        return self._form(value).present(value)

    def owned(self, value: Any) -> Set | None:
        return self._form(value).owned(value)

    def merge(self, live: Any, config: Any) -> Any:
        form = self._form(config)
        return form.merge(_as(form, live, self), config)

    def without(self, value: Any, removed: Set) -> Any:
        return self._form(value).without(value, removed)

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        self._form(value).check(value, path, report, duplicates)

    def named(self, node: Set) -> Set:
        return self.map.named(node) if self.map is not None else node

    def settled(self, node: Set) -> Set:
        form = self.map or self.scalar or self.list
        return form.settled(node) if form is not None else node


def _as(form: Atom, value: Any, either: AnyOf) -> Any:
    """The value if it has this form, else nothing."""
    return value if either._form(value) is form else None


class _Anything(Leaf):
    exact = False

    def compare(self, old: Any, new: Any) -> Comparison:
        return MODIFIED


ATOMIC = _Anything(lambda value: "")
"""Any value, owned as a whole."""


def _deduced() -> AnyOf:
    entries = MapAtom(exact=False)
    either = AnyOf(scalar=SCALAR, list=AtomicList(ATOMIC), map=entries)
    entries.element = either
    return either


DEDUCED = _deduced()
"""Any value: maps are owned entry by entry, lists and scalars as a whole."""
