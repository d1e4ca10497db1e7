"""The atoms of lists: sets, maps keyed by fields of their items, and atomic lists. Upstream: doList in structured-merge-diff typed/*.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery.apply.atoms import MODIFIED, Atom, Comparison, Report, TypedError, same, shown
from kcompat.apimachinery.apply.elements import SELF, key_element, text, value_element
from kcompat.apimachinery.apply.maps import MapAtom
from kcompat.apimachinery.apply.sets import LEAF, Set, arranged, is_member, with_self

Items = list[Any]
_NO_ITEMS: Items = []


class ListAtom:
    """An associative list: items are told apart by an element each has. Subclasses say how it is made."""

    def __init__(self, element: Atom) -> None:
        self.element = element
        self.exact = element.exact

    def path_element(self, item: Any) -> str:
        """The item's path element. Raises TypedError."""
        raise NotImplementedError

    def _elements(self, items: Items) -> list[str]:
        """Every item's path element. Raises TypedError."""
        found = []
        for index, item in enumerate(items):
            try:
                found.append(self.path_element(item))
            except TypedError as error:
                raise TypedError(f"element {index}: {error}") from None
        return found

    def _grouped(self, items: Items) -> dict[str, Items]:
        """Items by path element; more than one where keys are not unique."""
        groups: dict[str, Items] = {}
        for element, item in zip(self._elements(items), items, strict=True):
            groups.setdefault(element, []).append(item)
        return groups

    def compare(self, old: Any, new: Any) -> Comparison:
        if not old and not new:
            return MODIFIED
        before, after = self._grouped(old or _NO_ITEMS), self._grouped(new or _NO_ITEMS)
        removed: Set = {}
        modified: Set = {}
        added: Set = {}
        for element in dict.fromkeys((*before, *after)):
            was, now = before.get(element, _NO_ITEMS), after.get(element, _NO_ITEMS)
            gone, changed, more = self._compare_items(was, now)
            if gone is not None:
                removed[element] = gone
            if changed is not None:
                modified[element] = changed
            if more is not None:
                added[element] = more
        return Comparison(arranged(removed) or None, arranged(modified) or None, arranged(added) or None)

    def _compare_items(self, old: Items, new: Items) -> Comparison:
        """Items of one element; repeated ones are owned as a whole."""
        if len(old) > 1 or len(new) > 1:
            return self._compare_repeated(old, new)
        if not old:
            return Comparison(None, None, self.element.present(new[0]))
        if not new:
            return Comparison(self.element.present(old[0]), None, None)
        before, after = old[0], new[0]
        if before is after or (before == after and (self.exact or same(before, after))):
            return Comparison(None, None, None)
        return self.element.compare(before, after)

    def _compare_repeated(self, old: Items, new: Items) -> Comparison:
        if len(old) > 1 and len(new) > 1:
            return Comparison(None, None if same(old, new) else LEAF, None)
        if len(old) > 1:
            return Comparison(LEAF, None, self.element.present(new[0]) if new else None)
        return Comparison(self.element.present(old[0]) if old else None, None, LEAF)

    def present(self, value: Any) -> Set:
        if not value:
            return LEAF
        groups = self._grouped(value)
        node = {element: self.element.present(items[0]) if len(items) == 1 else LEAF for element, items in groups.items()}
        return {SELF: LEAF, **arranged(node)}

    def owned(self, value: Any) -> Set | None:
        groups = self._grouped(value or _NO_ITEMS)
        node = {element: with_self(self.element.owned(items[0])) if len(items) == 1 else LEAF for element, items in groups.items()}
        return arranged(node) or None

    def merge(self, live: Any, config: Any) -> Any:
        if not config:
            return live or config
        return self._merged(live, config) if live else config

    def _merged(self, live: Items, config: Items) -> Items:
        """Both lists in one order: the applied one's where items are shared, the others where they stood (mergingWalker.visitListItems)."""
        before, after = self._elements(live), self._elements(config)
        applied = dict(zip(after, config, strict=True))
        present: dict[str, Any] = {}
        for element, item in zip(before, live, strict=True):
            present[element] = None if element in present else item
        shared = [element for element in after if element in present]
        merged: Items = []
        done: set[str] = set()
        at = to = next_shared = 0
        while at < len(before) or to < len(after):
            element = before[at] if at < len(before) else ""
            if at < len(before) and to < len(after):
                if element == after[to]:
                    merged.append(self._merged_item(present, applied, element))
                    done.add(element)
                    at, to, next_shared = at + 1, to + 1, next_shared + 1
                    continue
                if element in applied and next_shared < len(shared) and shared[next_shared] != element:
                    at += 1
                    continue
            if at < len(before):
                if element not in applied:
                    merged.append(live[at])
                    at += 1
                    continue
                if element in done:
                    at += 1
            if to < len(after):
                element = after[to]
                merged.append(self._merged_item(present, applied, element))
                done.add(element)
                to += 1
                if next_shared < len(shared) and shared[next_shared] == element:
                    next_shared += 1
        return merged

    def _merged_item(self, present: Mapping[str, Any], applied: Mapping[str, Any], element: str) -> Any:
        live, config = present.get(element), applied[element]
        return self.element.merge(live, config) if element in present else config

    def without(self, value: Any, removed: Set) -> Any:
        kept = []
        for item in value or ():
            node = removed.get(self.path_element(item))
            if node is None:
                kept.append(item)
            elif not is_member(node):
                kept.append(self.element.without(item, node))
        return kept or None

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        if value is None:
            return
        if value.__class__ is not list:
            report(path, f"expected list, got {shown(value)}")
            return
        seen: set[str] = set()
        for index, item in enumerate(value):
            try:
                element = self.path_element(item)
            except TypedError as error:
                report(path, f"element {index}: {error}")
                return
            if element in seen and not duplicates:
                report(path, f"duplicate entries for key {text(element)}")
            seen.add(element)
            self.element.check(item, path + text(element), report, duplicates)

    def named(self, node: Set) -> Set:
        named = self.element.named
        return {element: named(child) if child and element != SELF else child for element, child in node.items()}

    def settled(self, node: Set) -> Set:
        settled = self.element.settled
        changed = {element: settled(child) if child else child for element, child in node.items()}
        return node if all(changed[element] is child for element, child in node.items()) else changed


