"""Resolves the priority class of pods to a number, and guards the global default (upstream: plugin/pkg/admission/priority)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, MutatingPlugin, Services, Tree, ValidatingPlugin, on
from kcompat.apimachinery import meta
from kcompat.apimachinery.following import Followed

_KEPT_ON_UPDATE = ("priority", "preemptionPolicy")


class Priority(MutatingPlugin, ValidatingPlugin):
    name = "Priority"
    handles = on(CREATE, UPDATE)
    resources = ("pods", "priorityclasses.scheduling.k8s.io")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._classes: Followed[Mapping[str, Any]] = Followed(services.reader, "scheduling.k8s.io", "priorityclasses", lambda each: each)

    async def admit(self, attributes: Attributes) -> None:
        if attributes.resource != "pods" or attributes.object is None:
            return
        spec = attributes.object.setdefault("spec", {})
        if attributes.operation == UPDATE:
            old = (attributes.old_object or {}).get("spec") or {}
            spec.update({field: old[field] for field in _KEPT_ON_UPDATE if spec.get(field) is None and old.get(field) is not None})
            return
        await self._classes.load()
        self._resolve(attributes, spec)

    async def validate(self, attributes: Attributes) -> None:
        """There is one global default at most."""
        if attributes.resource != "priorityclasses" or not (attributes.object or {}).get("globalDefault"):
            return
        await self._classes.load()
        default = self._default()
        if default is not None and (attributes.operation == CREATE or meta.name(default) != meta.name(attributes.object or {})):
            problem = f"PriorityClass {meta.name(default)} is already marked as default. Only one default can exist"
            raise forbidden(attributes, problem)

    def _resolve(self, attributes: Attributes, spec: Tree) -> None:
        name, priority, policy = self._priority(attributes, spec.get("priorityClassName") or "")
        if name:
            spec["priorityClassName"] = name
        if spec.get("priority") not in (None, priority):
            raise forbidden(
                attributes,
                f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
                f"priority admission controller computed {priority} from the given PriorityClass name",
            )
        spec["priority"] = priority
        if policy is None:
            return
        if spec.get("preemptionPolicy") not in (None, policy):
            raise forbidden(
                attributes,
                f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name",
            )
        spec["preemptionPolicy"] = policy

    def _priority(self, attributes: Attributes, name: str) -> tuple[str, int, str | None]:
        """Name, value and preemption policy of the class the pod asks for, else of the default. Raises Forbidden."""
        found = self._classes.get("", name) if name else self._default()
        if found is None and name:
            raise forbidden(attributes, f"no PriorityClass with name {name} was found")
        if found is None:
            return "", 0, "PreemptLowerPriority"
        return meta.name(found), found.get("value") or 0, found.get("preemptionPolicy")

    def _default(self) -> Mapping[str, Any] | None:
        """Should a race have made several, the lowest counts."""
        defaults = [each for each in self._classes.of("").values() if each.get("globalDefault")]
        return min(defaults, key=lambda each: each.get("value") or 0, default=None)
