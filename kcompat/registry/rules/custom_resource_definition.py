"""CustomResourceDefinition (upstream: apiextensions-apiserver pkg/registry/customresourcedefinition and its validation)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.names import name_is_dns_subdomain
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.structural.defaults import has_unpruned, with_coerced
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.crd_internal import as_written, below, internal, root_schemas
from kcompat.registry.rules.crd_schema import Strictness, has_bad_types, has_loose_keys, has_loose_sets, is_structural
from kcompat.registry.rules.crd_spec import Allowances, names_errors, spec_errors
from kcompat.registry.rules.webhook_client import is_bundle

CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
APPROVAL = "api-approved.kubernetes.io"
_SPEC, _STORED = Path("spec"), Path("status", "storedVersions")
_APPROVAL = Path("metadata", "annotations").key(APPROVAL)
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"
_KEPT = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
_MISSING = "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a storage migration " \
    "ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
_SET_ITEMS = "x-kubernetes-list-type: set for items of type {} is not supported by server-side apply or CEL validation rules"
_TERMINATING = {
    "type": "Terminating", "status": "True", "reason": "InstanceDeletionPending",
    "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
}
_STRING_FORMATS = frozenset((
    "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10",
    "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "k8sshortname",
    "k8slongname",
))
_NUMBER_FORMATS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def is_approved(annotation: str) -> bool:
    """Whether an API of the project's own groups says where it was approved, or that it is not."""
    parts = urlsplit(annotation)
    return annotation.startswith("unapproved") or bool(parts.scheme and parts.netloc)


def _approval(obj: Tree, old: Tree | None) -> list[FieldError]:
    group = obj["spec"].get("group", "")
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return []
    new, before = (meta.annotations(tree).get(APPROVAL, "") if tree else None for tree in (obj, old))
    if not new:
        detail = f"protected groups must have approval annotation {quote(APPROVAL)}, {_SEE}"
        return [] if before == "" else [required(_APPROVAL, detail)]
    if is_approved(new) or (before and not is_approved(before)):
        return []
    detail = f"protected groups must have approval annotation {quote(APPROVAL)} with either a URL or a reason starting with " \
        f'"unapproved", {_SEE}'
    return [invalid(_APPROVAL, new, detail)]


def _stored_versions(obj: Tree) -> list[FieldError]:
    versions, stored = obj["spec"].get("versions") or (), list((obj.get("status") or {}).get("storedVersions") or ())
    if not stored:
        return [invalid(_STORED, None, "must have at least one stored version")]
    errors, unmet = list[FieldError](), dict.fromkeys(stored)
    for version in versions:  # each stored version answers for one; upstream takes it off its list
        if version["storage"] and version["name"] not in unmet:
            errors.append(invalid(_STORED, stored, f"must have the storage version {version['name']}"))
        unmet.pop(version["name"], None)
    return errors + [invalid(_STORED.index(index), name, _MISSING.format(name)) for index, name in enumerate(stored) if name in unmet]


def _all(spec: Tree, bad: Callable[[Tree], bool]) -> bool:
    """Whether no schema is bad."""
    return not any(bad(schema) for schema in root_schemas(spec))


def _allowances(new: Tree, old: Tree, established: bool) -> Allowances:
    """What the old spec has wrong already."""
    validated = (old.get("validation") or {}).get("openAPIV3Schema") is not None
    strict = Strictness(
        schema=validated or all((version.get("schema") or {}).get("openAPIV3Schema") is not None for version in old["versions"]),
        structural=_all(old, lambda schema: not is_structural(schema)),
        pruned_defaults=_all(old, lambda schema: is_structural(schema) and has_unpruned(schema)),
        types=_all(old, has_bad_types), atomic_sets=_all(old, has_loose_sets), keys=_all(old, has_loose_keys),
    )
    webhook = (old.get("conversion") or {}).get("webhook") or {}
    reviews, bundle = webhook.get("conversionReviewVersions") or (), (webhook.get("clientConfig") or {}).get("caBundle")
    before = {version["name"]: version.get("selectableFields") for version in old["versions"]} | {"": old.get("selectableFields")}
    after = {version["name"]: version.get("selectableFields") for version in new["versions"]} | {"": new.get("selectableFields")}
    return Allowances(
        strict, any_review_version=bool(reviews) and not set(reviews) & {"v1", "v1beta1"},
        any_bundle=not established or bool(bundle and not is_bundle(b64decode(bundle))),
        selectable=frozenset(name for name, fields in after.items() if fields and fields == before.get(name)),
    )


def _spec(spec: Tree, allowed: Allowances) -> list[FieldError]:
    return spec_errors(spec, allowed, not _all(spec, lambda schema: any(child.get("default") is not None for child in below(schema))))