class SetAtom(ListAtom):
    """A list of distinct scalars."""

    def path_element(self, item: Any) -> str:
        if item.__class__ is dict:
            raise TypedError("associative list without keys has an element that's a map type")
        if item.__class__ is list:
            raise TypedError("not supported: associative list with lists as elements")
        if item is None:
            raise TypedError("associative list without keys has an element that's an explicit null")
        return value_element(item)


class KeyedListAtom(ListAtom):
    """A list of maps told apart by their key fields."""

    def __init__(self, element: MapAtom, keys: Sequence[str]) -> None:
        super().__init__(element)
        self.keys = keys
        self._defaulted = [(key, element.defaults.get(key)) for key in sorted(keys)]

    def path_element(self, item: Any) -> str:
        if item.__class__ is not dict:
            what = "a null element" if item is None else "non-map elements"
            raise TypedError(f"associative list with keys may not have {what}")
        pairs = []
        for key, default in self._defaulted:
            value = item.get(key, default)
            if value is not None or key in item:
                pairs.append((key, value))
        if not pairs:
            shown_keys = "[" + " ".join(f'"{key}"' for key in self.keys) + "]"
            raise TypedError(
                f"associative list with keys has an element that omits all key fields {shown_keys} "
                "(and doesn't have default values for any key fields)"
            )
        return key_element(pairs)


class AtomicList:
    """A list owned as a whole; it still checks its items."""

    exact = True

    def __init__(self, element: Atom) -> None:
        self.element = element
        self.exact = element.exact

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

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        if value is None:
            return
        if value.__class__ is not list:
            report(path, f"expected list, got {shown(value)}")
            return
        for index, item in enumerate(value):
            self.element.check(item, f"{path}[{index}]", report, duplicates)

    def named(self, node: Set) -> Set:
        return node

    def settled(self, node: Set) -> Set:
        return LEAF


class CheckedList(AtomicList):
    """managedFields of a template: what is to be owned in it is anything once decoded, but only an object is of the type."""

    def compare(self, old: Any, new: Any) -> Comparison:
        self._verify(new)
        return MODIFIED

    def present(self, value: Any) -> Set:
        self._verify(value)
        return LEAF

    def _verify(self, value: Any) -> None:
        def refuse(path: str, why: str) -> None:
            raise TypedError(f"{path}: {why}")

        self.check(value, "", refuse, False)
