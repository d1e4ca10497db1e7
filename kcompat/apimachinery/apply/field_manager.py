"""Keeps `metadata.managedFields` of one resource or subresource in one version, and carries out server-side apply.

Called by the API's create, update, patch, apply and scale. Answers managedfields/internal/{fieldmanager,structuredmerge,
managedfieldsupdater,skipnonapplied,stripmeta,versioncheck}.go, of which each is one step here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kcompat.apimachinery import errors, schema
from kcompat.apimachinery.apply import last_applied, managers, sets
from kcompat.apimachinery.apply.atoms import TypedError
from kcompat.apimachinery.apply.conflicts import Conflicts
from kcompat.apimachinery.apply.equality import equal
from kcompat.apimachinery.apply.managers import Entry, Manager, Managers, Owned, applying, updating
from kcompat.apimachinery.apply.updater import Updater

Tree = dict[str, Any]
BEFORE_FIRST_APPLY: Final = "before-first-apply"
_METADATA = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion")
STRIPPED: Final = sets.of(("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", f"f:{name}") for name in _METADATA))
"""Fields that nobody owns (stripMetaManager)."""


class Applied(NamedTuple):
    """An object with a configuration applied, still to be decoded and defaulted, and the managedFields it shall have.

    Not `changed`: nothing but managedFields is other than in the live object.
    """

    tree: Tree
    entries: list[Entry]
    changed: bool


@dataclass(frozen=True, slots=True)
class FieldManager:
    """`empty` is an object of the kind as it is before anything is set; `subresource` is "" for the resource itself.

    `changing`: the type is a custom resource's, which may be defined anew.
    """

    kind: str
    updater: Updater
    empty: Tree
    subresource: str = ""
    changing: bool = False

    # -- create, update, patch -----------------------------------------------------------------------------------------

    def update(self, live: Tree | None, new: Tree, manager: str, now: str) -> Tree:
        """`new` with the managedFields it has when this manager replaces `live` (None: creates it) by it at `now` (RFC 3339).

        Trees are of the manager's version. What cannot be tracked leaves the live object's managedFields as they are.
        """
        known = entries_of(live) if live is not None else ()
        wanted = new["metadata"].get("managedFields")
        bare = without_entries(new)
        try:
            entries = self._updated(live, bare, self._managers(known, wanted), manager, now)
        except TypedError:
            entries = list(known)
        return with_entries(bare, known if entries == known else entries)

    def _managers(self, known: Sequence[Entry], wanted: Any) -> Managers:
        """Those the new object names, if they can be read; else the live one's. Subresources cannot name any (decodeLiveOrNew)."""
        if not self.subresource:
            if managers.is_reset(wanted):
                return {}
            if wanted and wanted != known:
                try:
                    owners = managers.decode(wanted, known)
                except ValueError:
                    return self._known(known)
                return self._settled(owners)
        return self._known(known)

    def _known(self, entries: Sequence[Entry]) -> Managers:
        """What is stored; types that can change may have done so since."""
        owners = managers.decode(entries, entries)
        return self._settled(owners) if self.changing else owners

    def _settled(self, owners: Managers) -> Managers:
        """Fields of values that are atomic (now) are owned as a whole (reconcileManagedFieldsWithSchemaChanges)."""
        atoms = {owned.api_version: self.updater.converter.atom(owned.api_version) for owned in owners.values()}
        return {
            manager: owned.with_fields(atom.settled(owned.fields)) if (atom := atoms[owned.api_version]) is not None else owned
            for manager, owned in owners.items()
        }

    def _updated(self, live: Tree | None, new: Tree, owners: Managers, manager: str, now: str) -> list[Entry]:
        if not owners and live is not None and live["metadata"].get("uid"):
            return []  # an object whose tracking was given up is not tracked again until it is applied
        before = without_entries(live) if live is not None else self.empty
        return managers.encode(self._owners_after_update(before, new, owners, manager, now))

    def _owners_after_update(self, live: Tree, new: Tree, owners: Managers, manager: str, now: str) -> Managers:
        updater = self.updater
        owners, changed = updater.update(live, new, owners)
        changed = sets.difference(changed, STRIPPED)
        if changed:
            key = updating(manager, updater.api_version, self.subresource)
            previous = owners.get(key)
            owners[key] = Owned(sets.union(changed, previous.fields) if previous else changed, updater.api_version, now)
        return managers.cap(owners)

    # -- apply ---------------------------------------------------------------------------------------------------------

    def apply(self, live: Tree | None, config: Tree, manager: str, force: bool, now: str) -> Applied:
        """`live` (None: absent) with this manager's configuration. Raises StatusError: BadRequest, Conflict; TypedError.

        The configuration is as the client sent it: only decoded from YAML.
        """
        self._check_version(config)
        known = entries_of(live) if live is not None else ()
        before = without_entries(live) if live is not None else self.empty
        owners = self._known(known) or self._before_first_apply(before, now)
        self._check_config(config)
        try:
            merged, owners = self._applied(before, config, owners, manager, force)
        except Conflicts as conflicts:
            raise conflicts.error() from None
        except TypedError as error:
            raise self._untyped("failed to create typed live object ({}): {}", before, error) from None
        key = applying(manager, self.subresource)
        self._stamp(owners, key, now if merged is not before else None)
        if manager == last_applied.KUBECTL:
            merged = last_applied.kept_in_step(merged, config)
        return Applied(merged, managers.encode(owners), merged is not before)

    def _applied(self, live: Tree, config: Tree, owners: Managers, manager: str, force: bool) -> tuple[Tree, Managers]:
        """Raises Conflicts; none for kubectl over what its own client-side apply set."""
        updater, key = self.updater, applying(manager, self.subresource)
        try:
            return updater.apply(live, config, owners, key, force)
        except Conflicts as conflicts:
            if manager != last_applied.KUBECTL:
                raise
            remaining = conflicts.without(last_applied.allowed(live, updater.api_version, updater.atom))
            if remaining.fields:
                raise remaining from None
            return updater.apply(live, config, owners, key, True)

    def _before_first_apply(self, live: Tree, now: str) -> Managers:
        try:
            return self._owners_after_update(self.empty, live, {}, BEFORE_FIRST_APPLY, now)
        except TypedError as error:
            cannot = "failed to create manager for existing fields: failed to convert new object ({}) to smd typed: {}"
            raise self._untyped(cannot, live, error) from None

    def _untyped(self, cannot: str, live: Tree, error: TypedError) -> TypedError:
        """What was stored before this type was strict."""
        found = self._defects(live, duplicates=True)
        return TypedError(cannot.format(described(live), found)) if found else error

    def _stamp(self, owners: Managers, key: Manager, now: str | None) -> None:
        """Strips what nobody owns, and notes the time if the object changed."""
        owned = owners.get(key)
        if owned is None:
            return
        fields = sets.difference(owned.fields, STRIPPED)
        if fields:
            owners[key] = Owned(fields, owned.api_version, now or owned.time)
        else:
            del owners[key]

    def _check_version(self, config: Tree) -> None:
        if (config.get("apiVersion"), config.get("kind")) != (self.updater.api_version, self.kind):
            raise errors.bad_request(f"invalid object type: {kind_of(config)}")

    def _check_config(self, config: Tree) -> None:
        metadata = config.get("metadata")
        if metadata.__class__ is dict and self._are_entries(metadata.get("managedFields")):
            raise errors.bad_request("metadata.managedFields must be nil")
        if found := self._defects(config, duplicates=False):
            raise TypedError(f"failed to create typed patch object ({described(config)}): {found}")

    def _are_entries(self, entries: Any) -> bool:
        """What cannot be read as managedFields is none (unstructured.GetManagedFields)."""
        if entries.__class__ is not list or any(entry.__class__ is not dict for entry in entries):
            return False
        group, _, version = self.updater.api_version.rpartition("/")
        try:
            schema.decode({"metadata": {"managedFields": entries}}, group, version, self.kind)
        except schema.DecodeError:
            return False
        return True

    def _defects(self, tree: Tree, *, duplicates: bool) -> str:
        """Where a tree is not of its type, "" when it is."""
        found: list[str] = []
        self.updater.atom.check(tree, "", lambda path, why: found.append(f"{path}: {why}" if path else why), duplicates=duplicates)
        return found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {each}" for each in found)]) if found else ""


