"""What kinds with a pod template share: template defaults, generation, preparation. Called by the rules of each such kind.

Answers the common part of pkg/registry/apps/*/strategy.go and pkg/apis/apps/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import Path
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.pod.defaults import default_pod_spec
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.prepare import drop_disabled_template_fields
from kcompat.registry.rules.pod.warnings import name_warnings, template_warnings

TEMPLATE_STEPS = ("spec", "template")


class WorkloadRules(Rules):
    """A kind whose pods are made from `.spec.template`."""

    has_generation = True
    template_steps: ClassVar[tuple[str, ...]] = TEMPLATE_STEPS
    names_pods: ClassVar[bool] = True
    """Pods take over the object's name, which had then better be a DNS label."""

    def template(self, obj: Tree) -> Tree | None:
        found: Tree | None = meta.get(obj, self.template_steps)
        return found

    def default(self, obj: Tree) -> None:
        self.default_spec(obj)
        if (template := self.template(obj)) is not None:
            default_pod_spec(template.setdefault("spec", {}))

    def default_spec(self, obj: Tree) -> None:
        """The kind's own defaults; the template's follow."""

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = self.empty_status()
        drop_disabled_template_fields(self.template(obj), None)

    def empty_status(self) -> Tree:
        """The status of a new object: what Go writes for a zero one."""
        return {}

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")
        drop_disabled_template_fields(self.template(new), self.template(old))

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return not same(new.get("spec"), old.get("spec"))

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        """Of a new object, and of an update that raised the generation."""
        if old is not None and meta.generation(new) == meta.generation(old):
            return ()
        texts = name_warnings(meta.name(new), "Pod names and hostnames") if old is None and self.names_pods else []
        return [*texts, *self.spec_warnings(new), *template_warnings(self.template(new), Path(*self.template_steps))]

    def spec_warnings(self, obj: Tree) -> Sequence[str]:
        """Warnings of the kind's own, before those of the template."""
        return ()


def default(tree: Tree, name: str, value: Any) -> None:
    """Sets a member that is absent or null."""
    if tree.get(name) is None:
        tree[name] = value
