"""PriorityLevelConfiguration (upstream: pkg/registry/flowcontrol/prioritylevelconfiguration, pkg/apis/flowcontrol/validation)."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.registry.declare import Tree
from kcompat.registry.rules.flow_schema import condition_errors, metadata_of_old
from kcompat.registry.rules.plain import StatusRules
from kcompat.registry.rules.pod.go_form import go_form

_SPEC, _ANNOTATIONS = Path("spec"), Path("metadata", "annotations")
_LIMITED, _EXEMPT = _SPEC.child("limited"), _SPEC.child("exempt")
_RESPONSE = _LIMITED.child("limitResponse")
_QUEUING = _RESPONSE.child("queuing")
_KEEPS_ZERO = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
_MAX_QUEUES, _MAX_BITS = 10_000_000, 60
_LIMITED_DEFAULTS = {"nominalConcurrencyShares": 30, "lendablePercent": 0}
_EXEMPT_DEFAULTS = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
_QUEUING_DEFAULTS = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
MANDATORY = {
    "exempt": {"type": "Exempt", "exempt": _EXEMPT_DEFAULTS},
    "catch-all": {
        "type": "Limited",
        "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"}, "lendablePercent": 0},
    },
}
"""Specs that stay as they are, except that of exempt in its member exempt."""


def _shares(level: Tree, path: Path) -> list[FieldError]:
    shares = level["nominalConcurrencyShares"]
    return [invalid(path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer")] if shares < 0 else []


def _lendable(level: Tree, path: Path) -> list[FieldError]:
    percent = level["lendablePercent"]
    return [] if 0 <= percent <= 100 else [invalid(path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive")]


def _limited(level: Tree) -> list[FieldError]:
    errors = _shares(level, _LIMITED) + _response(level.get("limitResponse") or {}) + _lendable(level, _LIMITED)
    percent = level.get("borrowingLimitPercent")
    if percent is not None and percent < 0:
        errors.append(invalid(_LIMITED.child("borrowingLimitPercent"), percent, "if specified, must be a non-negative integer"))
    return errors


def _response(response: Tree) -> list[FieldError]:
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind == "Queue" and queuing is not None:
        return _queues(queuing)
    return [] if kind in ("Queue", "Reject", "") else [not_supported(_RESPONSE.child("type"), kind, ("Queue", "Reject"))]


def _queues(queuing: Tree) -> list[FieldError]:
    errors = [
        invalid(_QUEUING.child(name), queuing[name], "must be positive") for name in ("queueLengthLimit", "queues") if queuing[name] <= 0
    ]
    queues, hand, path = queuing["queues"], queuing["handSize"], _QUEUING.child("handSize")
    if queues > _MAX_QUEUES:
        errors.append(invalid(_QUEUING.child("queues"), queues, f"must not be greater than {_MAX_QUEUES}"))
    if hand <= 0:
        return [*errors, invalid(path, hand, "must be positive")]
    if hand > queues:
        return [*errors, invalid(path, hand, f"should not be greater than queues ({queues})")]
    if ceil(log2(queues) * hand) > _MAX_BITS:
        detail = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_MAX_BITS}"
        errors.append(invalid(path, hand, detail))
    return errors


def _members(tree: Tree, path: Path, modes: Mapping[str, str], optional: str = "") -> list[FieldError]:
    """Each of the members belongs to one type and must be there then: declarative rules upstream, therefore after all others."""
    kind, errors = tree.get("type", ""), list[FieldError]()
    for member, mode in modes.items():
        if kind != mode and tree.get(member) is not None:
            errors.append(forbidden(path.child(member), ""))
        elif kind == mode and tree.get(member) is None and member != optional:
            errors.append(required(path.child(member)))
    return errors + ([] if kind else [required(path.child("type"))])


def _fixed(name: str, spec: Tree) -> list[FieldError]:
    if name not in MANDATORY:
        return []
    wanted, text = MANDATORY[name], f"spec of '{name}' must equal the fixed value"
    if name == "exempt":
        wanted = {key: value for key, value in {**wanted, "exempt": spec.get("exempt")}.items() if value is not None}
        text = f"spec of '{name}' except the 'spec.exempt' field must equal the fixed value"
    return [] if spec == wanted else [invalid(_SPEC, go_form(spec, "flowcontrol/v1.PriorityLevelConfigurationSpec"), text)]


def _completed(level: Tree, defaults: Tree) -> Tree:
    return {**defaults, **{name: value for name, value in level.items() if value is not None}}


class PriorityLevelConfigurationRules(StatusRules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        spec = obj["spec"]
        if (exempt := spec.get("exempt")) is not None:
            spec["exempt"] = _completed(exempt, _EXEMPT_DEFAULTS)
        if (limited := spec.get("limited")) is not None:
            limited = spec["limited"] = _completed(limited, _LIMITED_DEFAULTS)
            if (queuing := (limited.get("limitResponse") or {}).get("queuing")) is not None:
                limited["limitResponse"]["queuing"] = {name: queuing.get(name) or value for name, value in _QUEUING_DEFAULTS.items()}

    def validate(self, obj: Tree) -> list[FieldError]:
        name, spec = meta.name(obj), obj["spec"]
        kind, limited, exempt = spec.get("type", ""), spec.get("limited"), spec.get("exempt")
        errors: list[FieldError] = []
        if _KEEPS_ZERO in meta.annotations(obj):
            errors.append(forbidden(_ANNOTATIONS, f"annotation '{_KEEPS_ZERO}' is forbidden"))
        if (name == "exempt") != (kind == "Exempt"):
            errors.append(invalid(_SPEC.child("type"), kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
        if kind == "Exempt" and exempt is not None:
            errors += _shares(exempt, _EXEMPT) + _lendable(exempt, _EXEMPT)
        elif kind == "Limited" and limited is not None:
            errors += _limited(limited)
        elif kind not in ("Exempt", "Limited", ""):
            errors.append(not_supported(_SPEC.child("type"), kind, ("Exempt", "Limited")))
        errors += _fixed(name, spec) + condition_errors(obj) + _members(spec, _SPEC, {"exempt": "Exempt", "limited": "Limited"}, "exempt")
        response = (limited or {}).get("limitResponse") or {}
        return errors + ([] if limited is None else _members(response, _RESPONSE, {"queuing": "Queue"}))

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        metadata_of_old(new, old)
        new["spec"] = old["spec"]

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return condition_errors(new)
