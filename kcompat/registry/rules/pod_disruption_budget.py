"""PodDisruptionBudget (upstream: pkg/registry/policy/poddisruptionbudget, pkg/apis/policy/validation)."""

from __future__ import annotations

from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.validation import nonnegative, validate_conditions, validate_label_selector
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.fields import one_of
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.workload_validation import at_most_100_percent, positive_int_or_percent

_SPEC, _STATUS = Path("spec"), Path("status")
_MARK = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def _strip_mark(spec: Tree) -> None:
    """v1beta1's mark of empty selectors is not for others to set (StripPDBV1beta1Label)."""
    selector = spec.get("selector") or {}
    expressions = selector.get("matchExpressions") or []
    matches_none = [{"key": _MARK, "operator": "Exists"}]
    if not selector.get("matchLabels") and expressions in (matches_none, [{**matches_none[0], "operator": "DoesNotExist"}]):
        return
    if any(item.get("key") == _MARK for item in expressions):
        kept = [item for item in expressions if item.get("key") != _MARK]
        spec["selector"] = {name: value for name, value in {**selector, "matchExpressions": kept}.items() if value}


class PodDisruptionBudgetRules(Rules):
    checks_metadata = False
    allow_unconditional_update = False
    has_generation = True

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = dict.fromkeys(("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0)
        _strip_mark(obj["spec"])

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        if new["spec"].get("selector") != old["spec"].get("selector"):
            _strip_mark(new["spec"])

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj["spec"], allow_invalid_values=False)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._validate(new["spec"], bool(validate_label_selector(old["spec"].get("selector"), _SPEC)))

    def _validate(self, spec: Tree, allow_invalid_values: bool) -> list[FieldError]:
        bounds = [(name, spec[name]) for name in ("minAvailable", "maxUnavailable") if spec.get(name) is not None]
        errors: list[FieldError] = []
        if len(bounds) == 2:
            shown = go_form(spec, "policy/v1.PodDisruptionBudgetSpec")
            errors.append(invalid(_SPEC, shown, "minAvailable and maxUnavailable cannot be both set"))
        for name, value in bounds:
            errors += [*positive_int_or_percent(value, _SPEC.child(name)), *at_most_100_percent(value, _SPEC.child(name))]
        errors += validate_label_selector(spec.get("selector"), _SPEC.child("selector"), allow_invalid_values=allow_invalid_values)
        policy = spec.get("unhealthyPodEvictionPolicy")
        path = _SPEC.child("unhealthyPodEvictionPolicy")
        return errors + (one_of(policy, path, ("AlwaysAllow", "IfHealthyBudget")) if policy is not None else [])

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        status = new["status"]
        errors = validate_conditions(status.get("conditions") or (), _STATUS.child("conditions"))
        return errors + [error for name in _COUNTS for error in nonnegative(status.get(name) or 0, _STATUS.child(name))]