def _formats(spec: Tree) -> list[str]:
    """Formats that nothing is known of."""
    schemas = [child for schema in root_schemas(spec) for child in below(schema) if child.get("format")]
    return [schema["format"] for schema in schemas if not _is_format(schema["format"], schema.get("type", ""))]


def _is_format(form: str, kind: str) -> bool:
    if kind in ("", "string"):
        return form.replace("-", "") in _STRING_FORMATS
    return form in _NUMBER_FORMATS.get(kind, ())


def _sets(spec: Tree) -> Iterable[str]:
    """Warnings of sets whose items are no scalars."""
    schemas = (child for schema in root_schemas(spec) for child in below(schema) if child.get("x-kubernetes-list-type") == "set")
    kinds = {schema["items"].get("type") for schema in schemas if isinstance(schema.get("items"), dict)}
    return [_SET_ITEMS.format(quote(kind)) for kind in sorted(kinds & {"object", "array"})]


def _canonical_version(version: Tree) -> Tree:
    """Validation of defaults coerces the metadata in them, and that stays."""
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return version
    fresh = as_written(with_coerced(schema) if is_structural(schema) else schema)
    return {**version, "schema": {**version["schema"], "openAPIV3Schema": fresh}}


class CustomResourceDefinitionRules(Rules):
    """The clock stamps the condition of one that is deleted."""

    allow_unconditional_update = False
    has_generation = True
    own_preconditions = "precondition failed"
    propagates_when_marked = False

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        spec = obj["spec"]
        names, conversion = spec["names"], spec.setdefault("conversion", {"strategy": "None"})
        kind = names.get("kind", "")
        if not names.get("singular") and kind:
            names["singular"] = kind.lower()
        if not names.get("listKind") and kind:
            names["listKind"] = f"{kind}List"
        service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)
        if not obj["status"].get("storedVersions"):
            self._store_version(obj)

    def _store_version(self, obj: Tree) -> None:
        """The storage version is among the stored ones."""
        status, stored = obj["status"], list(obj["status"].get("storedVersions") or ())
        name = next((version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")), None)
        if name is not None and name not in stored:
            obj["status"] = {**status, "storedVersions": [*stored, name]}

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": None}
        self._store_version(obj)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")
        self._store_version(new)

    def validate_own_name(self, obj: Tree, name: str, prefix: bool) -> Sequence[str]:
        spec, problems = obj["spec"], list(name_is_dns_subdomain(name, prefix))
        if name != f"{spec['names'].get('plural', '')}.{spec.get('group', '')}":
            problems.append('must be spec.names.plural+"."+spec.group')
        return problems

    def validate(self, obj: Tree) -> list[FieldError]:
        return _spec(internal(obj["spec"]), Allowances()) + self._rest(obj, None)

    def _rest(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        errors = self.validate_status_update(obj, obj) + _stored_versions(obj) + _approval(obj, old)
        if obj["spec"].get("preserveUnknownFields") and not (old or {"spec": {}})["spec"].get("preserveUnknownFields"):
            errors.append(invalid(_SPEC.child("preserveUnknownFields"), True, _KEPT))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        established = meta.is_condition_true(meta.conditions(old), "Established")
        spec, before = internal(new["spec"]), internal(old["spec"])
        errors = _spec(spec, _allowances(spec, before, established))
        frozen = [("scope",), ("names", "kind")] if established else []
        for path in (*frozen, ("group",), ("names", "plural")):
            errors += immutable(meta.get(spec, path, ""), meta.get(before, path, ""), _SPEC.child(*path))
        return errors + self._rest(new, old)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return names_errors((new.get("status") or {}).get("acceptedNames") or {}, Path("status", "acceptedNames"))

    def canonicalize(self, obj: Tree) -> None:
        if versions := obj["spec"].get("versions"):
            obj["spec"] = {**obj["spec"], "versions": [_canonical_version(version) for version in versions]}

    def begin_deletion(self, obj: Tree) -> bool:
        """Its objects go first."""
        finalizers = obj["metadata"].get("finalizers") or ()
        if CLEANUP_FINALIZER not in finalizers:
            obj["metadata"]["finalizers"] = [*finalizers, CLEANUP_FINALIZER]
        conditions = meta.set_condition(meta.conditions(obj), _TERMINATING, rfc3339(self.clock.now()))
        obj["status"] = {**obj["status"], "conditions": list(conditions)}
        return True

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        spec, before = internal(new["spec"]), internal(old["spec"]) if old else None
        known, warned = (_formats(before), _sets(before)) if before else ((), ())
        formats = [f"unrecognized format {quote(form)}" for form in _formats(spec) if form not in known]
        return formats + [text for text in _sets(spec) if text not in warned]
