"""Rules of DaemonSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/{defaults,conversion}.go and pkg/registry/apps/daemonset/strategy.go. The template generation lives in an
annotation, as apps/v1 has no field for it.
"""

from __future__ import annotations

from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.declare import Tree
from kcompat.registry.rules.workload import WorkloadRules, default

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


class DaemonSetRules(WorkloadRules):
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
        changed = self.template(new) != self.template(old)
        set_template_generation(new, template_generation(old) + changed)


def template_generation(obj: Tree) -> int:
    text = meta.annotations(obj).get(TEMPLATE_GENERATION, "")
    return int(text) if text.lstrip("+-").isdigit() else 0


def set_template_generation(obj: Tree, generation: int) -> None:
    annotations = {**meta.annotations(obj), TEMPLATE_GENERATION: str(generation)}
    obj["metadata"] = {**obj["metadata"], "annotations": annotations}
