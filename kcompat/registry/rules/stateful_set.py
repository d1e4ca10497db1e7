"""Rules of StatefulSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/{defaults,conversion}.go and pkg/registry/apps/statefulset/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError
from kcompat.apimachinery.validation import validate_annotations, validate_labels
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.pod import spec as pod_spec
from kcompat.registry.rules.pod.checks import dns_label
from kcompat.registry.rules.pod.defaults import default_claim_spec
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.go_form import go_form, go_list
from kcompat.registry.rules.pod.options import NEW_TEMPLATE, Options, for_update
from kcompat.registry.rules.pod.resource_list import round_up_to_milli
from kcompat.registry.rules.pod.warnings import claim_warnings
from kcompat.registry.rules.volume_claim import claim_spec
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC, STATUS

_COUNTERS: Final = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
_RETENTION: Final = ("Retain", "Delete")
_POD_MANAGEMENT: Final = ("OrderedReady", "Parallel")


class StatefulSetRules(WorkloadRules):
    names_pods = False

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return names.name_is_dns_label(name, prefix)

    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        spec["podManagementPolicy"] = spec.get("podManagementPolicy") or "OrderedReady"
        strategy = spec.setdefault("updateStrategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
            default(strategy, "rollingUpdate", {})
        if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
            default(strategy["rollingUpdate"], "partition", 0)
            default(strategy["rollingUpdate"], "maxUnavailable", 1)
        default(spec, "persistentVolumeClaimRetentionPolicy", {})
        retention = spec["persistentVolumeClaimRetentionPolicy"]
        retention["whenDeleted"] = retention.get("whenDeleted") or "Retain"
        retention["whenScaled"] = retention.get("whenScaled") or "Retain"
        default(spec, "replicas", 1)
        default(spec, "revisionHistoryLimit", 10)
        for claim in spec.get("volumeClaimTemplates") or ():
            _default_claim(claim)

    def empty_status(self) -> Tree:
        return {"replicas": 0, "availableReplicas": 0}

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return _spec(obj["spec"], NEW_TEMPLATE, is_new=True, check_template=True)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        """A template that was invalid before is not looked at again."""
        spec, before = new["spec"], old["spec"]
        template = before.get("template") or {}
        options = for_update(template.get("spec") or {}, template.get("metadata"), is_pod=False)
        was_valid = not _spec(before, options, is_new=False, check_template=True)
        errors = _spec(spec, options, is_new=False, check_template=was_valid)
        errors += check.immutable(spec, before, "selector")
        if not same(spec.get("volumeClaimTemplates") or [], before.get("volumeClaimTemplates") or []):
            shown = go_list(spec.get("volumeClaimTemplates"), "core/v1.PersistentVolumeClaim")
            errors.append(field.invalid(SPEC.child("volumeClaimTemplates"), shown, check.IMMUTABLE))
        if (spec.get("serviceName") or "") != (before.get("serviceName") or ""):
            errors.append(field.invalid(SPEC.child("serviceName"), spec.get("serviceName") or "", check.IMMUTABLE))
        return [*errors, *check.immutable(spec, before, "podManagementPolicy")]

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        status = new.get("status") or {}
        errors = check.nonnegative(status, STATUS, "replicas", *_COUNTERS, "observedGeneration", "collisionCount")
        errors += check.at_most(status, _COUNTERS, "replicas")
        return [*errors, *check.at_most(status, ("availableReplicas",), "readyReplicas"), *check.not_decremented(new, old)]

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        texts, spec = [*super().warnings(new, old)], new["spec"]
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            at = SPEC.child("volumeClaimTemplates").index(index)
            texts += claim_warnings(claim.get("spec") or {}, at if old is None else at.child("Spec"))
        if (spec.get("revisionHistoryLimit") or 0) < 0:
            detail = "a negative value retains all historical revisions; a value >= 0 is recommended"
            texts.append(f"spec.revisionHistoryLimit: {detail}")
        return texts


def _spec(spec: Tree, options: Options, *, is_new: bool, check_template: bool) -> list[FieldError]:
    """ValidateStatefulSetSpec."""
    errors: list[FieldError] = []
    if (policy := spec.get("podManagementPolicy") or "") not in _POD_MANAGEMENT:
        here = SPEC.child("podManagementPolicy")
        errors.append(field.invalid(here, policy, "must be 'OrderedReady' or 'Parallel'") if policy else field.required(here))
    errors += _update_strategy(spec.get("updateStrategy") or {})
    retention, at = spec.get("persistentVolumeClaimRetentionPolicy"), SPEC.child("persistentVolumeClaimRetentionPolicy")
    for name in ("whenDeleted", "whenScaled") if retention is not None else ():
        if (when := (retention or {}).get(name) or "") not in _RETENTION:
            errors.append(field.not_supported(at.child(name), when, _RETENTION))
    for index, claim in enumerate((spec.get("volumeClaimTemplates") or ()) if is_new else ()):
        errors += claim_spec(claim.get("spec") or {}, SPEC.child("volumeClaimTemplates").index(index).child("spec"))
    errors += check.nonnegative(spec, SPEC, "replicas", "minReadySeconds")
    if (start := (spec.get("ordinals") or {}).get("start") or 0) < 0:
        errors.append(field.invalid(SPEC.child("ordinals.start"), start, check.NOT_NEGATIVE))
    if is_new and (service := spec.get("serviceName")):
        errors += dns_label(service, SPEC.child("serviceName"))
    errors += check.selector(spec.get("selector"), "statefulset")
    return errors + _template(spec, options, check_template)


def _update_strategy(strategy: Tree) -> list[FieldError]:
    at, kind, rolling = SPEC.child("updateStrategy"), strategy.get("type") or "", strategy.get("rollingUpdate")
    if not kind:
        return [field.required(at)]
    if kind == "OnDelete":
        if rolling is None:
            return []
        shown = go_form(rolling, "apps/v1.RollingUpdateStatefulSetStrategy")
        return [field.invalid(at.child("rollingUpdate"), shown, "only allowed for updateStrategy 'RollingUpdate'")]
    if kind != "RollingUpdate":
        shown = go_form(strategy, "apps/v1.StatefulSetUpdateStrategy")
        return [field.invalid(at, shown, "must be 'RollingUpdate' or 'OnDelete'")]
    return [] if rolling is None else _rolling_update(rolling, at.child("rollingUpdate"))


def _rolling_update(rolling: Tree, at: field.Path) -> list[FieldError]:
    errors = check.nonnegative(rolling, at, "partition")
    if (unavailable := rolling.get("maxUnavailable")) is None:
        return errors
    here = at.child("maxUnavailable")
    errors += check.positive_int_or_percent(unavailable, here)
    if check.amount(unavailable) == 0:
        errors.append(field.invalid(here, unavailable, "cannot be 0"))
    return [*errors, *check.at_most_100_percent(unavailable, here)]


def _template(spec: Tree, options: Options, check_template: bool) -> list[FieldError]:
    """The template as the controller will complete it: with the claims as volumes, without host names."""
    at, template, selector = SPEC.child("template"), spec.get("template") or {}, check.parsed(spec.get("selector"))
    errors: list[FieldError] = []
    if selector is None:
        errors.append(field.invalid(SPEC.child("selector"), check.shown_selector(spec.get("selector")), ""))
    else:
        completed, metadata = _completed(template, spec), template.get("metadata") or {}
        if not selector.empty and not selector.matches(check.labels_of(template)):
            errors.append(check.mismatch(template, at))
        if check_template:
            errors += pod_spec.template(completed, at, options)
        annotations = metadata.get("annotations") or {}
        errors += validate_labels(metadata.get("labels") or {}, at.child("labels"))
        errors += validate_annotations(annotations, at.child("annotations"))
        errors += pod_spec.pod_annotations(annotations, completed["spec"], at.child("annotations"), options)
    return errors + check.always_restarted(template, "StatefulSet", at)


def _completed(template: Tree, spec: Tree) -> Tree:
    pods = {name: value for name, value in (template.get("spec") or {}).items() if name not in ("subdomain", "hostname")}
    if claims := spec.get("volumeClaimTemplates"):
        named = dict.fromkeys((claim.get("metadata") or {}).get("name") or "" for claim in claims)
        made = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in named]
        pods["volumes"] = made + [volume for volume in pods.get("volumes") or () if volume.get("name") not in named]
    return {**template, "spec": pods}


def _default_claim(claim: Tree) -> None:
    claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
    status = claim.setdefault("status", {})
    status["phase"] = status.get("phase") or "Pending"
    default_claim_spec(claim.setdefault("spec", {}))
    for member in ("capacity", "allocatedResources"):
        round_up_to_milli(status.get(member) or {})
