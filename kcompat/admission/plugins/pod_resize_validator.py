"""Refuses resizes that a pod's node can never grant (upstream: plugin/pkg/admission/podresize)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import UPDATE, Attributes, Tree, ValidatingPlugin, on
from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.pod_resources import quantities, requests
from kcompat.apimachinery.quantity import Quantity
from kcompat.apimachinery.quote import quote

_OS = "kubernetes.io/os"
_ZERO = Quantity(0)


class PodResizeValidator(ValidatingPlugin):
    name = "PodResizeValidator"
    handles = on(UPDATE)
    resources = ("pods/resize",)

    async def validate(self, attributes: Attributes) -> None:
        pod, old = attributes.object or {}, attributes.old_object or {}
        name = (pod.get("spec") or {}).get("nodeName")
        if not name or meta.get(pod, ("metadata", "generation")) == meta.get(old, ("metadata", "generation")):
            return
        node = await self.reader.get("", "nodes", "", name)
        if node is None:
            raise forbidden(attributes, f"node {quote(name)} not found")
        system = meta.labels(node).get(_OS, "linux")
        if system != "linux":
            detail = f"pod resize is only supported on linux nodes, node {quote(name)} is {quote(system)}"
            raise _refusal(attributes, detail, "UnsupportedPlatform")
        if lacking := "; ".join(_lacking(pod, node)):
            raise _refusal(attributes, f"node didn't have enough allocatable resources: {lacking}", "NodeCapacity")


def _lacking(pod: Tree, node: Mapping[str, Any]) -> Iterator[str]:
    """CPU in thousandths, memory in bytes."""
    wanted, allocatable = requests(pod), quantities((node.get("status") or {}).get("allocatable"))
    for resource, scale in (("cpu", -3), ("memory", 0)):
        amount, room = wanted.get(resource, _ZERO), allocatable.get(resource, _ZERO)
        if amount.compare(room) > 0:
            yield f"{resource}, requested: {amount.scaled_value(scale)}, allocatable: {room.scaled_value(scale)}"


def _refusal(attributes: Attributes, detail: str, cause: str) -> StatusError:
    error = forbidden(attributes, detail)
    error.details = {**(error.details or {}), "causes": [{"reason": cause}]}
    return error
