"""Quotas, compared with what a kube-apiserver 1.37 answered (resource_quota.json, by record_resource_quota.py)."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from memory_reader import MemoryReader
from quota_cases import CASES, CLAIMS, CONFIG_MAPS, PODS, SERVICES, Created, Tree, obj, pod, service
from requests_for import refused, writing

from kcompat.admission.interface import UPDATE, Attributes, Services
from kcompat.admission.plugins.resource_quota import ResourceQuota
from kcompat.apimachinery import errors
from kcompat.registry.catalog import default_catalog

RECORDED: Tree = json.loads(Path(__file__).with_name("resource_quota.json").read_text())


class Quotas:
    """ResourceQuotas that the plugin reads and writes."""

    def __init__(self, reader: MemoryReader) -> None:
        self._reader = reader
        self.writes = 0
        self.before_write: list[Callable[[], None]] = []

    def put(self, name: str, spec: Tree, used: Tree | None) -> None:
        status = {"hard": spec["hard"], "used": used} if used is not None else {}
        self._reader.put("", "resourcequotas", {"metadata": {"name": name, "namespace": "ns"}, "spec": spec, "status": status})

    async def used(self, name: str) -> Tree:
        quota = await self._reader.get("", "resourcequotas", "ns", name)
        assert quota is not None
        found: Tree = quota["status"].get("used", {})
        return found

    async def update(self, group: str, resource: str, namespace: str, name: str, transform: Callable[[Tree], Tree]) -> None:
        """As the store does: the transform once more when another writer was first."""
        await asyncio.sleep(0)
        current = await self._reader.get(group, resource, namespace, name)
        if current is None:
            raise errors.not_found(group, resource, name)
        wanted = transform(copy.deepcopy(current))
        if self.before_write:
            self.before_write.pop()()
            newest = await self._reader.get(group, resource, namespace, name)
            if newest is None:
                raise errors.not_found(group, resource, name)
            wanted = transform(copy.deepcopy(newest))
        self.writes += 1
        self._reader.put(group, resource, wanted)


@pytest.fixture
def quotas(reader: MemoryReader) -> Quotas:
    return Quotas(reader)


@pytest.fixture
def plugin(services: Services, quotas: Quotas) -> ResourceQuota:
    return ResourceQuota(replace(services, update_status=quotas.update))


def creating(created: Created) -> Attributes:
    """As validating admission sees it."""
    (group, version, name, kind), tree = created
    resource = default_catalog().get(group, version, name)
    assert resource is not None
    tree = {"apiVersion": resource.api_version, "kind": kind, **copy.deepcopy(tree)}
    tree["metadata"]["namespace"] = "ns"
    tree.setdefault("status", {})
    resource.rules.default(tree)
    resource.rules.prepare_for_create(tree)
    return writing(f"{group}:{name}", tree, kind=kind, name=tree["metadata"]["name"])


def updating(created: Created, old: Created, subresource: str = "") -> Attributes:
    (group, _, resource, kind), _ = created
    trees = [creating(each).object or {} for each in (created, old)]
    for tree in trees:
        tree["metadata"]["resourceVersion"] = "7"
    return writing(f"{group}:{resource}/{subresource}", *trees, kind=kind, name=trees[0]["metadata"]["name"], operation=UPDATE)


@pytest.mark.parametrize("case", CASES)
async def test_what_is_created_under_quotas(plugin: ResourceQuota, quotas: Quotas, case: str) -> None:
    listed, objects = CASES[case]
    for number, (spec, used) in enumerate(listed):
        quotas.put(f"q{number}", spec, used)
    messages = [await refused(plugin, creating(created)) for created in objects]
    assert messages == RECORDED[case]["messages"]
    assert [await quotas.used(f"q{number}") for number in range(len(listed))] == RECORDED[case]["used"]


async def test_many_at_once_fill_a_quota_exactly(plugin: ResourceQuota, quotas: Quotas) -> None:
    quotas.put("q", {"hard": {"configmaps": "10"}}, {"configmaps": "0"})
    attempts = [refused(plugin, creating((CONFIG_MAPS, obj(f"c{number}")))) for number in range(50)]
    messages = await asyncio.gather(*attempts)
    assert messages.count("") == 10
    assert await quotas.used("q") == {"configmaps": "10"}
    assert quotas.writes < 5, "what waits is settled together"


async def test_another_server_may_be_first(plugin: ResourceQuota, quotas: Quotas) -> None:
    spec = {"hard": {"pods": "2"}}
    quotas.put("q", spec, {"pods": "0"})
    quotas.before_write.append(lambda: quotas.put("q", spec, {"pods": "1"}))
    messages = await asyncio.gather(*(refused(plugin, creating(pod(name))) for name in "abc"))
    assert sorted(map(bool, messages)) == [False, True, True]
    assert await quotas.used("q") == {"pods": "2"}


async def test_a_quota_that_goes_meanwhile_limits_nothing(plugin: ResourceQuota, quotas: Quotas, reader: MemoryReader) -> None:
    quotas.put("q", {"hard": {"pods": "2"}}, {"pods": "0"})
    quotas.before_write.append(lambda: reader.delete("", "resourcequotas", "ns", "q"))
    assert await refused(plugin, creating(pod("a"))) == ""


async def test_a_dry_run_is_checked_and_not_counted(plugin: ResourceQuota, quotas: Quotas) -> None:
    quotas.put("q", {"hard": {"configmaps": "1"}}, {"configmaps": "1"})
    trial = creating((CONFIG_MAPS, obj("a")))
    trial.dry_run = True
    assert "exceeded quota" in await refused(plugin, trial)
    quotas.put("q", {"hard": {"configmaps": "2"}}, {"configmaps": "1"})
    assert await refused(plugin, trial) == ""
    assert await quotas.used("q") == {"configmaps": "1"}


async def test_updates_count_what_is_more(plugin: ResourceQuota, quotas: Quotas) -> None:
    hard = {"services.nodeports": "3", "requests.cpu": "1", "requests.storage": "5Gi"}
    quotas.put("q", {"hard": hard}, {"services.nodeports": "1", "requests.cpu": "500m", "requests.storage": "1Gi"})
    assert await refused(plugin, updating(service("s", "NodePort", 3), service("s", "NodePort", 1))) == ""
    assert "exceeded quota" in await refused(plugin, updating(service("t", "NodePort", 2), service("t", "ClusterIP", 2)))
    assert await refused(plugin, updating(pod("p", {"cpu": "900m"}), pod("p", {"cpu": "500m"}), "resize")) == ""
    assert await refused(plugin, updating(pod("p", {"cpu": "2"}), pod("p", {"cpu": "1"}))) == "", "only a resize changes what pods use"
    assert await quotas.used("q") == {"services.nodeports": "3", "requests.cpu": "900m", "requests.storage": "1Gi"}


async def test_what_no_quota_can_limit(plugin: ResourceQuota, quotas: Quotas) -> None:
    quotas.put("q", {"hard": {"count/events": "0", "count/pods": "0"}}, {"count/events": "0", "count/pods": "0"})
    assert await refused(plugin, writing("events", obj("e"), kind="Event")) == ""
    assert await refused(plugin, writing("pods/binding", obj("p"), kind="Binding")) == ""
    assert await refused(plugin, writing("nodes", obj("n"), kind="Node", namespace="")) == ""
    assert "count/pods=1" in await refused(plugin, creating(pod("p")))


async def test_what_is_limited_by_default_needs_a_quota(services: Services, quotas: Quotas) -> None:
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    limited = [
        {"resource": "persistentvolumeclaims", "matchContains": [".storageclass.storage.k8s.io/requests.storage"]},
        {"resource": "pods", "matchScopes": [scope]},
    ]
    tree = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "ResourceQuotaConfiguration", "limitedResources": limited}
    plugin = ResourceQuota(replace(services, update_status=quotas.update, configuration={"ResourceQuota": tree}))
    claim = {"spec": {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "gold"}}
    message = await refused(plugin, creating((CLAIMS, {**obj("c"), **claim})))
    assert message.endswith("insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage")
    assert await refused(plugin, creating((SERVICES, obj("s", spec={"ports": [{"port": 80}]})))) == ""
    message = await refused(plugin, creating(pod("p", priorityClassName="high")))
    assert message == "insufficient quota to match these scopes: [{PriorityClass In [high]}]"
    quotas.put("q", {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [scope]}}, {"pods": "0"})
    assert await refused(plugin, creating(pod("p", priorityClassName="high"))) == ""


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"apiVersion": "v1", "kind": "Nothing"}, "no kind"),
        (
            {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "ResourceQuotaConfiguration", "limitedResources": [{}]},
            r"limitedResources\[0\].resource: Required value",
        ),
    ],
)
def test_bad_configuration(services: Services, tree: Tree, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResourceQuota(replace(services, configuration={"ResourceQuota": tree}))


async def test_who_asked_may_go_away(plugin: ResourceQuota, quotas: Quotas) -> None:
    quotas.put("q", {"hard": {"pods": "5"}}, {"pods": "0"})
    first = asyncio.ensure_future(refused(plugin, creating(pod("a"))))
    second = asyncio.ensure_future(refused(plugin, creating(pod("b"))))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == ""
    assert PODS[2] == "pods" and await quotas.used("q") == {"pods": "1"}
