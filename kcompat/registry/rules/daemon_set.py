"""Rules of DaemonSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/{defaults,conversion}.go and pkg/registry/apps/daemonset/strategy.go. The template generation lives in an
annotation, as apps/v1 has no field for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import field, meta
from kcompat.apimachinery.field import FieldError
from kcompat.apimachinery.validation import label_selector_has_invalid_value, validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.converted_annotation import NoIntegerError, parse, put, undecodable
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC, STATUS

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


class DaemonSetRules(WorkloadRules):
    names_pods = False
    converted_annotations = (TEMPLATE_GENERATION,)

    def default(self, obj: Tree) -> None:
        """Conversion writes the generation, 0 if there is none, before anything looks at the object."""
        super().default(obj)
        try:
            set_template_generation(obj, template_generation(obj))
        except NoIntegerError as error:
            raise undecodable("DaemonSet", error) from None

    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        strategy = spec.setdefault("updateStrategy", {})
        strategy["type"] = strategy.get("type") or "RollingUpdate"
        if strategy["type"] == "RollingUpdate":
            default(strategy, "rollingUpdate", {})
            default(strategy["rollingUpdate"], "maxUnavailable", 1)
            default(strategy["rollingUpdate"], "maxSurge", 0)
        default(spec, "revisionHistoryLimit", 10)

    def empty_status(self) -> Tree:
        return {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}

    def prepare_for_create(self, obj: Tree) -> None:
        super().prepare_for_create(obj)
        set_template_generation(obj, max(template_generation(obj), 1))

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        changed = not same(self.template(new), self.template(old))
        set_template_generation(new, template_generation(old) + changed)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        """The generation is part of the spec, whatever annotations say."""
        super().prepare_for_status_update(new, old)
        set_template_generation(new, template_generation(old))

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return _spec(obj["spec"], None, template_generation(obj))

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        errors = check.immutable(new["spec"], old["spec"], "selector")
        return [*errors, *_spec(new["spec"], old["spec"], template_generation(new))]

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return [*check.nonnegative(new.get("status") or {}, STATUS, *_COUNTERS), *check.not_decremented(new, old)]

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        """Of updates only those of the template are looked at."""
        if old is not None and template_generation(new) == template_generation(old):
            return ()
        return super().warnings(new, None)


_COUNTERS: Final = (
    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration", "updatedNumberScheduled",
    "numberAvailable", "numberUnavailable", "collisionCount",
)


def _spec(spec: Tree, old: Tree | None, generation: int) -> list[FieldError]:
    """ValidateDaemonSetSpec."""
    selector, template, at = spec.get("selector"), spec.get("template") or {}, SPEC.child("template")
    tolerated = old is not None and label_selector_has_invalid_value(old.get("selector"))
    errors = validate_label_selector(selector, SPEC.child("selector"), allow_invalid_values=tolerated)
    compiled = check.parsed(selector)
    if compiled is not None and not compiled.matches(check.labels_of(template)):
        errors.append(check.mismatch(template, at))
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(field.invalid(SPEC.child("selector"), selector, "empty selector is invalid for daemonset"))
    errors += check.template(template, (old or {}).get("template"), at) + check.always_restarted(template, "DaemonSet", at)
    errors += check.nonnegative(spec, SPEC, "minReadySeconds") + check.nonnegative({"templateGeneration": generation}, SPEC, "templateGeneration")
    errors += _update_strategy(spec.get("updateStrategy") or {})
    return errors + check.nonnegative(spec, SPEC, "revisionHistoryLimit")


def _update_strategy(strategy: Tree) -> list[FieldError]:
    """ValidateDaemonSetUpdateStrategy."""
    at, rolling = SPEC.child("updateStrategy"), strategy.get("rollingUpdate")
    if strategy.get("type") == "OnDelete":
        return []
    if strategy.get("type") != "RollingUpdate":
        shown = go_form(strategy, "apps/v1.DaemonSetUpdateStrategy")
        return [field.not_supported(at, shown, ("RollingUpdate", "OnDelete"))]
    here = at.child("rollingUpdate")
    return [field.required(here)] if rolling is None else _rolling_update(rolling, here)


def _rolling_update(rolling: Tree, at: field.Path) -> list[FieldError]:
    """Either old pods go first or new ones come first."""
    members = {name: rolling.get(name, 0) for name in ("maxUnavailable", "maxSurge")}
    errors = [error for name, value in members.items() for error in check.positive_int_or_percent(value, at.child(name))]
    errors += [error for name, value in members.items() for error in check.at_most_100_percent(value, at.child(name))]
    unavailable, surge = map(check.amount, members.values())
    if unavailable and surge:
        errors.append(field.invalid(at.child("maxSurge"), members["maxSurge"], "may not be set when maxUnavailable is non-zero"))
    elif not unavailable and not surge:
        errors.append(field.required(at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"))
    return errors


def template_generation(obj: Tree) -> int:
    """Raises NoIntegerError."""
    text = meta.annotations(obj).get(TEMPLATE_GENERATION)
    return parse(text) if text is not None else 0


def set_template_generation(obj: Tree, generation: int) -> None:
    put(obj, TEMPLATE_GENERATION, generation)
