"""kubernetes_asyncio. Run by `runner.py` with $KUBECONFIG and $NAMESPACE."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from common import JSON_PATCH, NAMESPACE, config_map, deployment, expect, step
from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.client.exceptions import ApiException
from kubernetes_asyncio.leaderelection import electionconfig, leaderelection
from kubernetes_asyncio.leaderelection.resourcelock.leaselock import LeaseLock
from kubernetes_asyncio.stream import WsApiClient

NAME = "kubernetes_asyncio"


async def refused(code: int, work: Awaitable[object]) -> None:
    try:
        await work
    except ApiException as error:
        expect(error.status == code, f"{error.status} {error.body}")
    else:
        raise AssertionError(f"expected {code}")


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.1)


async def creates(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    await asyncio.gather(*(core.create_namespaced_config_map(NAMESPACE, config_map(f"p-{number}")) for number in range(5)))
    page = await core.list_namespaced_config_map(NAMESPACE, label_selector="app=p", limit=3)
    rest = await core.list_namespaced_config_map(NAMESPACE, label_selector="app=p", limit=3, _continue=page.metadata._continue)
    expect(len(page.items) == 3 and len(rest.items) == 2, len(rest.items))


async def updates(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    old = await core.read_namespaced_config_map("p-0", NAMESPACE)
    new = await core.read_namespaced_config_map("p-0", NAMESPACE)
    new.data["key"] = "two"
    await core.replace_namespaced_config_map("p-0", NAMESPACE, new)
    await refused(409, core.replace_namespaced_config_map("p-0", NAMESPACE, old))


async def patches(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    await core.patch_namespaced_config_map("p-1", NAMESPACE, JSON_PATCH, _content_type="application/json-patch+json")
    await core.patch_namespaced_config_map("p-1", NAMESPACE, {"data": {"merge": "1"}}, _content_type="application/merge-patch+json")
    now = await core.patch_namespaced_config_map("p-1", NAMESPACE, {"data": {"s": "1"}}, _content_type="application/strategic-merge-patch+json")
    expect(sorted(now.data) == ["json", "key", "merge", "s"], now.data)


async def applies(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)

    def apply(manager: str, value: str, force: bool) -> Awaitable[object]:
        body, kind = config_map("applied", value), "application/apply-patch+yaml"
        return core.patch_namespaced_config_map("applied", NAMESPACE, body, field_manager=manager, force=force, _content_type=kind)

    await apply("one", "1", False)
    await refused(409, apply("two", "2", False))
    await apply("two", "2", True)


async def watches(api: client.ApiClient) -> None:
    core, seen = client.CoreV1Api(api), []
    revision = (await core.list_namespaced_config_map(NAMESPACE)).metadata.resource_version
    await core.create_namespaced_config_map(NAMESPACE, config_map("watched"))
    await core.delete_namespaced_config_map("watched", NAMESPACE)
    async with watch.Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=revision, field_selector="metadata.name=watched", timeout_seconds=20
    ) as stream:
        async for event in stream:
            seen.append(event["type"])
            if event["type"] == "DELETED":
                break
    expect(seen == ["ADDED", "DELETED"], seen)


async def expires(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    answer = await core.list_namespaced_config_map(NAMESPACE, watch=True, resource_version="1", timeout_seconds=5, _preload_content=False)
    expect('"code":410' in await answer.text(), "expected 410")


async def rolls_out(api: client.ApiClient) -> None:
    apps = client.AppsV1Api(api)
    await apps.create_namespaced_deployment(NAMESPACE, deployment(2))

    async def ready() -> bool:
        return bool((await apps.read_namespaced_deployment("web", NAMESPACE)).status.ready_replicas == 2)

    await until(ready)


async def logs_and_eviction(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    pod = (await core.list_namespaced_pod(NAMESPACE, label_selector="app=web")).items[0].metadata.name
    await core.read_namespaced_pod_log(pod, NAMESPACE)
    await core.create_namespaced_pod_eviction(pod, NAMESPACE, client.V1Eviction(metadata=client.V1ObjectMeta(name=pod, namespace=NAMESPACE)))

    async def gone() -> bool:
        return pod not in [p.metadata.name for p in (await core.list_namespaced_pod(NAMESPACE)).items]

    await until(gone)


async def executes(api: client.ApiClient) -> None:
    name = (await client.CoreV1Api(api).list_namespaced_pod(NAMESPACE, label_selector="app=web")).items[0].metadata.name
    async with WsApiClient() as sockets:
        said = await client.CoreV1Api(sockets).connect_get_namespaced_pod_exec(
            name, NAMESPACE, command=["echo", "hi"], stdin=False, stdout=True, stderr=True, tty=False
        )
    expect(said == "hi\n", said)


async def elects(api: client.ApiClient) -> None:
    leading = asyncio.Event()

    async def lead() -> None:
        leading.set()

    async def follow() -> None: ...

    lock = LeaseLock("leader", NAMESPACE, "one", api)
    settings = electionconfig.Config(lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=lead, onstopped_leading=follow)
    candidate = asyncio.create_task(leaderelection.LeaderElection(settings).run())
    await asyncio.wait_for(leading.wait(), 20)
    candidate.cancel()
    await asyncio.gather(candidate, return_exceptions=True)


async def deletes(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    await client.AppsV1Api(api).delete_namespaced_deployment("web", NAMESPACE)
    await core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="app=p")
    expect(not (await core.list_namespaced_config_map(NAMESPACE, label_selector="app=p")).items, "ConfigMaps are left")


STEPS = {
    "create, list in pages": creates, "update and conflict": updates, "patches": patches, "apply and its conflict": applies, "watch": watches,
    "watch of a compacted revision": expires, "deployment to running pods": rolls_out, "exec": executes,
    "logs, evict": logs_and_eviction,
    "leader election": elects, "delete, deletecollection": deletes,
}  # fmt: skip


def run(work: Callable[[client.ApiClient], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await config.load_kube_config()
        async with client.ApiClient() as api, asyncio.timeout(60):
            await work(api)

    asyncio.run(all_of_it())


for name, work in STEPS.items():
    step(NAME, name, lambda work=work: run(work))  # type: ignore[misc]
