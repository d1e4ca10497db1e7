"""Ownership after a write: what each manager still owns, and what applying a configuration makes of an object.

Called by field_manager. Answers structured-merge-diff merge/update.go. Trees come without metadata.managedFields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.atoms import Atom, Comparison, same
from kcompat.apimachinery.apply.conflicts import Conflicts
from kcompat.apimachinery.apply.managers import Manager, Managers, Owned
from kcompat.apimachinery.apply.sets import EMPTY, Set

Tree = dict[str, Any]
Filter = Callable[[Set], Set]
_NO_CHANGE = Comparison(None, None, None)


class Converter(Protocol):
    """Conversion between the versions of a kind, for managers who wrote in another one."""

    def convert(self, tree: Tree, api_version: str) -> Tree | None:
        """The object in a version, or None if that version is not served any more."""
        ...

    def atom(self, api_version: str) -> Atom | None:
        """The atom of the kind in a version."""
        ...


class OneVersion:
    """The converter of a kind with a single version."""

    def __init__(self, api_version: str, atom: Atom) -> None:
        self._api_version = api_version
        self._atom = atom

    def convert(self, tree: Tree, api_version: str) -> Tree | None:
        return tree if api_version == self._api_version else None

    def atom(self, api_version: str) -> Atom | None:
        return self._atom if api_version == self._api_version else None


@dataclass(frozen=True, slots=True)
class Updater:
    """Ownership rules of one kind in one version. `reset` drops what the strategy does not let through."""

    api_version: str
    atom: Atom
    converter: Converter
    reset: Filter | None = None

    def update(self, live: Tree, new: Tree, managers: Managers) -> tuple[Managers, Set]:
        """Managers after live became new, without the fields that changed; and these."""
        comparison, managers = self._take(live, new, managers, None, force=True)
        return managers, sets.union(comparison.modified or EMPTY, comparison.added or EMPTY)

    def apply(self, live: Tree, config: Tree, managers: Managers, applier: Manager, force: bool) -> tuple[Tree, Managers]:
        """The merged object (the live one itself if nothing changes) and its managers. Raises Conflicts."""
        merged = self.atom.merge(live, config)
        previous = managers.get(applier)
        claimed = self._filtered(self.atom.owned(config) or EMPTY)
        managers = {**managers, applier: Owned(claimed, self.api_version, previous.time if previous else "")}
        if previous is not None and previous.fields:
            merged = self._pruned(merged, managers, applier, previous)
        if merged == live and (self.atom.exact or same(merged, live)):
            merged = live
        _, managers = self._take(live, merged, managers, applier, force)
        return merged, managers

    def _filtered(self, fields: Set) -> Set:
        return self.reset(fields) if self.reset is not None and fields else fields

    # -- taking fields from others -------------------------------------------------------------------------------------

    def compare(self, live: Tree, new: Tree) -> Comparison:
        """What a write changes, as far as the strategy lets it."""
        if live is new:
            return _NO_CHANGE
        return self._let_through(self.atom.compare(live, new))

    def _let_through(self, comparison: Comparison) -> Comparison:
        reset = self.reset
        if reset is None:
            return comparison
        return Comparison(*(reset(fields) or None if fields else None for fields in comparison))

    def _take(self, live: Tree, new: Tree, managers: Managers, applier: Manager | None, force: bool) -> tuple[Comparison, Managers]:
        """What changed, and the managers without what was changed or removed under them; the applier keeps all it has."""
        own = self.compare(live, new)
        if own == _NO_CHANGE:
            return own, {manager: owned for manager, owned in managers.items() if owned.fields and self._serves(owned.api_version)}
        versions: dict[str, Comparison | None] = {self.api_version: own}
        left: Managers = {}
        conflicts: dict[Manager, Set] = {}
        for manager, owned in managers.items():
            if manager == applier:
                left[manager] = owned
                continue
            comparison = self._in_version(versions, owned.api_version, live, new)
            if comparison is None:
                continue
            changed = sets.union(comparison.modified or EMPTY, comparison.added or EMPTY)
            if not force and (conflict := sets.intersection(owned.fields, changed)):
                conflicts[manager] = conflict
            gone = sets.union(changed, comparison.removed or EMPTY)
            left[manager] = owned.with_fields(sets.difference(owned.fields, gone))
        if conflicts:
            raise Conflicts(conflicts)
        return own, {manager: owned for manager, owned in left.items() if owned.fields}

    def _serves(self, version: str) -> bool:
        return version == self.api_version or self.converter.atom(version) is not None

    def _in_version(self, known: dict[str, Comparison | None], version: str, live: Tree, new: Tree) -> Comparison | None:
        """The comparison in a manager's version; None if there is no such version any more."""
        if version not in known:
            old, now, atom = self.converter.convert(live, version), self.converter.convert(new, version), self.converter.atom(version)
            missing = old is None or now is None or atom is None
            known[version] = None if missing else self._let_through(atom.compare(old, now))  # type: ignore[union-attr]
        return known[version]

    # -- dropping what nobody applies any more -------------------------------------------------------------------------

    def _pruned(self, merged: Tree, managers: Managers, applier: Manager, previous: Owned) -> Tree:
        """Without what the applier applied last time, does not now, and nobody else owns (Updater.prune)."""
        version = previous.api_version
        if version == self.api_version and not sets.difference(previous.fields, managers[applier].fields):
            return merged
        converted, atom = self.converter.convert(merged, version), self.converter.atom(version)
        if converted is None or atom is None:
            return merged
        last = atom.named(previous.fields)
        pruned = self._with_owned(converted, _without(atom, converted, last), version, managers)
        dangling = sets.intersection(sets.difference(_fields(atom, converted), _fields(atom, pruned)), last)
        result = _without(atom, converted, dangling)
        return self.converter.convert(result, self.api_version) or result

    def _with_owned(self, merged: Tree, pruned: Tree, version: str, managers: Managers) -> Tree:
        """The pruned object with what any manager owns put back, first in the version pruned in (addBackOwnedItems)."""
        owned: dict[str, Set] = {version: EMPTY}
        for each in managers.values():
            owned[each.api_version] = sets.union(owned.get(each.api_version, EMPTY), each.fields)
        for at, fields in owned.items():
            whole, rest, atom = self.converter.convert(merged, at), self.converter.convert(pruned, at), self.converter.atom(at)
            if whole is None or rest is None or atom is None:
                continue
            kept = sets.union(_fields(atom, rest), atom.named(fields))
            rest = _without(atom, whole, sets.difference(_fields(atom, whole), kept))
            pruned = self.converter.convert(rest, version) or rest
        return pruned


def _fields(atom: Atom, tree: Tree) -> Set:
    return atom.named(atom.owned(tree) or EMPTY)


def _without(atom: Atom, tree: Tree, removed: Set) -> Tree:
    result: Tree = atom.without(tree, removed) if removed else tree
    return result or {}
