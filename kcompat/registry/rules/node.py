"""Node (upstream: pkg/registry/core/node/strategy.go, pkg/apis/core/validation: ValidateNode, ValidateNodeUpdate)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kcompat.apimachinery import json_strict, meta
from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, internal, invalid, required
from kcompat.apimachinery.ip import cidr_warnings, is_ipv6, parse_cidr, validate_cidr_legacy
from kcompat.apimachinery.names import is_config_map_key, is_label_value, name_is_dns_label, name_is_dns_subdomain
from kcompat.apimachinery.validation import validate_label_name
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules import quantities
from kcompat.registry.rules.fields import messages, required_one_of
from kcompat.registry.rules.pod.resource_list import round_up_to_milli

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TAINTS_ANNOTATION = "scheduler.alpha.kubernetes.io/taints"
_AVOID_ANNOTATION = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_FEATURE = "[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*"
_METADATA, _SPEC, _STATUS = Path("metadata"), Path("spec"), Path("status")
_CIDRS = _SPEC.child("podCIDRs")


def validate_taints(taints: Sequence[Tree], path: Path) -> list[FieldError]:
    """validateNodeTaints."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        at, key, value, effect = path.index(index), taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        errors += validate_label_name(key, at.child("key"))
        if wrong := is_label_value(value):
            errors.append(invalid(at.child("value"), value, ";".join(wrong)))
        errors += required_one_of(effect, at.child("effect"), EFFECTS)
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
            errors.append(FieldError("FieldValueDuplicate", str(at), shown, "taints must be unique by key and effect pair"))
        seen.add((key, effect))
    return errors


def _annotations(values: Mapping[str, str], path: Path) -> list[FieldError]:
    """The alpha annotations that once held taints and pods to avoid (ValidateNodeSpecificAnnotations)."""
    errors: list[FieldError] = []
    if text := values.get(_TAINTS_ANNOTATION):
        try:
            errors += validate_taints(json_strict.loads(text.encode())[0] or (), path.child(_TAINTS_ANNOTATION))
        except (ValueError, AttributeError, TypeError) as problem:
            errors.append(invalid(path, _TAINTS_ANNOTATION, str(problem)))
    if text := values.get(_AVOID_ANNOTATION):
        try:
            entries = json_strict.loads(text.encode())[0].get("preferAvoidPods") or ()
        except (ValueError, AttributeError) as problem:
            return [*errors, invalid(path.child("AvoidPods"), _AVOID_ANNOTATION, str(problem))]
        for index, entry in enumerate(entries):
            errors += _avoided(entry, path.child(_AVOID_ANNOTATION).index(index).child("PodSignature"))
    return errors


def _avoided(entry: Tree, path: Path) -> list[FieldError]:
    owner = meta.get(entry, ("podSignature", "podController"))
    if owner is None:
        return [required(path)]
    at = path.child("PodController", "Controller")
    return [] if owner.get("controller") else [invalid(at, False, "must point to a controller")]


