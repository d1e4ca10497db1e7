"""Resources served in several versions or groups over one stored form."""

from __future__ import annotations

import pytest
from in_process import Api

OLD, NEW = "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"
ABOUT = {"kind": "Pod", "name": "p", "namespace": "default"}


@pytest.mark.parametrize("first", [OLD, NEW])
async def test_events_are_the_same_in_both_groups(api: Api, first: str) -> None:
    """Whichever is asked first must not decide how both are read."""
    await api.ok("GET", first)
    await api.ok("POST", OLD, {"metadata": {"name": "old"}, "involvedObject": ABOUT, "reason": "R", "message": "m", "type": "Normal"})
    new = {
        "metadata": {"name": "new"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "x.example/y", "reportingInstance": "z",
        "action": "A", "reason": "R", "type": "Normal", "regarding": ABOUT, "note": "n",
    }  # fmt: skip
    await api.ok("POST", NEW, new)
    old_view, new_view = await api.ok("GET", OLD), await api.ok("GET", NEW)
    assert [item["metadata"]["name"] for item in old_view["items"]] == ["new", "old"]
    assert [item.get("message") for item in old_view["items"]] == ["n", "m"]
    assert [item.get("note") for item in new_view["items"]] == ["n", "m"]
    for url, version in ((f"{OLD}/new", "v1"), (f"{NEW}/old", "events.k8s.io/v1")):
        assert (await api.ok("GET", url))["apiVersion"] == version


async def test_autoscalers_in_two_versions(api: Api) -> None:
    one, two = (f"/apis/autoscaling/{v}/namespaces/default/horizontalpodautoscalers" for v in ("v1", "v2"))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    body = {"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "scaleTargetRef": target, "targetCPUUtilizationPercentage": 50}}
    await api.ok("POST", one, body)
    metrics = (await api.ok("GET", f"{two}/h"))["spec"]["metrics"]
    assert metrics == [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]
    assert (await api.ok("GET", f"{one}/h"))["spec"]["targetCPUUtilizationPercentage"] == 50
