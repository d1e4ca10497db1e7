"""The atoms of maps: structs, maps of one type, and what has both. Upstream: doMap in structured-merge-diff typed/*.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from kcompat.apimachinery.apply.atoms import MODIFIED, Atom, Comparison, Report, TypedError, same, shown
from kcompat.apimachinery.apply.elements import SELF
from kcompat.apimachinery.apply.sets import LEAF, Set, arranged, is_member, with_self

Tree = dict[str, Any]
_ABSENT: Final = object()
_NOTHING: Mapping[str, Any] = {}


class MapAtom:
    """A map whose entries are owned one by one. `fields` are those of a struct; `element` is the type of all other entries, None if
    there can be none. `fields` may be given as a function: types refer to each other."""

    def __init__(
        self,
        fields: Callable[[], Mapping[str, Atom]] = dict,
        element: Atom | None = None,
        *,
        defaults: Mapping[str, Any] = _NOTHING,
        exact: bool = True,
    ) -> None:
        self._fields = fields
        self.element = element
        self.defaults = defaults
        """Values that key fields have when absent."""
        self.exact = exact

    @cached_property
    def fields(self) -> Mapping[str, Atom]:
        return self._fields()

    def _of(self, name: str) -> Atom:
        atom = self.fields.get(name, self.element)
        if atom is None:
            raise TypedError(f".{name}: field not declared in schema")
        return atom

    def compare(self, old: Any, new: Any) -> Comparison:
        if not old and not new:
            return MODIFIED
        return self._compare(old or _NOTHING, new or _NOTHING)

    def _compare(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
        removed: Set = {}
        modified: Set = {}
        added: Set = {}
        exact = self.exact
        for name, value in new.items():
            before = old.get(name, _ABSENT)
            if before is _ABSENT:
                added["f:" + name] = self._of(name).present(value)
            elif before is not value and not (before == value and (exact or same(before, value))):
                gone, changed, more = self._of(name).compare(before, value)
                if gone is not None:
                    removed["f:" + name] = gone
                if changed is not None:
                    modified["f:" + name] = changed
                if more is not None:
                    added["f:" + name] = more
        for name in old:
            if name not in new:
                removed["f:" + name] = self._of(name).present(old[name])
        return Comparison(arranged(removed) or None, arranged(modified) or None, arranged(added) or None)

    def present(self, value: Any) -> Set:
        if not value:
            return LEAF
        node: Set = {SELF: LEAF}
        fields, element = self.fields, self.element
        for name in sorted(value):
            atom = fields.get(name, element) or self._of(name)
            node["f:" + name] = atom.present(value[name])
        return node

    def owned(self, value: Any) -> Set | None:
        node: Set = {}
        fields, element = self.fields, self.element
        for name in sorted(value or ()):
            atom, part = fields.get(name, element) or self._of(name), value[name]
            below = atom.owned(part)
            if part is None or part == {} or name not in fields:
                below = with_self(below)
            if below is not None:
                node["f:" + name] = below
        return node or None

    def merge(self, live: Any, config: Any) -> Any:
        if not config:
            return live or config
        if not live:
            return config
        merged = dict(live)
        for name, value in config.items():
            before = live.get(name, _ABSENT)
            merged[name] = value if before is _ABSENT else self._of(name).merge(before, value)
        return merged

    def without(self, value: Any, removed: Set) -> Any:
        if value.__class__ is not dict:
            return None
        kept: Tree = {}
        for name, part in value.items():
            node = removed.get("f:" + name)
            if node is None:
                kept[name] = part
            elif not is_member(node):
                kept[name] = self._of(name).without(part, node)
        return kept or None

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        if value is None:
            return
        if value.__class__ is not dict:
            report(path, f"expected map, got {shown(value)}")
            return
        fields, element = self.fields, self.element
        for name, part in value.items():
            atom = fields.get(name, element)
            if atom is None:
                report(f"{path}.{name}", "field not declared in schema")
                return
            atom.check(part, f"{path}.{name}", report, duplicates)

    def named(self, node: Set) -> Set:
        return {element: self._named(element, child) for element, child in node.items()}

    def _named(self, element: str, child: Set) -> Set:
        if not child or element == SELF:
            return child
        name = element[2:]
        atom = self.fields.get(name, self.element)
        inner = atom.named(child) if atom is not None else child
        return with_self(inner) if name in self.fields else inner


    def settled(self, node: Set) -> Set:
        """Maps of which nothing is known but that they are maps stay as they are."""
        if not self.fields and (self.element is None or not self.element.exact):
            return node
        return _same_or(node, {element: self._settled(element, child) for element, child in node.items()})

    def _settled(self, element: str, child: Set) -> Set:
        atom = self.fields.get(element[2:], self.element) if child else None
        return atom.settled(child) if atom is not None else child


def _same_or(node: Set, changed: Set) -> Set:
    """The node itself if nothing changed in it."""
    return node if all(changed[element] is child for element, child in node.items()) else changed


class AtomicMap(MapAtom):
    """A map or struct owned as a whole; it still checks what it holds."""

    def compare(self, old: Any, new: Any) -> Comparison:
        return MODIFIED

    def present(self, value: Any) -> Set:
        return LEAF

    def owned(self, value: Any) -> Set | None:
        return LEAF

    def merge(self, live: Any, config: Any) -> Any:
        return config

    def without(self, value: Any, removed: Set) -> Any:
        return None

    def settled(self, node: Set) -> Set:
        return LEAF