def _declared_features(names: Sequence[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, name in enumerate(names):
        before = names[index - 1] if index else ""
        if index and name == before:
            errors.append(duplicate(path.index(index), name))
        elif name < before:
            errors.append(invalid(path.index(index), name, "list must be sorted alphabetically"))
        if not re.fullmatch(_FEATURE, name) or len(name) > 253:
            errors.append(invalid(path.index(index), name, _wrong_feature(name)))
    return errors


def _wrong_feature(name: str) -> str:
    start = f'invalid feature name "{name}": must '
    if len(name) > 253:
        return start + "be no more than 253 characters"
    return start + "start with an UpperCamelCase segment, with subsequent segments separated by '/' " \
        "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"


def _resources(status: Tree) -> list[FieldError]:
    lists = [(_STATUS.child(kind), status.get(kind) or {}) for kind in ("capacity", "allocatable")]
    return [error for path, amounts in lists for name, text in amounts.items() for error in quantities.amount(name, text, path.child(name))]


def _pod_cidrs(cidrs: Sequence[str]) -> list[FieldError]:
    errors = [error for index, cidr in enumerate(cidrs) for error in validate_cidr_legacy(_CIDRS.index(index), cidr)]
    if len(cidrs) > 1 and (bad := next(((index, cidr) for index, cidr in enumerate(cidrs) if parse_cidr(cidr) is None), None)):
        wrong = f"invalid CIDR[{bad[0]}]: <nil> (invalid CIDR address: {bad[1]})"
        errors.append(internal(_CIDRS, f"invalid PodCIDRs. failed to check with dual stack with error:{wrong}"))
    dual = len({is_ipv6(cidr.partition("/")[0]) for cidr in cidrs}) == 2
    if len(cidrs) > 2 or (len(cidrs) == 2 and not dual):
        errors.append(invalid(_CIDRS, list(cidrs), "may specify no more than one CIDR for each IP family"))
    return errors


def _config_source(source: Tree | None, path: Path, status: bool) -> list[FieldError]:
    """The removed dynamic kubelet configuration, still checked where an old node has one."""
    if source is None:
        return []
    reference, at = source.get("configMap"), path.child("configMap")
    if reference is None:
        return [invalid(path, {"ConfigMap": None}, "exactly one reference subfield must be non-nil")]
    errors: list[FieldError] = []
    for name in ("uid", "resourceVersion"):
        if status and not reference.get(name):
            errors.append(required(at.child(name)))
        elif not status and reference.get(name):
            errors.append(forbidden(at.child(name), f"{name} must not be set in spec"))
    checks = (("namespace", name_is_dns_label), ("name", name_is_dns_subdomain), ("kubeletConfigKey", is_config_map_key))
    for name, check in checks:
        value = reference.get(name, "")
        errors += messages(value, at.child(name), check) if value else [required(at.child(name))]
    return errors


def _validate_node(node: Tree) -> list[FieldError]:
    spec, status = node["spec"], node["status"]
    capacity = meta.get(status, ("nodeInfo", "swap", "capacity"), 1)
    return [
        *_annotations(meta.annotations(node), _METADATA.child("annotations")),
        *validate_taints(spec.get("taints") or (), _METADATA.child("taints")),
        *_resources(status),
        *([invalid(_METADATA.child("nodeSwapStatus", "capacity"), capacity, "must be greater than zero")] if capacity <= 0 else ()),
        *_declared_features(status.get("declaredFeatures") or (), _STATUS.child("declaredFeatures")),
        *_pod_cidrs(spec.get("podCIDRs") or ()),
    ]


def _validate_change(new: Tree, old: Tree) -> list[FieldError]:
    """ValidateNodeUpdate."""
    spec, before, status = new["spec"], old["spec"], new["status"]
    errors = _annotations(meta.annotations(new), _METADATA.child("annotations")) + _resources(status)
    errors += _declared_features(status.get("declaredFeatures") or (), _STATUS.child("declaredFeatures"))
    errors += _addresses(status.get("addresses") or ())
    if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
        errors.append(forbidden(_CIDRS, 'node updates may not change podCIDR except from "" to valid'))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        verb = "modified" if spec.get("providerID") else "cleared"
        errors.append(invalid(_SPEC.child("providerID"), None, f"field cannot be {verb} once set"))
    errors += _config_source(spec.get("configSource"), _SPEC.child("configSource"), status=False)
    for name in ("assigned", "active", "lastKnownGood"):
        errors += _config_source(meta.get(status, ("config", name)), _STATUS.child("config", name), status=True)
    errors += validate_taints(spec.get("taints") or (), _METADATA.child("taints"))
    if spec.get("externalID") != before.get("externalID"):
        errors.append(forbidden(_SPEC.child("externalID"), "may not be updated"))
    return errors


def _addresses(addresses: Sequence[Tree]) -> list[FieldError]:
    keys = [(address.get("type", ""), address.get("address", "")) for address in addresses]
    shown = [{"Type": kind, "Address": address} for kind, address in keys]
    return [duplicate(_STATUS.child("addresses").index(index), shown[index]) for index, key in enumerate(keys) if key in keys[:index]]


class NodeRules(Rules):
    def default(self, obj: Tree) -> None:
        """Allocatable follows capacity; podCIDR and podCIDRs are kept in step (core/v1: Convert_v1_NodeSpec_To_core_NodeSpec)."""
        spec, status = obj["spec"], obj["status"]
        single, plural = spec.get("podCIDR"), spec.get("podCIDRs") or []
        if single and plural[:1] != [single]:
            spec["podCIDRs"] = [single]
        elif plural:
            spec["podCIDR"] = plural[0]
        if "allocatable" not in status and "capacity" in status:
            status["allocatable"] = dict(status["capacity"])
        for name in ("capacity", "allocatable"):
            if status.get(name):
                round_up_to_milli(status[name])

    def prepare_for_create(self, obj: Tree) -> None:
        """Nodes register with their status."""
        obj["spec"].pop("configSource", None)
        obj["spec"].pop("podPreemptionPolicy", None)
        obj["status"].pop("config", None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")
        for name in ("configSource", "podPreemptionPolicy"):
            if old["spec"].get(name) is None:
                new["spec"].pop(name, None)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "spec")
        if meta.get(old, ("status", "config")) is None:
            new["status"].pop("config", None)

    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_node(obj)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return _validate_node(new) + _validate_change(new, old)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return _validate_change(new, old)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        spec = new["spec"]
        found = ["spec.configSource: the feature is removed"] if spec.get("configSource") is not None else []
        if spec.get("externalID"):
            found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
        return found + [text for index, cidr in enumerate(spec.get("podCIDRs") or ()) for text in cidr_warnings(_CIDRS.index(index), cidr)]