def entries_of(tree: Tree) -> Sequence[Entry]:
    return tree["metadata"].get("managedFields") or ()


def without_entries(tree: Tree) -> Tree:
    metadata = tree["metadata"]
    if "managedFields" not in metadata:
        return tree
    return {**tree, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def with_entries(tree: Tree, entries: Sequence[Entry]) -> Tree:
    """A tree that has these managedFields; `tree` has none."""
    return {**tree, "metadata": {**tree["metadata"], "managedFields": entries}} if entries else tree


def changed_only_times(old: Tree, new: Tree) -> bool:
    """Whether two objects of a kind differ in the times of managedFields and nothing else (IgnoreManagedFieldsTimestampsTransformer)."""
    was, now = entries_of(old), entries_of(new)
    if was is now or not was or was == now or not managers.same_but_times(was, now):
        return False
    group, _, version = new["apiVersion"].rpartition("/")
    return equal(without_entries(old), without_entries(new), schema.type_of(group, version, new["kind"]))


def kind_of(config: Tree) -> str:
    """schema.GroupVersionKind.String."""
    api_version = _text(config.get("apiVersion"))
    if api_version.count("/") > 1:
        return "/, Kind="
    group, _, version = api_version.rpartition("/")
    return f"{group}/{version}, Kind={_text(config.get('kind'))}"


def described(config: Tree) -> str:
    """Which object a configuration is of, for messages (objectGVKNN)."""
    metadata = config.get("metadata")
    metadata = metadata if metadata.__class__ is dict else {}
    return f"{_text(metadata.get('namespace'))}/{_text(metadata.get('name'))}; {kind_of(config)}"


def _text(value: Any) -> str:
    """What is no text is as good as none (unstructured.NestedString)."""
    return value if value.__class__ is str else ""

