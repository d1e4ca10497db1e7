"""Deletion: graceful, with finalizers and propagation, one object or a collection. Called by `api/verbs/delete*.py`.

Upstream: apiserver pkg/registry/generic/registry/store.go:Delete, pkg/registry/rest/delete.go:BeforeDelete; pkg/registry/core/namespace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from kcompat.apimachinery import duration, errors
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, not_supported
from kcompat.registry.declare import Tree
from kcompat.registry.store import STORAGE_INVALID, Preconditions, Store, Written, finished, precondition_failed
from kcompat.storage.entries import Entry
from kcompat.storage.interface import Conflict

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"

AdmitDelete = Callable[[Tree], Awaitable[None]]
"""Admission of the deletion of an object: raises StatusError to deny."""


async def admit_any(old: Tree) -> None:
    """No admission: for what the server itself deletes."""


NOTHING = Preconditions()
ONLY_UNREADABLE = Path("ignoreStoreReadErrorWithClusterBreakingPotential")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions."""

    grace_period: int | None = None
    orphan_dependents: bool | None = None
    propagation: str | None = None
    preconditions: Preconditions = NOTHING
    dry_runs: tuple[str, ...] = ()
    """The stages named in dryRun."""
    only_unreadable: bool = False
    """ignoreStoreReadErrorWithClusterBreakingPotential: meant for objects that can no longer be decoded."""

    @property
    def dry_run(self) -> bool:
        return bool(self.dry_runs)


def validate_options(options: DeleteOptions) -> None:
    """Raises Invalid (upstream: metav1 validation.ValidateDeleteOptions)."""
    found: list[FieldError] = []
    policy = Path("propagationPolicy")
    if options.propagation is not None and options.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        found.append(invalid(policy, options.propagation, detail))
    if options.propagation not in (None, "Foreground", "Background", "Orphan"):
        found.append(not_supported(policy, options.propagation, ["Foreground", "Background", "Orphan", "nil"]))
    if set(options.dry_runs) - {"All"}:
        found.append(not_supported(Path("dryRun"), list(options.dry_runs), ["All"]))
    found += _unsafe_errors(options) if options.only_unreadable else []
    if found:
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", found)


def _unsafe_errors(options: DeleteOptions) -> list[FieldError]:
    given = {
        "propagationPolicy": options.propagation,
        "orphanDependents": options.orphan_dependents,
        "gracePeriodSeconds": options.grace_period,
        "preconditions": None if options.preconditions is NOTHING else options.preconditions,
    }
    return [invalid(ONLY_UNREADABLE, True, f"cannot be set together with .{name}") for name, value in given.items() if value is not None]


@dataclass(slots=True)
class Deletion:
    """What a deletion came to: the object's last version, and whether it is gone."""

    tree: Tree
    deleted: bool
    entry: Entry | None = None


async def delete(store: Store, namespace: str, name: str, options: DeleteOptions, admit: AdmitDelete = admit_any) -> Deletion:
    """Deletes, or marks for deletion. Raises NotFound, Conflict, Invalid."""
    validate_options(options)
    if why := store.rules.check_deletion(name):
        raise errors.forbidden(store.resource.group, store.resource.name, name, why)
    key = store.key(namespace, name)
    current = (await store.fresh()).get(key)
    while current is not None:
        old = current.fresh_tree()
        check(store, old, options.preconditions)
        if options.only_unreadable:
            detail = "unsafe deletion is not allowed because the object is decodable from storage"
            raise store.conflict(name, STORAGE_INVALID.format(key, detail))
        await admit(current.tree())
        try:
            return await _attempt(store, key, current, old, options)
        except Conflict as conflict:
            current = store.entry_of(conflict)
    raise store.not_found(name)


