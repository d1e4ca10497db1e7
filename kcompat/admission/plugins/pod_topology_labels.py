"""Gives pods the zone and region of the node they are on, or are bound to (upstream: plugin/pkg/admission/podtopologylabels)."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, Tree, on
from kcompat.apimachinery import meta

_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(MutatingPlugin):
    name = "PodTopologyLabels"
    handles = on(CREATE)
    resources = ("pods", "pods/binding")

    async def admit(self, attributes: Attributes) -> None:
        obj = attributes.object or {}
        node = await self.reader.get("", "nodes", "", name) if (name := _node_name(obj)) else None
        if node is None:
            return
        labels = {label: value for label, value in meta.labels(node).items() if label in _LABELS}
        if labels:
            obj["metadata"]["labels"] = {**meta.labels(obj), **labels}


def _node_name(obj: Tree) -> str:
    """Of a pod or a Binding; "" when it says none."""
    if (target := obj.get("target")) is not None:
        return str(target.get("name", "")) if target.get("kind") == "Node" else ""
    return str((obj.get("spec") or {}).get("nodeName", ""))
