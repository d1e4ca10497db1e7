"""Refuses updates of pods that take a feature which their node does not declare.

Upstream: plugin/pkg/admission/nodedeclaredfeatures, component-helpers/nodedeclaredfeatures. Of its features, those that an update can ask for.
"""

from __future__ import annotations

from collections.abc import Iterator

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import UPDATE, Attributes, Tree, ValidatingPlugin, on
from kcompat.apimachinery import meta
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quote import quote


class NodeDeclaredFeatureValidator(ValidatingPlugin):
    name = "NodeDeclaredFeatureValidator"
    handles = on(UPDATE)
    resources = ("pods", "pods/resize")

    async def validate(self, attributes: Attributes) -> None:
        pod, old = attributes.object or {}, attributes.old_object or {}
        name = (pod.get("spec") or {}).get("nodeName")
        if not name or meta.get(pod, ("metadata", "generation")) == meta.get(old, ("metadata", "generation")):
            return
        wanted = list(_wanted(pod["spec"], old["spec"]))
        if not wanted:
            return
        node = await self.reader.get("", "nodes", "", name)
        if node is None:
            raise forbidden(attributes, f"node {quote(name)} not found")
        declared = meta.get(node, ("status", "declaredFeatures"), None) or ()
        if lacking := ", ".join(feature for feature in wanted if feature not in declared):
            raise forbidden(attributes, f"pod update requires features {lacking} which are not available on node {quote(name)}")


def _wanted(new: Tree, old: Tree) -> Iterator[str]:
    """The features that a change of a pod's spec asks for, in the order of upstream's registry."""
    if _amounts(new.get("resources")) != _amounts(old.get("resources")):
        yield "InPlacePodLevelResourcesVerticalScaling"
    pairs = zip(old.get("initContainers") or (), new.get("initContainers") or (), strict=False)
    if any(was.get("restartPolicy") != "Always" and was.get("resources") != now.get("resources") for was, now in pairs):
        yield "InPlacePodVerticalScalingInitContainers"


def _amounts(resources: Tree | None) -> object:
    """Resource requirements, comparable; None: there are none."""
    return None if resources is None else (quantities(resources.get("requests")), quantities(resources.get("limits")), resources.get("claims"))
