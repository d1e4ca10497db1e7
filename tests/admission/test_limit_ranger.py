"""LimitRanger's defaults and bounds; the texts were recorded from a kube-apiserver 1.37."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from requests_for import pod, refused, run, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins.limit_ranger import LimitRanger

Tree = dict[str, Any]
CONTAINER = {
    "type": "Container",
    "max": {"cpu": "2", "memory": "1Gi"},
    "min": {"cpu": "100m"},
    "default": {"cpu": "1", "memory": "1Gi"},
    "defaultRequest": {"cpu": "1", "memory": "10Mi"},
    "maxLimitRequestRatio": {"cpu": "3"},
}
CLAIM = {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}, "min": {"storage": "1Gi"}}


@pytest.fixture
def plugin(services: Services, reader: MemoryReader) -> LimitRanger:
    reader.put("", "limitranges", obj("l", "ns", spec={"limits": [CONTAINER, {"type": "Pod", "max": {"cpu": "3"}}, CLAIM]}))
    return LimitRanger(services)


def container(name: str, limits: Tree | None = None, requests: Tree | None = None, **more: Any) -> Tree:
    resources = {key: value for key, value in (("limits", limits), ("requests", requests)) if value is not None}
    return {"name": name, "resources": resources, **more}


async def test_defaults_are_filled_in_and_noted(plugin: LimitRanger) -> None:
    given = pod({"containers": [{"name": "c"}], "initContainers": [container("i", {"cpu": "1500m"}, {"cpu": "1500m"})]})
    tree = await run(plugin, writing("pods", given))
    assert tree["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "1", "memory": "10Mi"},
    }
    assert tree["spec"]["initContainers"][0]["resources"] == {
        "limits": {"cpu": "1500m", "memory": "1Gi"},
        "requests": {"cpu": "1500m", "memory": "10Mi"},
    }
    assert tree["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; "
        "memory request for init container i; memory limit for init container i"
    )


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("containers", "problem"),
    [
        (
            [container("c", {"cpu": "4", "memory": "1Gi"}, {"cpu": "50m", "memory": "10Mi"})],
            "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 2, but limit is 4, "
            "cpu max limit to request ratio per Container is 3, but provided ratio is 80.000000, "
            "maximum cpu usage per Pod is 3, but limit is 4]",
        ),
        (
            [container("c", {"cpu": "2"}, {"cpu": "2"}), container("d", {"cpu": "1500m"}, {"cpu": "1"})],
            "maximum cpu usage per Pod is 3, but limit is 3500m",
        ),
        ([container("c", BOTH, BOTH), container("d", BOTH, BOTH)], ""),
    ],
)
async def test_bounds_of_pods(plugin: LimitRanger, containers: list[Tree], problem: str) -> None:
    message = await refused(plugin, writing("pods", pod({"containers": containers})))
    assert message == (f'pods "p" is forbidden: {problem}' if problem else "")


async def test_init_containers_and_sidecars_count_as_they_run(plugin: LimitRanger) -> None:
    big, small = {"cpu": "2", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"}
    fits = {"containers": [container("c", small, small)], "initContainers": [container("i", big, big), container("j", big, big)]}
    assert await refused(plugin, writing("pods", pod(fits))) == ""
    sidecar = container("s", big, big, restartPolicy="Always")
    too_much = {"containers": [container("c", small, small)], "initContainers": [sidecar, container("i", big, big)]}
    assert await refused(plugin, writing("pods", pod(too_much))) == (
        'pods "p" is forbidden: maximum cpu usage per Pod is 3, but limit is 4'
    )


async def test_missing_amounts(services: Services, reader: MemoryReader) -> None:
    limits = {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "2"}}
    reader.put("", "limitranges", obj("l", "ns", spec={"limits": [limits]}))
    assert await refused(LimitRanger(services), writing("pods", pod())) == (
        'pods "p" is forbidden: [minimum cpu usage per Container is 1.  No request is specified, '
        "maximum cpu usage per Container is 1.  No limit is specified, "
        "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0]"
    )


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        ("3Gi", "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"),
        ("10Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 10Mi"),
        ("1.5Gi", ""),
    ],
)
async def test_bounds_of_claims(plugin: LimitRanger, size: str, problem: str) -> None:
    claim = obj("c", "ns", spec={"resources": {"requests": {"storage": size}}})
    message = await refused(plugin, writing("persistentvolumeclaims", claim))
    assert message == (f'persistentvolumeclaims "c" is forbidden: {problem}' if problem else "")


async def test_other_namespaces_and_updates_are_free(plugin: LimitRanger, reader: MemoryReader) -> None:
    much = pod({"containers": [container("c", {"cpu": "9"}, {"cpu": "9"})]})
    assert await refused(plugin, writing("pods", much, namespace="other")) == ""
    assert await refused(plugin, writing("pods", much, much)) == ""
    assert "maximum" in await refused(plugin, writing("pods/resize", much, much))
    reader.delete("", "limitranges", "ns", "l")
    assert await refused(plugin, writing("pods", much)) == ""
