"""Recorders: what is counted, combined, dropped, and what becomes of it on the server."""

from __future__ import annotations

import pytest
from memory_transport import MemoryCluster

from kcompat.apimachinery import errors
from kcompat.client import events
from kcompat.client.client import Client
from kcompat.client.events import NORMAL, WARNING, Correlator, EventRecorder, SeriesRecorder
from kcompat.client.resources import EVENTS, EVENTS_V1, PODS

POD = {"metadata": {"name": "p", "namespace": "shop", "uid": "u1", "resourceVersion": "7"}}


@pytest.fixture
async def cluster():
    return MemoryCluster()


@pytest.fixture
async def recorder(cluster):
    recorder = EventRecorder(Client(cluster.transport()), "tester", host="h1")
    yield recorder
    await recorder.stop()


async def test_an_event_has_upstreams_shape(cluster, recorder):
    recorder.event(POD, NORMAL, "Started", "it began", resource=PODS)
    await recorder.flush()
    (event,) = cluster.all(EVENTS)
    name, _, suffix = event["metadata"]["name"].partition(".")
    assert name == "p" and int(suffix, 16) > 0
    assert event["metadata"]["namespace"] == "shop"
    involved = {"kind": "Pod", "namespace": "shop", "name": "p", "uid": "u1", "apiVersion": "v1", "resourceVersion": "7"}
    assert event["involvedObject"] == involved
    assert event["source"] == {"component": "tester", "host": "h1"}
    assert (event["reportingComponent"], event["reportingInstance"]) == ("tester", "h1")
    assert event["count"] == 1 and event["type"] == "Normal" and event["firstTimestamp"] == event["lastTimestamp"]


async def test_cluster_scoped_objects_have_their_events_in_default(cluster, recorder):
    recorder.event({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}}, WARNING, "Bad", "no")
    await recorder.flush()
    assert [event["metadata"]["namespace"] for event in cluster.all(EVENTS)] == ["default"]


async def test_repetition_is_counted(cluster, recorder):
    for _ in range(3):
        recorder.event(POD, WARNING, "Failed", "again", resource=PODS)
    await recorder.flush()
    (event,) = cluster.all(EVENTS)
    assert event["count"] == 3


async def test_an_event_deleted_meanwhile_is_made_again(cluster, recorder):
    recorder.event(POD, WARNING, "Failed", "again", resource=PODS)
    await recorder.flush()
    (event,) = cluster.all(EVENTS)
    cluster.drop(EVENTS, "shop", event["metadata"]["name"])
    recorder.event(POD, WARNING, "Failed", "again", resource=PODS)
    await recorder.flush()
    (event,) = cluster.all(EVENTS)
    assert event["count"] == 2


async def test_similar_events_are_combined(cluster, recorder):
    for index in range(12):
        recorder.event(POD, NORMAL, "Scaled", f"to {index}", resource=PODS)
    await recorder.flush()
    messages = {event["message"]: event["count"] for event in cluster.all(EVENTS)}
    assert len(messages) == 10
    assert messages["(combined from similar events): to 11"] == 3


async def test_refusals_and_a_lost_server_harm_nobody(cluster, recorder, monkeypatch):
    monkeypatch.setattr(events, "RETRY_SECONDS", 0.001)
    cluster.fail("POST", "events", errors.forbidden("", "events", "", "no"))
    recorder.event(POD, NORMAL, "A", "refused", resource=PODS)
    cluster.fail("POST", "events", ConnectionResetError("gone"))
    recorder.event(POD, NORMAL, "B", "sent later", resource=PODS)
    await recorder.flush()
    recorder.event({}, NORMAL, "C", "no object")
    assert [event["reason"] for event in cluster.all(EVENTS)] == ["B"]


def event(message: str = "m", name: str = "p") -> events.Tree:
    involved = {"kind": "Pod", "name": name, "namespace": "shop"}
    return {
        "metadata": {"name": "e", "namespace": "shop"}, "involvedObject": involved, "source": {"component": "c"}, "type": "Normal",
        "reason": "R", "message": message, "count": 1, "firstTimestamp": "t", "lastTimestamp": "t",
    }  # fmt: skip


def test_a_flood_about_one_object_is_cut_off_and_refills_slowly():
    correlator = Correlator()
    passed = [correlator.correlate(event(), 0.0) is not None for _ in range(40)]
    assert passed == [True] * 25 + [False] * 15
    assert correlator.correlate(event(name="other"), 0.0) is not None
    assert correlator.correlate(event(), 299.0) is None
    assert correlator.correlate(event(), 302.0) is not None


def test_similar_events_far_apart_are_not_combined():
    correlator = Correlator()
    for index in range(15):
        correlated = correlator.correlate(event(f"m{index}"), index * 601.0)
        assert correlated is not None and not correlated.event["message"].startswith("(combined")


async def test_series(cluster):
    recorder = SeriesRecorder(Client(cluster.transport()), "scheduler", host="h")
    for _ in range(4):
        recorder.event(POD, WARNING, "FailedScheduling", "Scheduling", "no room", resource=PODS)
    await recorder.flush()
    (found,) = cluster.all(EVENTS_V1)
    assert found["series"]["count"] == 2, "later repetitions wait for the end of the series"
    assert found["reportingController"] == "scheduler" and found["reportingInstance"] == "scheduler-h"
    assert found["regarding"]["kind"] == "Pod" and found["note"] == "no room" and found["action"] == "Scheduling"
    await recorder.stop()
