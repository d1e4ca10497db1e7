"""What a resource is: frozen data, declared in `registry/groups/*`, completed from the API facts by `registry/catalog.py`.

Only what differs from the defaults is written down. The rules of a kind (defaulting, preparation, validation) are pure
functions of JSON trees, gathered in a `Rules` subclass in `registry/rules/<kind>.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.user import UserInfo
from kcompat.apimachinery.validation import unchanged

Tree = dict[str, Any]
Cell = str | int | float | bool | None | list[Any]


class Rules:
    """The rules of a kind; the base does what every kind does. Upstream: rest.RESTCreateStrategy and rest.RESTUpdateStrategy.

    Trees given as `obj`/`new` are private to the request and may be changed in place; `old` must never be changed.
    ObjectMeta's own rules are applied by `registry/store.py`, not here.
    """

    allow_create_on_update: bool = False
    """PUT to an absent name creates it (upstream: AllowCreateOnUpdate)."""
    status_apply_creates: bool = False
    """So does an apply to an absent name's status (upstream: StatusREST.Update hands on forceAllowCreate)."""
    allow_unconditional_update: bool = True
    """PUT without resourceVersion overwrites (upstream: AllowUnconditionalUpdate)."""
    has_generation: bool = False
    """metadata.generation starts at 1 and grows when the spec changes."""
    first_generation: bool = True
    """False: at first metadata.generation is what the client says, or none."""
    garbage_collection: str = "DeleteDependents"
    """What deletion does to dependents when not asked: DeleteDependents, OrphanDependents, or Unsupported (upstream: DefaultGarbageCollectionPolicy)."""
    generate_name_length: int = 63 - 5
    generates_names: bool = True
    """A name made of generateName ends in a suffix; False: it is generateName itself (IP addresses)."""
    checks_metadata: bool = True
    """Validation looks at ObjectMeta. False: only when all else is well, and then any path segment is a name (upstream: rest.ValidateCreate)."""

    converted_annotations: tuple[str, ...] = ()
    """Annotations that hold what the served version has no field for: Tables and metadata-only answers, made of internal objects upstream,
    do not show them."""
    deletion_warning: str = ""
    """Text of the `Warning` header of deletions that do not say what becomes of the dependents."""
    own_preconditions: str = ""
    """How the kind's own deletion begins to say which precondition is not met, in the words of updates (namespaces, definitions)."""
    propagates_when_marked: bool = True
    """What is to become of the dependents is noted when an object is marked for deletion by begin_deletion."""

    def default(self, obj: Tree) -> None:
        """Sets the versioned defaults (upstream: pkg/apis/<group>/<version>/defaults.go)."""

    def requested_by(self, obj: Tree, user: UserInfo) -> None:
        """Writes who asks into a new object, where the kind records it (certificate signing requests)."""

    def prepare_for_create(self, obj: Tree) -> None:
        """Drops what a creator may not set: status, disabled fields (upstream: PrepareForCreate)."""
        obj.pop("status", None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """Keeps what an updater may not change: status (upstream: PrepareForUpdate). Generation is kept by the store (see spec_changed)."""
        keep(new, old, "status")

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        """Whether this update raises metadata.generation. Used when has_generation."""
        return not unchanged(new.get("spec"), old.get("spec"))

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        """A status update changes only status; labels and annotations too where the strategy lets them through."""
        for name in [*new]:
            if name not in ("status", "metadata", "kind", "apiVersion"):
                del new[name]
        for name, value in old.items():
            if name not in ("status", "metadata", "kind", "apiVersion"):
                new[name] = value

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        """Every rule on a new object except ObjectMeta's generic ones (upstream: Validate)."""
        return ()

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        """Every rule on an update, immutability included (upstream: ValidateUpdate). Default: as for a new object."""
        return self.validate(new)

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return ()

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        """Upstream's name function for the kind; `prefix` for a generateName. Default: DNS-1123 subdomain."""
        from kcompat.apimachinery.names import name_is_dns_subdomain

        return name_is_dns_subdomain(name, prefix)

    def validate_own_name(self, obj: Tree, name: str, prefix: bool) -> Sequence[str]:
        """The same, where what may be a name depends on the rest of the object."""
        return self.validate_name(name, prefix)

    def own_name_errors(self, obj: Tree) -> list[FieldError]:
        """For updates that may change what the name depends on."""
        found = []
        for member in ("generateName", "name"):
            if name := obj["metadata"].get(member, ""):
                found += [invalid(Path("metadata", member), name, why) for why in self.validate_own_name(obj, name, member != "name")]
        return found

    def grace_period(self, obj: Tree, requested: int | None) -> int | None:
        """Seconds of graceful deletion; None: the kind does not delete gracefully (upstream: CheckGracefulDelete). Only pods do."""
        return None

    def check_deletion(self, name: str) -> str:
        """Why an object of this name may never be deleted; "": it may."""
        return ""

    def begin_deletion(self, obj: Tree) -> bool:
        """Changes an object at its first deletion. True: it is only marked now and deleted by a later request (namespaces)."""
        return False

    def awaits_more(self, obj: Tree) -> bool:
        """Whether further deletions of an object that is being deleted change nothing yet (namespaces with finalizers in their spec)."""
        return False

    def held(self, obj: Tree) -> bool:
        """Whether something must still happen before the object may go: finalizers."""
        return bool(obj["metadata"].get("finalizers"))

    def canonicalize(self, obj: Tree) -> None:
        """Last normalisation before storage (upstream: Canonicalize)."""

    def status_warnings(self, new: Tree) -> Sequence[str]:
        """Texts of `Warning` headers for an update of the status."""
        return ()

    def preparation_warnings(self, obj: Tree) -> Sequence[str]:
        """Warnings of what `prepare_for_create` will change, told even when the object is refused then."""
        return ()

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        """Texts of `Warning` headers for a create (old None) or update (upstream: WarningsOnCreate, WarningsOnUpdate)."""
        return ()


def keep(new: Tree, old: Tree, *names: str) -> None:
    """Restores top-level fields of `new` to what `old` has."""
    for name in names:
        if name in old:
            new[name] = old[name]
        else:
            new.pop(name, None)


class CellFunction(Protocol):
    def __call__(self, obj: Tree, now: datetime) -> Cell: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A Table column. `cell` computes it (upstream: pkg/printers/internalversion/printers.go). Without a name it is a cell that upstream
    puts into rows but does not define."""

    name: str
    cell: CellFunction
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


FieldGetter = Callable[[Tree], str]


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource served by an `action` or, for status and scale, by the generic store."""

    name: str
    verbs: tuple[str, ...]
    kind: str
    group: str = ""
    version: str = "v1"
    tables: bool = True
    """It can be shown as a Table (upstream: the REST storage is a TableConvertor)."""


@dataclass(frozen=True, slots=True)
class Status(Subresource):
    name: str = "status"
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Scale(Subresource):
    """autoscaling/v1 Scale over an object. Paths are dotted, from the root."""

    name: str = "scale"
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = "Scale"
    group: str = "autoscaling"
    version: str = "v1"
    replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ".spec.selector"


@dataclass(frozen=True, slots=True)
class Action(Subresource):
    """A subresource (or a create-only resource) with behaviour of its own. `handler` is `api/actions/<file>.py`'s coroutine function."""

    tables: bool = False
    handler: str = ""
    """Name of the module in api/actions/ that carries it out."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource in one version. Facts (scope, verbs, short names, categories) are filled in by the catalog."""

    name: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    singular: str = ""
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    list_kind: str = ""
    storage_version_hash: str = ""
    rules: Rules = field(default_factory=Rules)
    columns: tuple[Column, ...] = ()
    row_order: Callable[[Tree], Any] | None = None
    """Sorts the rows of a Table, where upstream does."""
    row_conditions: Callable[[Tree], list[Tree]] | None = None
    """Conditions of a Table row (pods: completed)."""
    fields: Mapping[str, FieldGetter] = field(default_factory=dict)
    """Field labels for field selectors beyond metadata.name and metadata.namespace."""
    stored_fields: Mapping[str, FieldGetter] = field(default_factory=dict)
    """The labels of all resources that are stored at this place, if they are several."""
    namespace_label: bool = True
    """Whether metadata.namespace is a field label: kinds with labels of their own forget it where they have no namespace."""
    field_label_error: str = ""
    """How a field label the resource does not have is refused, where that is not the usual way; {} stands for the label."""
    deprecated: str = ""
    """The Warning that every answer carries (upstream: APILifecycleDeprecated)."""
    subresources: tuple[Subresource, ...] = ()
    store: str = ""
    """Path under /registry/: "pods", "services/specs", "minions". Default: the resource's name."""
    storage_group: str = ""
    storage_version: str = ""
    """The version stored, when not this one; `to_storage`/`from_storage` convert."""
    to_storage: Callable[[Tree], Tree] | None = None
    from_storage: Callable[[Tree], Tree] | None = None
    adopt: Callable[[Tree], Tree] | None = None
    """Brings what a kube-apiserver stored in yet another version into the one stored. None: its fields are the same."""
    action: str = ""
    """Not stored (subjectaccessreviews, bindings, …): module in api/actions/ that answers its create."""
    returns_deleted: bool = False
    """A delete answers with the object instead of a Status (upstream: ReturnDeletedObject)."""
    ttl: str = ""
    """Name of the setting that gives objects a lease ("event_ttl")."""
    indexes: tuple[str, ...] = ()
    """Field labels the watch cache keeps an index of (pods by spec.nodeName)."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`; core resources have no group part."""
        return f"{self.name}.{self.group}" if self.group else self.name

    def subresource(self, name: str) -> Subresource | None:
        return next((s for s in self.subresources if s.name == name), None)
