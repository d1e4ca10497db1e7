"""ResourceQuota (upstream: pkg/registry/core/resourcequota, pkg/apis/core/validation: ValidateResourceQuota)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.quantity import parse
from kcompat.apimachinery.validation import IMMUTABLE
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.pod.resource_list import round_up_to_milli
from kcompat.registry.rules.quantities import amount, is_standard, resource_name

_SPEC, _STATUS = Path("spec"), Path("status")
_COMPUTE = frozenset(("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))
_OF_PODS = _COMPUTE | {"pods"}
_OF_CLAIMS = frozenset(("persistentvolumeclaims", "requests.storage"))
_SCOPES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"), _OF_PODS),
    "BestEffort": frozenset({"pods"}), "VolumeAttributesClass": _OF_CLAIMS,
}
"""Scopes and the standard resources they can be applied to."""
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_ONLY_EXISTS = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_EXISTS = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " \
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"


def _is_standard(name: str) -> bool:
    """IsStandardQuotaResourceName: every standard resource but plain storage."""
    return name != "storage" and is_standard(name)


def _amounts(amounts: Mapping[str, str], path: Path) -> Iterable[FieldError]:
    for name, text in amounts.items():
        yield from resource_name(name, path.key(name))
        if "/" not in name and not _is_standard(name):
            yield invalid(path.key(name), name, "must be a standard resource for quota")
        yield from amount(name, text, path.key(name))


def _misapplied(scope: str, spec: Tree) -> int:
    """How many limits the scope does not apply to."""
    fitting = _SCOPES.get(scope)
    return sum(_is_standard(name) and name not in fitting for name in spec.get("hard") or ()) if fitting is not None else 0


def _conflicts(scopes: Iterable[str], spec: Tree, path: Path) -> list[FieldError]:
    present = set(scopes)
    return [invalid(path, spec.get("scopes"), "conflicting scopes") for pair in _CONFLICTS if pair <= present]


def _validate_scopes(spec: Tree) -> list[FieldError]:
    scopes, path = spec.get("scopes") or [], _SPEC.child("scopes")
    errors = []
    for scope in scopes:
        errors += [invalid(path, scopes, "unsupported scope")] if scope not in _SCOPES else []
        errors += [invalid(path, scopes, "unsupported scope applied to resource")] * _misapplied(scope, spec)
    return errors + _conflicts(scopes, spec, path)


def _validate_selector(spec: Tree) -> list[FieldError]:
    selector, path = spec.get("scopeSelector"), _SPEC.child("scopeSelector", "matchExpressions")
    if selector is None:
        return []
    expressions = selector.get("matchExpressions") or ()
    errors: list[FieldError] = []
    for item in expressions:
        scope = item.get("scopeName", "")
        errors += [invalid(path.child("scopeName"), scope, "unsupported scope")] if scope not in _SCOPES else []
        errors += [invalid(path, _shown(expressions), "unsupported scope applied to resource")] * _misapplied(scope, spec)
        errors += _operator(scope, item, path)
    return errors + _conflicts((item.get("scopeName", "") for item in expressions), spec, path)


def _shown(expressions: Sequence[Tree]) -> Tree:
    """Upstream's internal struct."""
    names = (("ScopeName", "scopeName", ""), ("Operator", "operator", ""), ("Values", "values", None))
    return {"MatchExpressions": [{internal: item.get(name, absent) for internal, name, absent in names} for item in expressions]}


def _operator(scope: str, item: Tree, path: Path) -> list[FieldError]:
    operator, values = item.get("operator", ""), item.get("values") or []
    errors = []
    if scope in _ONLY_EXISTS and operator != "Exists":
        errors.append(invalid(path.child("operator"), operator, _EXISTS))
    if operator in ("In", "NotIn"):
        needs = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        errors += [] if values else [required(path.child("values"), needs)]
    elif operator in ("Exists", "DoesNotExist"):
        refuses = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        errors += [invalid(path.child("values"), values, refuses)] if values else []
    else:
        errors.append(invalid(path.child("operator"), operator, "not a valid selector operator"))
    return errors


class ResourceQuotaRules(Rules):
    def default(self, obj: Tree) -> None:
        for amounts in (obj["spec"].get("hard"), *(obj["status"].get(name) for name in ("hard", "used"))):
            round_up_to_milli(amounts or {})

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {}

    def validate(self, obj: Tree) -> list[FieldError]:
        spec = obj["spec"]
        return [*_amounts(spec.get("hard") or {}, _SPEC.child("hard")), *_validate_scopes(spec), *_validate_selector(spec)]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        scopes = new["spec"].get("scopes")
        changed = set(scopes or ()) != set(old["spec"].get("scopes") or ())
        return self.validate(new) + ([invalid(_SPEC.child("scopes"), scopes, IMMUTABLE)] if changed else [])

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        status = new["status"]
        return [error for name in ("hard", "used") for error in _amounts(status.get(name) or {}, _STATUS.child(name))]

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        if old is not None:
            return ()
        hard, found = new["spec"].get("hard") or {}, []
        for name in ("cpu", "memory", "storage", "ephemeral-storage"):
            request, limit = f"requests.{name}", f"limits.{name}"
            if request not in hard and name in ("cpu", "memory"):
                request = name
            if request in hard and limit in hard and parse(hard[request]) > parse(hard[limit]):
                found.append(f"ResourceQuota {request} ({hard[request]}) should be less than {limit} ({hard[limit]})")
        return found
