"""Leader election on virtual time: one leads, another takes over, nobody leads twice."""

from __future__ import annotations

import asyncio

import pytest
from memory_transport import MemoryCluster

from kcompat.client.client import Client
from kcompat.client.leader_election import Callbacks, LeaderElector, Timing
from kcompat.client.resources import LEASES

pytestmark = pytest.mark.looptime


class Candidate:
    def __init__(self, cluster: MemoryCluster, name: str, *, release: bool = True) -> None:
        self.leading = False
        self.stopped = 0
        self.leaders: list[str] = []
        callbacks = Callbacks(self._lead, self._stop, self.leaders.append)
        client = Client(cluster.transport())
        self.elector = LeaderElector(client, "kube-system", "boss", name, callbacks, release_on_cancel=release)
        self.task = asyncio.create_task(self.elector.run())

    async def _lead(self) -> None:
        self.leading = True
        try:
            await asyncio.Event().wait()
        finally:
            self.leading = False

    def _stop(self) -> None:
        self.stopped += 1

    async def cancel(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def lease(cluster: MemoryCluster):
    return cluster.get(LEASES, "kube-system", "boss")["spec"]


async def test_the_first_leads_and_a_released_lease_is_taken_at_once():
    cluster = MemoryCluster()
    a = Candidate(cluster, "a")
    await asyncio.sleep(1)
    b = Candidate(cluster, "b")
    await asyncio.sleep(60)
    assert a.leading and not b.leading
    assert b.leaders == ["a"]
    assert lease(cluster)["holderIdentity"] == "a" and lease(cluster)["leaseDurationSeconds"] == 15
    await a.cancel()
    assert lease(cluster)["holderIdentity"] == "" and a.stopped == 1
    await asyncio.sleep(5)
    assert b.leading and lease(cluster)["leaseTransitions"] == 1
    await b.cancel()


async def test_a_dead_leader_is_replaced_when_its_lease_expires(looptime):
    cluster = MemoryCluster()
    a = Candidate(cluster, "a", release=False)
    await asyncio.sleep(1)
    b = Candidate(cluster, "b")
    await asyncio.sleep(1)
    await a.cancel()
    assert lease(cluster)["holderIdentity"] == "a"
    await asyncio.sleep(13)
    assert not b.leading
    await asyncio.sleep(10)
    assert b.leading
    await b.cancel()


async def test_a_leader_that_cannot_renew_stops():
    cluster = MemoryCluster()
    a = Candidate(cluster, "a")
    await asyncio.sleep(1)
    for _ in range(100):
        cluster.fail("PUT", "leases", ConnectionResetError("cut"))
        cluster.fail("GET", "leases", ConnectionResetError("cut"))
    await asyncio.wait_for(a.task, 20)
    assert a.stopped == 1 and not a.leading


async def test_somebody_elses_write_is_respected():
    cluster = MemoryCluster()
    a = Candidate(cluster, "a")
    await asyncio.sleep(1)
    tree = cluster.get(LEASES, "kube-system", "boss")
    cluster.put(LEASES, {**tree, "spec": {**tree["spec"], "holderIdentity": "thief"}})
    await asyncio.wait_for(a.task, 20)
    assert a.stopped == 1
    assert lease(cluster)["holderIdentity"] == "thief"


def test_timing_must_leave_room_to_retry():
    with pytest.raises(ValueError, match="leaseDuration must be greater"):
        Timing(10, 10, 2)
    with pytest.raises(ValueError, match="renewDeadline must be greater"):
        Timing(15, 2, 2)
