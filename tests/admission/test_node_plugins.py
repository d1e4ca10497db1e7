"""Plugins that look at a pod's node: its zone, and what it declares to be able to do."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from requests_for import pod, refused, run, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins.node_declared_feature_validator import NodeDeclaredFeatureValidator
from kcompat.admission.plugins.pod_topology_labels import PodTopologyLabels

ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
POD_LEVEL = "InPlacePodLevelResourcesVerticalScaling"
Tree = dict[str, Any]


@pytest.fixture(autouse=True)
def node(reader: MemoryReader) -> None:
    tree = obj("n", status={"declaredFeatures": [POD_LEVEL]})
    tree["metadata"]["labels"] = {ZONE: "z", REGION: "r", "other": "x"}
    reader.put("", "nodes", tree)


@pytest.mark.parametrize(("spec", "labels"), [({"nodeName": "n"}, {ZONE: "z", REGION: "r", "own": "1"}), ({"nodeName": "m"}, {ZONE: "mine", "own": "1"})])
async def test_pods_have_the_zone_of_their_node(services: Services, spec: Tree, labels: Tree) -> None:
    tree = await run(PodTopologyLabels(services), writing("pods", pod(spec, labels={ZONE: "mine", "own": "1"})))
    assert tree["metadata"]["labels"] == labels


@pytest.mark.parametrize(("kind", "labels"), [("Node", {ZONE: "z", REGION: "r"}), ("", None)])
async def test_bindings_bring_the_zone(services: Services, kind: str, labels: Tree | None) -> None:
    binding = {"metadata": {"name": "p"}, "target": {"kind": kind, "name": "n"}}
    tree = await run(PodTopologyLabels(services), writing("pods/binding", binding))
    assert tree["metadata"].get("labels") == labels


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("n", {"resources": {"requests": {"cpu": "2"}}}, ""),
        ("n", {"initContainers": [{"name": "i", "resources": {"requests": {"cpu": "2"}}}]}, "requires features InPlacePodVerticalScalingInitContainers which are not"),
        ("m", {"resources": {"requests": {"cpu": "2"}}}, 'node "m" not found'),
        ("m", {"resources": {"requests": {"cpu": "1000m"}}}, ""),
    ],
)
async def test_a_resize_takes_what_the_node_declares(services: Services, name: str, change: Tree, why: str) -> None:
    spec = {"nodeName": name, "resources": {"requests": {"cpu": "1"}}, "initContainers": [{"name": "i", "resources": {}}]}
    old, new = pod(spec, generation=1), pod({**spec, **change}, generation=2)
    said = await refused(NodeDeclaredFeatureValidator(services), writing("pods/resize", new, old, name="p"))
    assert why in said and bool(said) is bool(why)
