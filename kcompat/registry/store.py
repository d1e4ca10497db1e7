"""One generic store for every resource: the read-modify-write loop between admission and storage.

Called by `api/verbs/*`, `api/actions/*` and `cluster.py`; the only caller of `storage` besides cluster.py.
Order of a create: prepare, ObjectMeta, validate, canonicalize, validating admission, write. An update runs as one function of
the current object and is tried again on a conflict when the caller named no resourceVersion.
Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, pkg/registry/rest/{create,update}.go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import errors, names
from kcompat.apimachinery.clock import Clock, Identity, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.quote import quote
from kcompat.registry import object_meta
from kcompat.registry.declare import Resource, Rules, Tree
from kcompat.registry.hooks import Check, Hooks
from kcompat.registry.leases import Leases
from kcompat.registry.stored import key_order, reader, storage_version
from kcompat.storage import codec
from kcompat.storage.entries import Entry, Layout, with_revision
from kcompat.storage.interface import ABSENT, Conflict, Revision, StorageError
from kcompat.storage.watch_cache import ResourceCache, WatchCache

__all__ = ["Entry", "Preconditions", "StorageError", "Store", "Written"]

STALE = "the object has been modified; please apply your changes to the latest version and try again"
STORAGE_INVALID = "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: {}"
_ROOT = "/registry"
_METADATA = Path("metadata")
_NAME_TRIES = 8
_DOTS = (".", "..")

Transform = Callable[[Tree | None], Awaitable[Tree]]
"""Makes the wanted object from a private copy of the current one (None: absent)."""
Admit = Callable[[Tree, Tree | None], Awaitable[None]]
"""Validating admission of (new, old): raises StatusError to deny."""


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a write demands of the current object; None demands nothing."""

    uid: str | None = None
    resource_version: str | None = None


@dataclass(slots=True)
class Written:
    """The object after a write: its bytes, and its tree (shared: not to be changed)."""

    tree: Tree
    entry: Entry
    created: bool = False
    deleted: bool = False


async def admit_all(new: Tree, old: Tree | None) -> None:
    """No admission: for what the server itself writes."""