def check(store: Store, current: Tree, wanted: Preconditions) -> None:
    """Preconditions as a deletion words them."""
    metadata = current["metadata"]
    for what, value, actual, why in (
        ("UID", wanted.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", wanted.resource_version, metadata["resourceVersion"], "modified"),
    ):
        if value is not None and value != actual:
            if how := store.rules.own_preconditions:
                raise store.conflict(metadata["name"], precondition_failed(what, value, actual, how))
            message = f"the {what} in the precondition ({value}) does not match the {what} in record ({actual}). The object might have been {why}"
            raise errors.conflict(store.kind_group, store.resource.kind, metadata["name"], message)


async def _attempt(store: Store, key: str, current: Entry, obj: Tree, options: DeleteOptions) -> Deletion:
    """One try on the current version; `obj` is a private copy of it. Raises storage Conflict."""
    first = not obj["metadata"].get("deletionTimestamp")
    if first and store.rules.begin_deletion(obj):
        obj["metadata"]["deletionTimestamp"] = rfc3339(store.clock.now())
        if store.rules.propagates_when_marked:
            _set_propagation_finalizers(store, obj, options)
        return await _mark(store, key, current, obj, options)
    if not first and store.rules.awaits_more(obj):
        return Deletion(current.tree(), deleted=False)
    outcome = _grace(store, obj, options)
    if outcome is _PENDING:
        return Deletion(current.tree(), deleted=False)
    changed = _set_propagation_finalizers(store, obj, options)
    if obj["metadata"].get("finalizers"):
        if outcome is None:
            _mark_as_deleting(store, obj)
        return await _mark(store, key, current, obj, options)
    if outcome or (changed and store.rules.held(obj)):
        return await _mark(store, key, current, obj, options)
    if outcome == 0 and not options.dry_run:  # as upstream in two writes: watchers see the deletionTimestamp, then the deletion
        current = (await store.put(obj, current, key, False)).entry
    last = obj if outcome == 0 and options.dry_run else current.fresh_tree()
    final = await store.remove(current, key, last, options.dry_run)
    return Deletion(final.tree, deleted=True)


_PENDING = -1


def _grace(store: Store, obj: Tree, options: DeleteOptions) -> int | None:
    """Seconds of grace now written into `obj`; None: not graceful; _PENDING: already under way, nothing to do."""
    requested = options.grace_period
    if requested is not None and requested < 0:
        requested = 1
    metadata = obj["metadata"]
    now = store.clock.now()
    if metadata.get("deletionTimestamp"):
        period = metadata.get("deletionGracePeriodSeconds") or 0
        if store.rules.grace_period(obj, requested) is None or period == 0:
            return None
        if requested is None or requested >= period:
            return _PENDING
        deadline = parse_rfc3339(metadata["deletionTimestamp"]) - _duration(period) + _duration(requested)
        if deadline < now:
            deadline, requested = now, min(requested, 1)
        metadata.update(deletionTimestamp=rfc3339(deadline), deletionGracePeriodSeconds=requested)
        return requested
    grace = store.rules.grace_period(obj, requested)
    if grace is None:
        return None
    metadata.update(deletionTimestamp=rfc3339(now + _duration(grace)), deletionGracePeriodSeconds=grace)
    _raise_generation(obj)
    return grace


def _duration(seconds: int) -> timedelta:
    return timedelta(microseconds=duration.of_seconds(seconds) // duration.MICROSECOND)


def _raise_generation(obj: Tree) -> None:
    if obj["metadata"].get("generation"):
        obj["metadata"]["generation"] += 1


def _mark_as_deleting(store: Store, obj: Tree) -> None:
    metadata = obj["metadata"]
    now = store.clock.now()
    if not metadata.get("deletionTimestamp"):
        _raise_generation(obj)
    if not metadata.get("deletionTimestamp") or parse_rfc3339(metadata["deletionTimestamp"]) > now:
        metadata["deletionTimestamp"] = rfc3339(now)
    metadata["deletionGracePeriodSeconds"] = 0


def _set_propagation_finalizers(store: Store, obj: Tree, options: DeleteOptions) -> bool:
    """Adds or removes the garbage collector's finalizers as the options want. True when they changed."""
    before = obj["metadata"].get("finalizers") or []
    wanted = [name for name in before if name not in (ORPHAN, FOREGROUND)]
    if _orphans(store, before, options):
        wanted.append(ORPHAN)
    if _foreground(store, before, options):
        wanted.append(FOREGROUND)
    if set(wanted) == set(before):
        return False
    if wanted:
        obj["metadata"]["finalizers"] = wanted
    else:
        obj["metadata"].pop("finalizers", None)
    return True


def _orphans(store: Store, finalizers: list[str], options: DeleteOptions) -> bool:
    if store.rules.garbage_collection == "Unsupported":
        return False
    if options.orphan_dependents is not None:
        return options.orphan_dependents
    if options.propagation is not None:
        return options.propagation == "Orphan"
    for name in finalizers:
        if name in (ORPHAN, FOREGROUND):
            return name == ORPHAN
    return store.rules.garbage_collection == "OrphanDependents"


def _foreground(store: Store, finalizers: list[str], options: DeleteOptions) -> bool:
    if store.rules.garbage_collection == "Unsupported" or options.orphan_dependents is not None:
        return False
    if options.propagation is not None:
        return options.propagation == "Foreground"
    for name in finalizers:
        if name in (ORPHAN, FOREGROUND):
            return name == FOREGROUND
    return False


async def _mark(store: Store, key: str, current: Entry, obj: Tree, options: DeleteOptions) -> Deletion:
    """Stores the object as being deleted; removes it at once when nothing holds it."""
    if finished(store.rules, obj):
        final = await store.remove(current, key, obj, options.dry_run)
        return Deletion(final.tree, deleted=True)
    written: Written = await store.put(obj, current, key, options.dry_run)
    return Deletion(written.tree, deleted=False, entry=written.entry)


async def delete_each(store: Store, namespace: str, entries: list[Entry], options: DeleteOptions, admit: AdmitDelete) -> None:
    """Deletes the entries of a collection one after another; those already gone are passed over."""
    for entry in entries:
        metadata = entry.tree()["metadata"]
        try:
            await delete(store, metadata.get("namespace", ""), metadata["name"], options, admit)
        except errors.StatusError as error:
            if error.reason != "NotFound":
                raise
