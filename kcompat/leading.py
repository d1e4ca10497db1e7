"""Keeps parts running, and, of several servers on one store, only those that hold a Lease. Called by `cluster.py` and `parts.py`.

Upstream: --leader-elect of kube-controller-manager and kube-scheduler; the Leases have the same names.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

from kcompat.apimachinery.clock import Clock, Identity
from kcompat.client.client import Client
from kcompat.client.leader_election import Callbacks, LeaderElector

log = logging.getLogger(__name__)
_NAMESPACE = "kube-system"
RESTART_SECONDS = 1.0


async def keep_running(part: str, work: Callable[[], Awaitable[None]]) -> None:
    """Until work() returns: what fails is started again, as a process would be by its supervisor."""
    while True:
        try:
            return await work()
        except Exception:
            log.exception("%s failed, starting it again", part)
        await asyncio.sleep(RESTART_SECONDS)


async def run_leading(client: Client, lease: str, work: Callable[[], Awaitable[None]], clock: Clock, identity: Identity) -> None:
    """Campaigns for `lease` in kube-system, runs work() while leading (it is cancelled when leadership is lost), and campaigns again."""
    candidate = f"{socket.gethostname()}_{identity.uid()}"
    callbacks = Callbacks(work, new_leader=lambda leader: log.info("%s: the leader is %s", lease, leader))
    while True:
        await LeaderElector(client, _NAMESPACE, lease, candidate, callbacks, clock=clock, source=identity).run()
        await asyncio.sleep(1.0)