class Store:
    """Reads and writes of one resource. The served bytes are those of its storage version."""

    def __init__(
        self, resource: Resource, prefix: str, cache: WatchCache, clock: Clock, identity: Identity, leases: Leases, hooks: Hooks | None = None
    ) -> None:
        self.resource = resource
        self.rules: Rules = resource.rules
        self.prefix = prefix
        self.clock = clock
        self.identity = identity
        self.leases = leases
        self.hooks = hooks
        self.check: Check | None = None
        self.cache = cache
        self.broadcasts: dict[object, object] = {}
        """`fan_out.py`'s."""
        self.layout = Layout(
            prefix, codec.head(resource.kind, storage_version(resource)), resource.stored_fields or resource.fields, resource.indexes,
            reader(resource), resource.namespaced,
        )  # fmt: skip
        self.ordered: Callable[[Tree], Tree] = key_order(resource)
        """Objects of the version stored, their keys in Go's order."""

    # -- names ---------------------------------------------------------------------------------------------------------

    def key(self, namespace: str, name: str) -> str:
        """Raises BadRequest for what names no object (upstream: NamespaceKeyFunc, storage.PrepareKey)."""
        if not namespace:
            if self.resource.namespaced:
                raise errors.bad_request("Namespace parameter required.")
            key = self.prefix + name
        else:
            key = f"{self.prefix}{namespace}/{name}"
        if name in _DOTS or "%" in name or "/" in name:
            raise errors.bad_request(f"Name parameter invalid: {quote(name)}: {';'.join(names.is_path_segment_name(name))}")
        return self._clean(key, namespace)

    def scope(self, namespace: str) -> str:
        """The key prefix of a namespace, or of everything."""
        return self._clean(f"{self.prefix}{namespace}/", namespace) if namespace else self.prefix

    def _clean(self, key: str, namespace: str) -> str:
        if namespace in _DOTS:
            raise errors.StatusError(500, "", f"invalid key: {quote(key.removeprefix(_ROOT).rstrip('/'))}")
        return key

    def not_found(self, name: str) -> errors.StatusError:
        return errors.not_found(self.resource.group, self.resource.name, name)

    def conflict(self, name: str, message: str = STALE) -> errors.StatusError:
        return errors.conflict(self.resource.group, self.resource.name, name, message)

    def invalid(self, name: str, found: Sequence[FieldError]) -> errors.StatusError:
        """Each cause once, however many rules found it, where upstream does so."""
        if self.resource.qualified not in object_meta.REPEATING:
            found = list({(error.type, error.field, error.body): error for error in found}.values())
        return errors.invalid(self.kind_group, self.resource.kind, name, found)

    @property
    def kind_group(self) -> str:
        """The group of the kind as upstream's own, internal type has it: that of what is stored."""
        return self.resource.storage_group if self.resource.to_storage is not None else self.resource.group

    # -- reads ---------------------------------------------------------------------------------------------------------

    async def entries(self) -> ResourceCache:
        """The resource's cache, loaded; as fresh as it happens to be."""
        return await self.cache.resource(self.layout).ready()

    async def fresh(self) -> ResourceCache:
        """The resource's cache with everything that was acknowledged before this call."""
        await self.cache.fresh()
        return await self.cache.resource(self.layout).ready()

    async def get(self, namespace: str, name: str) -> Entry:
        """Raises NotFound."""
        entry = (await self.fresh()).get(self.key(namespace, name))
        if entry is None:
            raise self.not_found(name)
        return entry

    # -- create --------------------------------------------------------------------------------------------------------

    async def create(self, obj: Tree, namespace: str, *, admit: Admit = admit_all, dry_run: bool = False) -> Written:
        """Stores a new object (decoded, defaulted, mutated by admission; private to the caller). Raises AlreadyExists, Invalid."""
        generated = not obj["metadata"].get("name") and bool(obj["metadata"].get("generateName"))
        for attempt in range(_NAME_TRIES):
            candidate = {**obj, "metadata": dict(obj["metadata"])} if generated else obj
            try:
                return await self._create(candidate, namespace, admit, dry_run)
            except errors.StatusError as error:
                if not generated or error.reason != "AlreadyExists" or attempt == _NAME_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def _create(self, obj: Tree, namespace: str, admit: Admit, dry_run: bool) -> Written:
        if self.hooks is None:
            return await self._create_prepared(obj, namespace, admit, dry_run)
        if namespace:
            obj["metadata"]["namespace"] = namespace
        self._name(obj["metadata"])
        undo = await self.hooks.before_create(obj, dry_run)
        try:
            written = await self._create_prepared(obj, namespace, admit, dry_run)
        except BaseException:
            await undo()
            raise
        if dry_run:
            await undo()
        return written

    async def _create_prepared(self, obj: Tree, namespace: str, admit: Admit, dry_run: bool) -> Written:
        self.prepare_new(obj, namespace)
        name = obj["metadata"].get("name", "")
        checked = await self.check(obj, None, False) if self.check is not None else []
        if found := [*checked, *self.validate_new(obj)]:
            raise self.invalid(name, found)
        self.rules.canonicalize(obj)
        await admit(obj, None)
        obj = self.ordered(obj)
        key = self.key(namespace, name)
        claimed = obj["metadata"].pop("resourceVersion", "")
        if dry_run:
            if (present := (await self.fresh()).get(key)) is not None:
                raise self._already_exists(name, present)
            return self._written(obj, key, codec.encode(obj, claimed), 0, created=True)
        if _is_revision(claimed):
            raise errors.StatusError(500, "", "resourceVersion should not be set on objects to be created")
        try:
            return await self.write(obj, key, ABSENT, created=True)
        except Conflict as conflict:
            raise self._already_exists(name, self.entry_of(conflict)) from conflict

    def _already_exists(self, name: str, present: Entry | None) -> errors.StatusError:
        error = errors.already_exists(self.resource.group, self.resource.name, name)
        if present is not None and present.peek()["metadata"].get("deletionTimestamp"):
            error.message = f"object is being deleted: {error.message}"
        return error

    def prepare_new(self, obj: Tree, namespace: str) -> None:
        """ObjectMeta's system fields, then the kind's own preparation, which may use them (upstream: Store.create, rest.BeforeCreate)."""
        metadata = obj["metadata"]
        object_meta.wipe_system_fields(metadata)
        if namespace:
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        metadata["creationTimestamp"] = rfc3339(self.clock.now())
        metadata["uid"] = self.identity.uid()
        self._name(metadata)
        if self.rules.has_generation and self.rules.first_generation:
            metadata["generation"] = 1
        self.rules.prepare_for_create(obj)

    def _name(self, metadata: Tree) -> None:
        if not metadata.get("name") and metadata.get("generateName"):
            base = metadata["generateName"]
            metadata["name"] = names.generate_name(base, self.identity) if self.rules.generates_names else base

    def validate_new(self, obj: Tree) -> list[FieldError]:
        if not self.rules.checks_metadata:
            found = [*self.rules.validate(obj)]
            return found or object_meta.new_errors(self.resource, obj, names.name_is_path_segment)

        def problems(name: str, prefix: bool) -> list[str]:
            return list(self.rules.validate_own_name(obj, name, prefix))

        return [*object_meta.new_errors(self.resource, obj, problems), *self.rules.validate(obj)]

    # -- update --------------------------------------------------------------------------------------------------------

    async def update(
        self,
        namespace: str,
        name: str,
        transform: Transform,
        *,
        rules: Rules | None = None,
        status: bool = False,
        admit: Admit = admit_all,
        create_admit: Admit = admit_all,
        preconditions: Preconditions = Preconditions(),
        allow_create: bool = False,
        retry: bool = False,
        dry_run: bool = False,
    ) -> Written:
        """Applies transform to the current object and stores the result.

        `status` selects the kind's status rules, `rules` others than the resource's (subresources). `retry`: a lost race is run
        again even though the object carries a resourceVersion, as it is that of the object the transform was given (patches).
        Raises NotFound, Conflict, Invalid.
        """
        key = self.key(namespace, name)
        current = (await self.fresh()).get(key)
        while True:
            if current is None and not allow_create:
                raise self.not_found(name)
            old = current.fresh_tree() if current is not None else None
            check_preconditions(self, name, old, preconditions, key.removeprefix(_ROOT) if dry_run else key)
            new = await transform(old)
            if old is None or current is None:
                return await self._create_on_update(new, namespace, status, create_admit, dry_run)
            named = new["metadata"].get("resourceVersion", "")
            self._check_version(name, new, old, named)
            try:
                return await self._update(new, current, key, status, rules or self.rules, admit, dry_run)
            except Conflict as conflict:
                if (named and not retry) or preconditions.resource_version:
                    raise self._gone_or_stale(name, conflict) from conflict
                current = self.entry_of(conflict)

    async def _update(
        self, new: Tree, current: Entry, key: str, status: bool, rules: Rules, admit: Admit, dry_run: bool
    ) -> Written:
        """One try on the current version. Raises storage Conflict."""
        old = current.tree()
        if self.hooks is None or status:
            return await self._update_prepared(new, current, key, status, rules, admit, dry_run)
        undo = await self.hooks.before_update(new, old, dry_run)
        try:
            written = await self._update_prepared(new, current, key, status, rules, admit, dry_run)
        except BaseException:
            await undo()
            raise
        if dry_run:
            await undo()
        else:
            await self.hooks.after_update(written.tree, old)
        return written

    async def _update_prepared(
        self, new: Tree, current: Entry, key: str, status: bool, rules: Rules, admit: Admit, dry_run: bool
    ) -> Written:
        old = current.tree()
        checked = await self.check(new, old, status) if self.check is not None else []
        self._prepare_update(new, old, status, rules, checked)
        await admit(new, old)
        return await self._store_update(new, current, key, dry_run)

    async def _create_on_update(self, new: Tree, namespace: str, status: bool, admit: Admit, dry_run: bool) -> Written:
        """The status' store has no hooks upstream: a Service made there has no addresses."""
        new["metadata"].pop("resourceVersion", None)
        create = self._create_prepared if status else self._create
        return await create(new, namespace, admit, dry_run)

    def _check_version(self, name: str, new: Tree, old: Tree, named: str) -> None:
        if parse_revision(named) == 0:
            if not self.rules.allow_unconditional_update:
                found = [invalid(_METADATA.child("resourceVersion"), 0, "must be specified for an update")]
                raise errors.invalid(self.resource.group, self.resource.name, name, found)
            new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        elif named.lstrip("0") != old["metadata"]["resourceVersion"]:
            raise self.conflict(name)

    def _prepare_update(self, new: Tree, old: Tree, status: bool, rules: Rules, checked: Sequence[FieldError]) -> None:
        keep_generation(new, old)
        if status:
            rules.prepare_for_status_update(new, old)
        else:
            rules.prepare_for_update(new, old)
        keep_system_fields(new, old)
        if not status:
            set_generation(rules, new, old)
        found = object_meta.update_errors(self.resource, new, old, status=status)
        found += checked
        found += rules.validate_status_update(new, old) if status else rules.validate_update(new, old)
        if found:
            raise self.invalid(new["metadata"].get("name", ""), found)
        rules.canonicalize(new)

    async def _store_update(self, new: Tree, current: Entry, key: str, dry_run: bool) -> Written:
        if finished(self.rules, new):
            return await self.remove(current, key, new, dry_run)
        return await self.put(new, current, key, dry_run)

    async def put(self, new: Tree, current: Entry, key: str, dry_run: bool) -> Written:
        """Replaces the current version; writes nothing when nothing changed. Raises storage Conflict."""
        if not dry_run:
            new["metadata"].pop("selfLink", None)  # which is never stored (upstream: PrepareObjectForStorage)
        new = self.ordered(new)
        if not dry_run:
            new["metadata"].pop("selfLink", None)  # upstream: storage.APIObjectVersioner.PrepareObjectForStorage
        if new == current.peek():
            return Written(current.peek(), current)
        value = codec.encode(new)
        if dry_run:
            return self._written(new, key, value, current.revision)
        return await self.write(new, key, current.revision, value=value)

    async def remove(self, current: Entry, key: str, final: Tree, dry_run: bool) -> Written:
        """Deletes the current version for good. Answers with `final`. Raises storage Conflict."""
        final = self.ordered(final)
        if dry_run:
            return self._written(final, key, codec.encode(final), current.revision, deleted=True)
        revision = await self.cache.backend.write(key, None, expect=current.revision)
        await self.cache.reached(revision)
        if self.hooks is not None:
            await self.hooks.after_delete(final)
        return self._written(final, key, codec.encode(final), revision, deleted=True)

    # -- storage -------------------------------------------------------------------------------------------------------

    async def write(
        self, obj: Tree, key: str, expect: Any, *, value: bytes | None = None, created: bool = False
    ) -> Written:
        """One compare-and-swap. Raises storage Conflict."""
        value = value if value is not None else codec.encode(obj)
        lease = await self.leases.lease_for(self.resource.ttl) if self.resource.ttl else 0
        hints = self.cache.hints
        hints[id(value)] = obj
        try:
            revision = await self.cache.backend.write(key, value, expect=expect, lease=lease)
            await self.cache.reached(revision)
        finally:
            hints.pop(id(value), None)
        return self._written(obj, key, value, revision, created=created)

    def _written(
        self, obj: Tree, key: str, value: bytes, revision: Revision, *, created: bool = False, deleted: bool = False
    ) -> Written:
        if revision:
            tail = codec.tail(value, len(self.layout.head), revision)
        else:
            tail = value[len(self.layout.head) :]
        tree = with_revision(obj, revision) if revision else obj
        assert tree is not None
        return Written(tree, Entry(self.layout, key, tail, revision, tree), created, deleted)

    def entry_of(self, conflict: Conflict) -> Entry | None:
        """The version a failed write met."""
        return self.cache.resource(self.layout).entry(conflict.current) if conflict.current is not None else None

    def _gone_or_stale(self, name: str, conflict: Conflict) -> errors.StatusError:
        return self.conflict(name) if conflict.current is not None else self.not_found(name)


