"""What the ServiceAccount plugin gives pods, and which it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from requests_for import pod, refused, run, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins import service_account
from kcompat.admission.plugins.service_account import ServiceAccount
from kcompat.apimachinery.errors import StatusError

MIRROR = {"kubernetes.io/config.mirror": "x"}
PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def plugin(services: Services, reader: MemoryReader) -> ServiceAccount:
    reader.put("", "serviceaccounts", obj("default", "ns"))
    return ServiceAccount(services)


async def test_a_pod_gets_the_default_account_and_its_token(plugin: ServiceAccount) -> None:
    spec = (await run(plugin, writing("pods", pod({"initContainers": [{"name": "i"}]}))))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    volume = spec["volumes"][0]
    assert volume["name"].startswith("kube-api-access-") and len(volume["name"]) == len("kube-api-access-") + 5
    assert volume["projected"] == {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
        ],
    }
    mount = {"name": volume["name"], "readOnly": True, "mountPath": PATH}
    assert [container["volumeMounts"] for container in (*spec["initContainers"], *spec["containers"])] == [[mount], [mount]]


async def test_a_container_with_something_at_that_place_gets_nothing(plugin: ServiceAccount) -> None:
    mounts = [{"name": "own", "mountPath": PATH}]
    given = pod({"containers": [{"name": "c", "volumeMounts": mounts}], "volumes": [{"name": "own"}]})
    spec = (await run(plugin, writing("pods", given)))["spec"]
    assert spec["volumes"] == [{"name": "own"}]
    assert spec["containers"][0]["volumeMounts"] == mounts


async def test_an_existing_token_volume_is_used(plugin: ServiceAccount) -> None:
    volumes = [{"name": "kube-api-access-abcde", "projected": {}}]
    spec = (await run(plugin, writing("pods", pod({"volumes": volumes}))))["spec"]
    assert spec["volumes"] == volumes
    assert spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-abcde"


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, True), (False, None, False), (True, False, False), (False, True, True), (None, False, False)],
)
async def test_who_decides_about_mounting(
    plugin: ServiceAccount, reader: MemoryReader, of_account: bool | None, of_pod: bool | None, mounted: bool
) -> None:
    if of_account is not None:
        reader.put("", "serviceaccounts", obj("default", "ns", automountServiceAccountToken=of_account))
    spec = (await run(plugin, writing("pods", pod({} if of_pod is None else {"automountServiceAccountToken": of_pod}))))["spec"]
    assert ("volumes" in spec) is mounted


async def test_pull_secrets_come_from_the_account_unless_the_pod_has_its_own(plugin: ServiceAccount, reader: MemoryReader) -> None:
    reader.put("", "serviceaccounts", obj("default", "ns", imagePullSecrets=[{"name": "a"}, {"name": "b"}]))
    assert (await run(plugin, writing("pods", pod())))["spec"]["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    own = [{"name": "own"}]
    assert (await run(plugin, writing("pods", pod({"imagePullSecrets": own}))))["spec"]["imagePullSecrets"] == own


async def test_an_absent_account(plugin: ServiceAccount, monkeypatch: pytest.MonkeyPatch, reader: MemoryReader) -> None:
    message = await refused(plugin, writing("pods", pod({"serviceAccountName": "nope"})))
    assert message == 'pods "p" is forbidden: error looking up service account ns/nope: serviceaccount "nope" not found'
    monkeypatch.setattr(service_account, "PATIENCE", 0.01)
    reader.delete("", "serviceaccounts", "ns", "default")
    message = await refused(plugin, writing("pods", pod()))
    assert message == 'pods "p" is forbidden: error looking up service account ns/default: serviceaccount "default" not found'


async def test_the_default_account_is_waited_for(plugin: ServiceAccount, reader: MemoryReader) -> None:
    reader.delete("", "serviceaccounts", "ns", "default")
    creations = [asyncio.create_task(run(plugin, writing("pods", pod()))) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(creation.done() for creation in creations)
    reader.put("", "serviceaccounts", obj("default", "ns"))
    async with asyncio.timeout(1):
        for tree in await asyncio.gather(*creations):
            assert tree["spec"]["serviceAccountName"] == "default"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"serviceAccountName": "x"}, "a mirror pod may not reference service accounts"),
        ({"volumes": [{"secret": {"secretName": "x"}}]}, "a mirror pod may not reference secrets"),
        ({"imagePullSecrets": [{"name": "x"}]}, "a mirror pod may not reference secrets"),
        (
            {"volumes": [{"projected": {"sources": [{"serviceAccountToken": {}}]}}]},
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
        ({}, ""),
    ],
)
async def test_mirror_pods_are_left_alone_and_may_use_little(plugin: ServiceAccount, spec: dict[str, Any], problem: str) -> None:
    given = pod(spec, annotations=MIRROR)
    attributes = writing("pods", {**given, "spec": dict(given["spec"])})
    assert await refused(plugin, attributes) == (f'pods "p" is forbidden: {problem}' if problem else "")
    assert attributes.object == given


REFUSAL = "is not allowed because service account default does not reference that"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"volumes": [{"secret": {"secretName": "x"}}]}, f'volume with secret.secretName="x" {REFUSAL} secret'),
        (
            {"containers": [{"name": "c", "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x"}}}]}]},
            f'container c with envVar E referencing secret.secretName="x" {REFUSAL} secret',
        ),
        (
            {"initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "x"}}]}]},
            f'init container i with envFrom referencing secret.secretName="x" {REFUSAL} secret',
        ),
        ({"imagePullSecrets": [{"name": "x"}]}, f'imagePullSecrets[0].name="x" {REFUSAL} imagePullSecret'),
        ({"volumes": [{"secret": {"secretName": "mine"}}]}, ""),
    ],
)
async def test_an_account_may_limit_the_secrets_of_its_pods(
    plugin: ServiceAccount, reader: MemoryReader, spec: dict[str, Any], problem: str
) -> None:
    account = obj("default", "ns", secrets=[{"name": "mine"}])
    account["metadata"]["annotations"] = {"kubernetes.io/enforce-mountable-secrets": "true"}
    reader.put("", "serviceaccounts", account)
    assert await refused(plugin, writing("pods", pod(spec))) == (f'pods "p" is forbidden: {problem}' if problem else "")


async def test_ephemeral_containers_are_limited_too(plugin: ServiceAccount, reader: MemoryReader) -> None:
    account = obj("default", "ns")
    account["metadata"]["annotations"] = {"kubernetes.io/enforce-mountable-secrets": "1"}
    reader.put("", "serviceaccounts", account)
    debug = {"name": "d", "envFrom": [{"secretRef": {"name": "x"}}]}
    new = pod({"serviceAccountName": "default", "ephemeralContainers": [debug]})
    with pytest.raises(StatusError) as error:
        await run(plugin, writing("pods/ephemeralcontainers", new, pod()))
    assert (error.value.code, error.value.reason) == (500, "")
    assert error.value.message == f'ephemeral container d with envFrom referencing secret.secretName="x" {REFUSAL} secret'
    assert await refused(plugin, writing("pods", new, pod())) == ""
