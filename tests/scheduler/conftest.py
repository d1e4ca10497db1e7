import pytest

from kcompat.scheduler import allocation, columns, counting, scores
from kcompat.scheduler.plugins import pod_topology_spread


@pytest.fixture(params=["numpy", "pure"])
def vectors(request, monkeypatch):
    """Runs a test with numpy and again as if the extra `scale` were not installed."""
    if request.param == "pure":
        for module in (allocation, columns, counting, scores, pod_topology_spread):
            monkeypatch.setattr(module, "numpy", None)
    return request.param
