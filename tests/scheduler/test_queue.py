"""The queue: who is next, who waits for what, and for how long."""

import pytest
from builders import World, pod

from kcompat.scheduler.framework import ASSIGNED_POD, NODE, WILDCARD, Action, ClusterEvent
from kcompat.scheduler.queue import SchedulingQueue


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def monotonic(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return SchedulingQueue({"default-scheduler": World().profile}, clock)


def pop_names(queue):
    names = []
    while (queued := queue.pop()) is not None:
        names.append(queued.pod["metadata"]["name"])
    return names


def test_priority_then_age(queue, clock):
    for name, priority in (("a", 0), ("b", 10), ("c", 0), ("d", 10)):
        queue.add(pod(name, priority=priority))
        clock.seconds += 1
    assert pop_names(queue) == ["b", "d", "a", "c"]


def test_deleted_pods_do_not_come_up(queue):
    queue.add(pod("a"))
    queue.add(pod("b"))
    queue.delete("uid-default-a")
    assert pop_names(queue) == ["b"]
    assert len(queue) == 1


FIT = {"NodeResourcesFit"}
NODE_ADDED = ClusterEvent(NODE, Action.ADD)


def rejected(queue, plugins=FIT):
    queued = queue.pop()
    queue.reject(queued, plugins)
    return queued


def test_rejected_pods_wait_for_an_event_that_helps(queue, clock):
    queue.add(pod("a"))
    rejected(queue)
    clock.seconds += 20
    assert pop_names(queue) == []
    queue.event(ClusterEvent(NODE, Action.UPDATE_NODE_TAINT), None, {})
    assert pop_names(queue) == []
    queue.event(ClusterEvent(ASSIGNED_POD, Action.DELETE), {}, None)
    assert pop_names(queue) == ["a"]


def test_backoff_doubles_up_to_its_limit_and_orders_others_first(queue, clock):
    queue.add(pod("a"))
    queued = queue.pop()
    for seconds in (1, 2, 4, 8, 10, 10):
        queue.reject(queued, FIT)
        assert queued.backoff_until - clock.seconds == seconds
        queue.event(ClusterEvent(WILDCARD, Action.ALL), None, None)
        queue.add(pod("b"))
        assert pop_names(queue) == ["b", "a"]  # nothing else being ready, backoff is not waited for
        queue.done("uid-default-b")


def test_errors_back_off_for_their_whole_time(queue, clock):
    queue.add(pod("a"))
    rejected(queue, set())
    assert pop_names(queue) == []
    clock.seconds += 1.01
    assert pop_names(queue) == ["a"]


def test_unschedulable_pods_are_tried_again_after_five_minutes(queue, clock):
    queue.add(pod("a"))
    rejected(queue)
    clock.seconds += 299
    queue.flush()
    assert pop_names(queue) == []
    clock.seconds += 2
    queue.flush()
    assert pop_names(queue) == ["a"]


def test_hints_look_at_the_objects(queue):
    from builders import container, node

    queue.add(pod("a", container("2")))
    rejected(queue)
    queue.event(NODE_ADDED, None, node("small", cpu="1"))
    assert pop_names(queue) == []
    queue.event(NODE_ADDED, None, node("large", cpu="3"))
    assert pop_names(queue) == ["a"]


def test_an_update_of_the_pod_may_help_it(queue):
    old = pod("a")
    queue.add(old)
    rejected(queue, {"TaintToleration"})
    queue.update(old, {**old, "status": {"phase": "Pending", "conditions": []}})
    assert pop_names(queue) == []
    queue.update(old, pod("a", tolerations=[{"operator": "Exists"}]))
    assert pop_names(queue) == ["a"]


def test_gates(queue):
    gated = pod("a", schedulingGates=[{"name": "g"}])
    queue.add(gated)
    queue.event(ClusterEvent(WILDCARD, Action.ALL), None, None)
    assert pop_names(queue) == []
    assert queue.counts() == {"active": 0, "backoff": 0, "unschedulable": 0, "gated": 1}
    queue.update(gated, pod("a"))
    assert pop_names(queue) == ["a"]


def test_a_pod_deleted_while_tried_does_not_come_back(queue):
    queue.add(pod("a"))
    queued = queue.pop()
    queue.delete(queued.uid)
    queue.reject(queued, FIT)
    assert len(queue) == 0
    assert queue.counts()["unschedulable"] == 0
