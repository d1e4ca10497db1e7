"""Gives pods their runtime class's overhead and scheduling constraints (upstream: plugin/pkg/admission/runtimeclass)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.admission.denial import failure, forbidden
from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, Tree, ValidatingPlugin, on
from kcompat.apimachinery.names import name_is_path_segment
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quote import quote

_MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"


class RuntimeClass(MutatingPlugin, ValidatingPlugin):
    name = "RuntimeClass"
    handles = on(CREATE)
    resources = ("pods",)

    async def admit(self, attributes: Attributes) -> None:
        spec = (attributes.object or {}).get("spec")
        runtime_class = await self._runtime_class(attributes, spec) if spec else None
        if spec is None or runtime_class is None:
            return
        overhead = runtime_class.get("overhead")
        if overhead is not None:
            fixed = overhead.get("podFixed") or {}
            if spec.get("overhead") and quantities(spec["overhead"]) != quantities(fixed):
                raise forbidden(attributes, _MISMATCH)
            spec["overhead"] = dict(fixed)
        if scheduling := runtime_class.get("scheduling"):
            _constrain(attributes, spec, scheduling)

    async def validate(self, attributes: Attributes) -> None:
        spec = (attributes.object or {}).get("spec") or {}
        runtime_class = await self._runtime_class(attributes, spec)
        overhead = (runtime_class or {}).get("overhead")
        if overhead is None:
            if spec.get("overhead") is not None:
                raise forbidden(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
        elif quantities(spec.get("overhead")) != quantities(overhead.get("podFixed")):
            raise forbidden(attributes, _MISMATCH)

    async def _runtime_class(self, attributes: Attributes, spec: Tree) -> Mapping[str, Any] | None:
        """None: the pod asks for none. Raises Forbidden if there is no such class."""
        name = spec.get("runtimeClassName")
        if name is None:
            return None
        if not name:
            raise failure("resource name may not be empty")
        if problems := name_is_path_segment(name, False):
            raise failure(f"invalid resource name {quote(name)}: [{' '.join(problems)}]")
        found = await self.reader.get("node.k8s.io", "runtimeclasses", "", name)
        if found is None:
            raise forbidden(attributes, f"pod rejected: RuntimeClass {quote(name)} not found")
        return found


def _constrain(attributes: Attributes, spec: Tree, scheduling: Mapping[str, Any]) -> None:
    wanted, present = scheduling.get("nodeSelector") or {}, spec.get("nodeSelector") or {}
    for key, value in wanted.items():
        if present.get(key, value) != value:
            problem = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {present[key]}"
            raise forbidden(attributes, problem)
    if wanted:
        spec["nodeSelector"] = {**present, **wanted}
    if more := scheduling.get("tolerations"):
        spec["tolerations"] = merged([*(spec.get("tolerations") or ()), *more])


def merged(tolerations: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without those that another one includes; of equal ones the first stays (upstream: MergeTolerations)."""
    kept: list[Mapping[str, Any]] = []
    for index, toleration in enumerate(tolerations):
        later = (other for other in tolerations[index + 1 :] if other != toleration)
        if not any(includes(other, toleration) for other in (*kept, *later)):
            kept.append(toleration)
    return kept


def includes(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Whether everything the narrow one tolerates is tolerated by the wide one (upstream: isSuperset)."""
    if wide == narrow:
        return True
    key, operator, effect = (wide.get(field) or "" for field in ("key", "operator", "effect"))
    if key != (narrow.get("key") or "") and (key or operator != "Exists"):
        return False
    if effect not in ("", narrow.get("effect") or ""):
        return False
    seconds, others = wide.get("tolerationSeconds"), narrow.get("tolerationSeconds")
    if effect == "NoExecute" and seconds is not None and (others is None or others > seconds):
        return False
    if operator in ("", "Equal"):
        return narrow.get("operator") == "Equal" and (narrow.get("value") or "") == (wide.get("value") or "")
    return operator == "Exists"
