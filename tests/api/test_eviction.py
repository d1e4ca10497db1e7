"""Evictions and disruption budgets, as upstream's server answers them."""

from __future__ import annotations

import pytest
from in_process import Api

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
READY = [{"type": "Ready", "status": "True"}]


async def pod(api: Api, name: str = "p", *, phase: str = "Running", ready: bool = True) -> None:
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "n", "automountServiceAccountToken": False}
    await api.ok("POST", PODS, {"metadata": {"name": name, "labels": {"app": "a"}}, "spec": spec})
    status = {"status": {"phase": phase, "conditions": READY if ready else []}}
    await api.ok("PATCH", f"{PODS}/{name}/status", status, Content_Type="application/merge-patch+json")


async def budget(api: Api, name: str = "b", *, allowed: int = 0, healthy: int = 1, desired: int = 1, **spec: object) -> None:
    wanted = {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}, **spec}
    made = await api.ok("POST", BUDGETS, {"metadata": {"name": name}, "spec": wanted})
    status = {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": 1, "observedGeneration": 1}
    await api.ok("PUT", f"{BUDGETS}/{name}/status", {**made, "status": status})


async def evict(api: Api, name: str = "p", **options: object) -> tuple[int, dict[str, object]]:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return await api.send("POST", f"{PODS}/{name}/eviction", {**body, "deleteOptions": options} if options else body)


async def test_an_evicted_pod_says_so(api: Api) -> None:
    await pod(api)
    status, answer = await evict(api)
    assert (status, answer["status"]) == (201, "Success")
    found = await api.ok("GET", f"{PODS}/p")
    (condition,) = [c for c in found["status"]["conditions"] if c["type"] == "DisruptionTarget"]
    assert (condition["status"], condition["reason"], condition["message"]) == ("True", "EvictionByEvictionAPI", "Eviction API: evicting")
    assert found["metadata"]["deletionTimestamp"]


async def test_a_budget_refuses_and_counts(api: Api) -> None:
    await pod(api)
    await budget(api)
    status, answer = await evict(api)
    assert (status, answer["reason"]) == (429, "TooManyRequests")
    assert answer["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert answer["details"]["causes"][0]["message"] == "The disruption budget b needs 1 healthy pods and has 1 currently"
    assert "deletionTimestamp" not in (await api.ok("GET", f"{PODS}/p"))["metadata"]
    await api.ok("PATCH", f"{BUDGETS}/b/status", {"status": {"disruptionsAllowed": 1}}, Content_Type="application/merge-patch+json")
    assert (await evict(api))[0] == 201
    found = (await api.ok("GET", f"{BUDGETS}/b"))["status"]
    assert found["disruptionsAllowed"] == 0 and list(found["disruptedPods"]) == ["p"]


async def test_several_budgets_are_not_supported(api: Api) -> None:
    await pod(api)
    await budget(api, allowed=1)
    await budget(api, "c", allowed=1)
    status, answer = await evict(api)
    assert status == 500 and "more than one PodDisruptionBudget" in answer["message"]


@pytest.mark.parametrize(
    ("policy", "healthy", "desired", "expected"),
    [("AlwaysAllow", 0, 1, 201), ("IfHealthyBudget", 1, 1, 201), ("IfHealthyBudget", 0, 1, 429), (None, 1, 1, 201), (None, 0, 0, 429)],
)
async def test_pods_that_are_not_ready(api: Api, policy: str | None, healthy: int, desired: int, expected: int) -> None:
    await pod(api, ready=False)
    await budget(api, healthy=healthy, desired=desired, **({"unhealthyPodEvictionPolicy": policy} if policy else {}))
    assert (await evict(api))[0] == expected


async def test_pods_that_do_not_run_cost_nothing(api: Api) -> None:
    await budget(api)
    for phase in ("Pending", "Succeeded"):
        await pod(api, phase.lower(), phase=phase, ready=False)
        assert (await evict(api, phase.lower()))[0] == 201


async def test_preconditions_and_dry_run(api: Api) -> None:
    await pod(api)
    status, answer = await evict(api, preconditions={"uid": "other"})
    assert (status, answer["reason"]) == (409, "Conflict")
    assert (await evict(api, dryRun=["All"]))[0] == 201
    assert "deletionTimestamp" not in (await api.ok("GET", f"{PODS}/p"))["metadata"]