def finished(rules: Rules, obj: Tree) -> bool:
    """Being deleted, and nothing holds it any more (upstream: ShouldDeleteDuringUpdate)."""
    metadata = obj["metadata"]
    return bool(metadata.get("deletionTimestamp")) and not metadata.get("deletionGracePeriodSeconds") and not rules.held(obj)


def check_preconditions(store: Store, name: str, current: Tree | None, wanted: Preconditions, key: str) -> None:
    """Raises Conflict when uid or resourceVersion are not as demanded (upstream: storage.Preconditions.Check). `key`: as the message shows it."""
    metadata = current["metadata"] if current is not None else {}
    for what, value, actual in (
        ("UID", wanted.uid, metadata.get("uid", "")),
        ("ResourceVersion", wanted.resource_version, metadata.get("resourceVersion", "")),
    ):
        if value is not None and value != actual:
            raise store.conflict(name, STORAGE_INVALID.format(key, precondition_failed(what, value, actual)))


def precondition_failed(what: str, wanted: str, actual: str, how: str = "Precondition failed") -> str:
    return f"{how}: {what} in precondition: {wanted}, {what} in object meta: {actual}"


def keep_generation(new: Tree, old: Tree) -> None:
    metadata, before = new["metadata"], old["metadata"]
    if "generation" in before:
        metadata["generation"] = before["generation"]
    else:
        metadata.pop("generation", None)


def keep_system_fields(new: Tree, old: Tree) -> None:
    """ObjectMeta fields only the server sets (upstream: rest.BeforeUpdate, ValidateObjectMetaAccessorUpdate)."""
    metadata, before = new["metadata"], old["metadata"]
    for name in ("namespace", "uid", "deletionGracePeriodSeconds"):
        if name in before and not metadata.get(name):
            metadata[name] = before[name]
    for name in ("creationTimestamp", "deletionTimestamp"):
        if name in before:
            metadata[name] = before[name]


def parse_revision(text: str) -> Revision:
    """An object's resourceVersion as a number. Raises InternalError as upstream's versioner fails (storage.APIObjectVersioner)."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise errors.StatusError(500, "", f"strconv.ParseUint: parsing {quote(text)}: invalid syntax")
    return int(text)


def _is_revision(text: str) -> bool:
    """Whether a new object's resourceVersion is noticed: what is no number is not (upstream: etcd3/store.go:Create)."""
    return text.isascii() and text.isdigit() and bool(text.strip("0"))


def set_generation(rules: Rules, new: Tree, old: Tree) -> None:
    if rules.has_generation and rules.spec_changed(new, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
