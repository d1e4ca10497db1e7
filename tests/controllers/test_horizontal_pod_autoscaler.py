"""Autoscalers: what measurements ask for, how fast it is followed, and what is told; the metrics API is a stand-in that answers in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kcompat.api.request import Response
from kcompat.apimachinery import meta
from kcompat.client.resources import DEPLOYMENTS, EVENTS, PODS
from kcompat.controllers.horizontal_pod_autoscaler.calculate import (
    CannotCompute,
    Delays,
    Sample,
    Tolerances,
    by_average,
    by_share,
    by_total,
    by_utilization,
    group,
)
from kcompat.controllers.horizontal_pod_autoscaler.controller import HORIZONTAL_POD_AUTOSCALERS
from kcompat.controllers.horizontal_pod_autoscaler.limits import History, normalize
from kcompat.controllers.horizontal_pod_autoscaler.proposals import _go

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
T = Tolerances()


def stamp(ago):
    return (NOW - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(name, phase="Running", ready="True", started=3600, changed=3500, request="100m", **metadata):
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": stamp(changed)}]
    containers = [{"name": "c", "resources": {"requests": {"cpu": request} if request else {}}}]
    status = {"phase": phase, "conditions": conditions, "startTime": stamp(started)}
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": containers}, "status": status}


def samples(**values):
    return {name: Sample(value, NOW, 60.0) for name, value in values.items()}


def test_pods_are_grouped_by_what_is_known_of_them():
    pods = [
        pod("ok"), pod("failed", "Failed"), pod("going", deletionTimestamp=stamp(0)), pod("pending", "Pending"), pod("silent"),
        pod("young", started=60, changed=30), pod("never", ready="False", started=3600, changed=3590), pod("lost", ready="False", changed=60),
    ]  # fmt: skip
    measured = samples(ok=1, failed=1, young=1, never=1, lost=1)
    found = group(pods, measured, "cpu", NOW, Delays())
    assert (found.ready, found.unready, found.missing, found.ignored) == (2, {"pending", "young", "never"}, {"silent"}, {"failed", "going"})
    assert group(pods, measured, "memory", NOW, Delays()).unready == {"pending"}


@pytest.mark.parametrize(
    ("use", "replicas", "percent"),
    [((100, 100), 4, 100), ((50, 50), 2, 50), ((52, 52), 2, 52), ((20, 10), 1, 15), ((60, 60), 3, 60)],
)
def test_utilization(use, replicas, percent):
    measured = samples(a=use[0], b=use[1])
    assert by_utilization([pod("a"), pod("b")], measured, "cpu", "", 50, 2, T, NOW) == (replicas, percent, sum(use) // 2)


def test_silent_and_starting_pods_damp_the_change():
    both = [pod("a"), pod("silent")]
    assert by_utilization(both, samples(a=100), "cpu", "", 50, 2, T, NOW)[0] == 2  # 100 % of one, 0 % of the other: 50 %
    assert by_utilization(both, samples(a=10), "cpu", "", 50, 2, T, NOW)[0] == 2  # the silent one counts as 100 %
    starting = [pod("a"), pod("b", "Pending")]
    assert by_utilization(starting, samples(a=150), "cpu", "", 50, 2, T, NOW)[0] == 3  # (150 + 0) / 2 = 75 %
    assert by_utilization(starting, samples(a=20), "cpu", "", 50, 2, T, NOW)[0] == 1


@pytest.mark.parametrize(
    ("pods", "measured", "container", "told"),
    [
        ([], samples(a=1), "", "no pods returned by selector while calculating replica count"),
        ([pod("a", "Pending")], samples(a=1), "", "did not receive metrics for targeted pods (pods might be unready)"),
        ([pod("a", request="")], samples(a=1), "", "missing request for cpu in container c of Pod a"),
        ([pod("a")], samples(a=1), "x", "container x not found in Pod a"),
    ],
)
def test_what_cannot_be_computed(pods, measured, container, told):
    with pytest.raises(CannotCompute) as raised:
        by_utilization(pods, measured, "cpu", container, 50, 2, T, NOW)
    assert str(raised.value) == told


def test_other_measures():
    assert by_average([pod("a"), pod("b")], samples(a=300, b=100), "", 100, 2, T, NOW) == (4, 200)
    assert by_total(5000, 1000, 1, T, [pod("a")]) == 5
    assert by_total(5000, 1000, 0, T, []) == 5
    assert by_total(1050, 1000, 3, T, [pod("a")]) == 3
    assert by_share(10_000, 2_000, 2, T) == (5, 5000)
    assert by_share(4_000, 2_000, 2, T) == (2, 2000)


def spec(behavior=None, maximum=100):
    return {"maxReplicas": maximum, **({"behavior": behavior} if behavior else {})}


def test_no_faster_than_twice_and_within_bounds():
    def settled(current, proposed, maximum=100):
        found = normalize(spec(maximum=maximum), History(), current, proposed, 2, 0.0)
        return found.replicas, found.limited[0], found.limits

    assert settled(10, 15) == (15, "DesiredWithinRange", False)
    assert settled(10, 30) == (20, "ScaleUpLimit", True)
    assert settled(1, 30) == (4, "ScaleUpLimit", True)
    assert settled(10, 30, 12) == (12, "TooManyReplicas", True)
    assert settled(10, 1) == (2, "TooFewReplicas", True)


def test_a_higher_recommendation_holds_for_a_while():
    history = History()
    assert normalize(spec(), history, 5, 8, 1, 0.0).replicas == 8
    held = normalize(spec(), history, 8, 3, 1, 299.0)
    assert (held.replicas, held.able[0]) == (8, "ScaleDownStabilized")
    assert normalize(spec(), history, 8, 3, 1, 301.0).able[0] == "ReadyForNewScale"


def rules(up=None, down=None):
    default_up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}
    default_down = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    return {"scaleUp": {**default_up, **(up or {})}, "scaleDown": {**default_down, **(down or {})}}


def test_policies_bound_what_is_done_in_their_period():
    history, behavior = History(), rules(down={"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]})
    up = normalize(spec(behavior), history, 10, 50, 1, 0.0)
    assert (up.replicas, up.limited[0]) == (14, "ScaleUpLimit")
    history.rescaled(0.0, 10, 14)
    assert normalize(spec(behavior), history, 14, 50, 1, 10.0).replicas == 14
    assert normalize(spec(behavior), history, 14, 50, 1, 16.0).replicas == 18
    down = normalize(spec(behavior), History(), 100, 10, 1, 0.0)
    assert (down.replicas, down.limited[0]) == (90, "ScaleDownLimit")
    disabled = rules(down={"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"})
    assert normalize(spec(disabled), History(), 100, 10, 1, 0.0).replicas == 100
    least = rules({"selectPolicy": "Min", "policies": [{"type": "Pods", "value": v, "periodSeconds": 15} for v in (2, 9)]})
    assert normalize(spec(least), History(), 10, 50, 1, 0.0).replicas == 12


def test_windows_of_behaviors():
    history, behavior = History(), rules(up={"stabilizationWindowSeconds": 60})
    history.recommend(0.0, 5)
    held = normalize(spec(behavior), history, 5, 9, 1, 30.0)
    assert (held.replicas, held.able[0]) == (5, "ScaleUpStabilized")
    assert normalize(spec(behavior), history, 5, 9, 1, 95.0).replicas == 9


def test_selectors_are_told_as_go_prints_them():
    assert _go({"name": "m"}) == "nil"
    expressions = [{"key": "k", "operator": "In", "values": ["a", "b"]}]
    assert _go({"selector": {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": expressions}}) == (
        "&LabelSelector{MatchLabels:map[string]string{a:1,b:2,},"
        "MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[a b],},},}"
    )


# -- the controller on a whole control plane ---------------------------------------------------------------------------


class Meter:
    """A metrics.k8s.io that says the same of every pod."""

    def __init__(self, plane):
        self.use = ""
        self._plane, self._handler = plane, plane.handler
        plane.handler = self

    async def __call__(self, request):
        if not self.use or not request.path.startswith("/apis/metrics.k8s.io/v1beta1/"):
            return await self._handler(request)
        pods = await self._plane.client_for("admin", ("system:masters",)).of(PODS).list("default")
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        items = [
            {"metadata": {"name": meta.name(pod)}, "timestamp": moment, "window": "0s", "containers": [{"name": "c", "usage": {"cpu": self.use}}]}
            for pod in pods["items"]
        ]
        return Response(tree={"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})


async def deployment(admin, replicas, name="web"):
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "100m"}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    await admin.create(DEPLOYMENTS, {"metadata": {"name": name, "namespace": "default"}, "spec": wanted})


def autoscaler(name="web", target="web", kind="Deployment", **more):
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": target}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    wanted = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 5, "metrics": [metric], **more}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": wanted}


def condition(kind):
    return lambda tree: meta.find_condition(meta.conditions(tree), kind)


async def test_without_metrics_the_bounds_still_hold_and_the_status_says_why(plane, admin):
    await deployment(admin, 1)
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler(minReplicas=2))
    await admin.becomes(DEPLOYMENTS, "web", lambda tree: tree["spec"]["replicas"] == 2, "default")
    scaled = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "web", condition("AbleToScale"), "default")
    assert condition("AbleToScale")(scaled)["reason"] == "SucceededRescale"
    assert condition("ScaledToZero")(scaled)["reason"] == "NotScaledToZero"
    status = scaled["status"]
    assert (status["currentReplicas"], status["desiredReplicas"], status["observedGeneration"]) == (1, 2, 1) and status["lastScaleTime"]
    await admin.client.of(HORIZONTAL_POD_AUTOSCALERS).patch("web", {"spec": {"maxReplicas": 4}}, "default")  # looked at again at once
    failing = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "web", condition("ScalingActive"), "default")
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: "
        "the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    active = condition("ScalingActive")(failing)
    assert (active["reason"], active["message"]) == ("FailedGetResourceMetric", f"the HPA was unable to compute the replica count: {why}")
    found = await admin.finds(EVENTS, lambda events: any(event["reason"] == "FailedComputeMetricsReplicas" for event in events), "default")
    events = {event["reason"]: event["message"] for event in found}
    assert events["SuccessfulRescale"] == "New size: 2; reason: Current number of replicas below Spec.MinReplicas"
    assert events["FailedGetResourceMetric"] == why
    first = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
    assert events["FailedComputeMetricsReplicas"] == first


async def test_targets_that_are_not_there(plane, admin):
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler())
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("odd", kind="Nonsense"))
    absent = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "web", condition("AbleToScale"), "default")
    message = "the HPA controller was unable to get the target's current scale: "
    assert condition("AbleToScale")(absent)["message"] == message + 'deployments.apps "web" not found'
    odd = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "odd", condition("AbleToScale"), "default")
    assert condition("AbleToScale")(odd)["message"] == message + 'no matches for kind "Nonsense" in group "apps"'


async def test_it_scales_to_what_is_measured(plane, admin):
    meter = Meter(plane)
    meter.use = "150m"
    await deployment(admin, 1)
    (pod_,) = await admin.finds(PODS, len, "default")
    stamp_ = "2026-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": stamp_}
    await admin.client.of(PODS).patch_status(
        meta.name(pod_), {"status": {"phase": "Running", "startTime": stamp_, "conditions": [ready]}}, "default"
    )
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler())
    scaled = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "web", condition("ScalingActive"), "default")
    assert scaled["status"]["desiredReplicas"] == 3
    (current,) = scaled["status"]["currentMetrics"]
    assert current["resource"] == {"name": "cpu", "current": {"averageUtilization": 150, "averageValue": "150m"}}
    active = condition("ScalingActive")(scaled)["message"]
    assert active == "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"
    await admin.becomes(DEPLOYMENTS, "web", lambda tree: tree["spec"]["replicas"] == 3, "default")


async def test_one_workload_is_scaled_by_one_autoscaler(plane, admin):
    await deployment(admin, 1)
    await admin.finds(PODS, len, "default")
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("first"))
    await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "first", condition("ScalingActive"), "default")
    await admin.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("second"))
    second = await admin.becomes(HORIZONTAL_POD_AUTOSCALERS, "second", condition("ScalingActive"), "default")
    active = condition("ScalingActive")(second)
    assert active["reason"] == "AmbiguousSelector"
    assert active["message"] == "pods by selector app=web are controlled by more than one HPA (e.g. [{first default} {second default}])"


