"""Controllers, scheduler or simulated nodes as a process of their own, against any Kubernetes API server. Called by `server_process.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kcompat.apimachinery.clock import Identity, SystemClock
from kcompat.client.agent import CONTROLLERS, KUBELET, SCHEDULER, user_agent
from kcompat.client.client import Client
from kcompat.client.http import HttpTransport
from kcompat.client.kubeconfig import Connection, load
from kcompat.client.service_account_tokens import ServiceAccountTokens
from kcompat.config import Settings
from kcompat.controller_settings import Own, controller_settings
from kcompat.leading import keep_running, run_leading

Stop = Callable[[], Awaitable[None]]
ClientFor = Callable[..., Client]
"""A client that acts as a user (name, groups)."""
NODES_GROUP = "system:nodes"


async def start_part(part: str, kubeconfig: str, settings: Settings) -> Stop:
    """Starts `controllers`, `scheduler` or `nodes`. The answer stops it. Raises KubeconfigError, OSError, ValueError."""
    connection = load(kubeconfig or None)
    starters = {"controllers": _controllers, "scheduler": _scheduler, "nodes": _nodes}
    return await starters[part](connection, settings)


def _as_itself(connection: Connection, program: str, part: str = "") -> HttpTransport:
    """The kubeconfig's identity, under the user agent of upstream's component."""
    return HttpTransport(connection, agent=user_agent(program, part))


async def _controllers(connection: Connection, settings: Settings) -> Stop:
    from kcompat.controllers.manager import Manager

    clock, identity = SystemClock(), Identity()
    told = controller_settings(settings, Own(connection.ca.decode()), clock, identity)
    root, nobody = _as_itself(connection, CONTROLLERS), HttpTransport(_without_credentials(connection))
    give = _service_accounts(nobody, Client(root)) if settings.use_service_account_credentials else _controllers_of_one(root)
    manager = Manager(give, names=settings.chosen_controllers, settings=told, clock=clock, identity=identity)
    if settings.leader_elect:

        def lead() -> Awaitable[None]:
            return run_leading(Client(root), "kube-controller-manager", manager.run, clock, identity)

        return _stopping(keep_running("controllers", lead), root, nobody)
    await manager.start()

    async def stop() -> None:
        await manager.stop()
        await root.close()
        await nobody.close()

    return stop


def _controllers_of_one(root: HttpTransport) -> ClientFor:
    """All controllers act as the kubeconfig's user and say in the user agent which they are."""

    def client_for(user: str, groups: tuple[str, ...] = ()) -> Client:
        return Client(root.acting_as(agent=user_agent(CONTROLLERS, _account(user) or "shared-informers")))

    return client_for


def _without_credentials(connection: Connection) -> Connection:
    return replace(connection, certificate=b"", key=b"", token="", token_file="", username="", password="", impersonate=())


def _service_accounts(nobody: HttpTransport, root: Client) -> ClientFor:
    """Each controller acts as its own service account in kube-system (upstream: --use-service-account-credentials)."""

    def client_for(user: str, groups: tuple[str, ...] = ()) -> Client:
        account = _account(user)
        if not account:
            return root
        tokens = ServiceAccountTokens(root, "kube-system", account)
        return Client(nobody.acting_as(agent=user_agent(CONTROLLERS, user), tokens=tokens))

    return client_for


def _account(user: str) -> str:
    """The service account that a user name stands for; "": none."""
    return user.rpartition(":")[2] if user.startswith("system:serviceaccount:") else ""


async def _scheduler(connection: Connection, settings: Settings) -> Stop:
    transport, identity = _as_itself(connection, SCHEDULER, "scheduler"), Identity()
    from kcompat.scheduler import configuration

    client = Client(transport)
    wanted, file = configuration.load(settings.scheduler_config), settings.scheduler_config

    async def schedule() -> None:
        from kcompat.client.informer import InformerFactory
        from kcompat.scheduler.loop import run_scheduler

        factory = InformerFactory(client, identity)
        scheduler = asyncio.create_task(run_scheduler(client, factory, SystemClock(), identity, wanted))
        await asyncio.sleep(0)  # it registers its informers before they start
        factory.start()
        try:
            await scheduler
        finally:
            scheduler.cancel()
            await factory.stop()

    def lead() -> Awaitable[None]:
        return run_leading(client, "kube-scheduler", schedule, SystemClock(), identity)

    leads = configuration.leader_election(file) or settings.leader_elect
    return _stopping(keep_running("scheduler", lead if leads else schedule), transport)


def _stopping(work: Coroutine[Any, Any, None], *transports: HttpTransport) -> Stop:
    """Runs work in the background; the answer cancels it."""
    task = asyncio.create_task(work)

    async def stop() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for transport in transports:
            await transport.close()

    return stop


async def _nodes(connection: Connection, settings: Settings) -> Stop:
    from kcompat.client.informer import InformerFactory
    from kcompat.nodes.settings import NodeSettings
    from kcompat.nodes.simulated import SimulatedNodes

    root, identity = _as_itself(connection, KUBELET), Identity()
    client = Client(root)
    factory = InformerFactory(client, identity)
    wanted = NodeSettings(missing_images=settings.missing_images)
    client_for = _nodes_of_one(root, await may_impersonate_nodes(client))
    nodes = SimulatedNodes(client_for, factory, SystemClock(), identity, wanted, settings.nodes)
    factory.start()
    no_more = _stopping(keep_running("nodes", nodes.start))

    async def stop() -> None:
        await no_more()
        await nodes.stop()
        await factory.stop()
        await client.close()

    return stop


async def may_impersonate_nodes(client: Client) -> bool:
    """Whether the kubeconfig's user may act as any node; who may not acts for all of them, as a kubelet's own kubeconfig does for its node."""
    reviews = client.resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview")
    for resource, name in (("users", ""), ("groups", NODES_GROUP)):
        attributes = {"verb": "impersonate", "resource": resource, "name": name}
        answer = await reviews.create({"metadata": {}, "spec": {"resourceAttributes": attributes}})
        if not answer["status"].get("allowed"):
            return False
    return True


def _nodes_of_one(root: HttpTransport, impersonate: bool) -> ClientFor:
    """Each node acts as itself, over the connections of one user."""

    def client_for(user: str, groups: tuple[str, ...] = ()) -> Client:
        if not impersonate:
            return Client(root)
        return Client(root.acting_as(headers={"Impersonate-User": user, "Impersonate-Group": ",".join(groups)}))

    return client_for
