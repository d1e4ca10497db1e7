"""What a pod asks for (component-helpers/resource)."""

import pytest
from builders import container, pod

from kcompat.scheduler.resources import non_zero_requests, pod_requests
from kcompat.scheduler.snapshot import PodInfo

SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("containers", "spec", "cpu", "memory"),
    [
        ([container("1", "1Gi"), container("500m", "512Mi")], {}, 1500, 1536),
        ([container("1", "1Gi")], {"initContainers": [container("2", "256Mi")]}, 2000, 1024),
        ([container("1", "1Gi")], {"initContainers": [container("500m", "2Gi"), container("3", "1Mi")]}, 3000, 2048),
        ([container("1", "1Gi")], {"initContainers": [container("1", "1Gi", **SIDECAR)]}, 2000, 2048),
        ([container("1", "1Gi")], {"initContainers": [container("1", "1Gi", **SIDECAR), container("4", "1Mi")]}, 5000, 2048),
        ([container("1", "1Gi")], {"initContainers": [container("4", "1Mi"), container("1", "1Gi", **SIDECAR)]}, 4000, 2048),
        ([container("1", "1Gi")], {"overhead": {"cpu": "100m", "memory": "64Mi"}}, 1100, 1088),
        ([container("1", "1Gi")], {"resources": {"requests": {"cpu": "3"}}}, 3000, 1024),
        ([container()], {}, 0, 0),
    ],
)
def test_requests(containers, spec, cpu, memory):
    requests = pod_requests(pod("p", *containers, **spec))
    assert (requests.get("cpu", 0), requests.get("memory", 0)) == (cpu, memory * 1024 * 1024)


def test_non_zero():
    tree = pod("p", container(), container("50m"))
    assert non_zero_requests(tree, pod_requests(tree)) == (150, 400 * 1024 * 1024)


def test_a_resize_counts_the_larger_until_it_is_done():
    tree = pod("p", container("1", "1Gi"))
    tree["status"]["containerStatuses"] = [
        {"name": "c", "allocatedResources": {"cpu": "2", "memory": "1Gi"}, "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}}
    ]
    assert PodInfo(tree).requests["cpu"] == 3000
    tree["status"]["conditions"] = [{"type": "PodResizePending", "reason": "Infeasible", "status": "True"}]
    tree["spec"]["containers"] = [container("8", "1Gi")]
    assert PodInfo(tree).requests["cpu"] == 3000
