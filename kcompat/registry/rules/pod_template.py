"""Rules of PodTemplates. Declared in `registry/groups/core_pods.py`. Answers pkg/registry/core/podtemplate/strategy.go."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.prepare import drop_disabled_template_fields
from kcompat.registry.rules.workload import WorkloadRules


class PodTemplateRules(WorkloadRules):
    """The template stands at the top and there is no status."""

    template_steps = ("template",)
    names_pods = False

    def default_spec(self, obj: Tree) -> None:
        obj.setdefault("template", {})

    def prepare_for_create(self, obj: Tree) -> None:
        drop_disabled_template_fields(self.template(obj), None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        drop_disabled_template_fields(self.template(new), self.template(old))

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return not same(self.template(new), self.template(old))

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return check.template(obj.get("template") or {}, None, Path("template"))

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return check.template(new.get("template") or {}, old.get("template"), Path("template"))
