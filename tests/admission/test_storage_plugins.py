"""Storage and ingress classes by default, protection and growth of claims."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from requests_for import refused, run, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins.default_ingress_class import DefaultIngressClass
from kcompat.admission.plugins.default_storage_class import DefaultStorageClass
from kcompat.admission.plugins.deny_service_external_ips import DenyServiceExternalIPs
from kcompat.admission.plugins.persistent_volume_claim_resize import PersistentVolumeClaimResize
from kcompat.admission.plugins.storage_object_in_use_protection import StorageObjectInUseProtection

Tree = dict[str, Any]


def default(name: str, prefix: str, created: str, value: str = "true") -> Tree:
    tree = obj(name)
    tree["metadata"] |= {"annotations": {f"{prefix}.kubernetes.io/is-default-class": value}, "creationTimestamp": created}
    return tree


@pytest.mark.parametrize(
    ("plugin", "group", "classes", "prefix", "what", "field"),
    [
        (DefaultStorageClass, "storage.k8s.io", "storageclasses", "storageclass", "persistentvolumeclaims", "storageClassName"),
        (DefaultIngressClass, "networking.k8s.io", "ingressclasses", "ingressclass", "networking.k8s.io:ingresses", "ingressClassName"),
    ],
)
async def test_the_newest_default_class(
    services: Services, reader: MemoryReader, plugin: Any, group: str, classes: str, prefix: str, what: str, field: str
) -> None:
    assert (await run(plugin(services), writing(what, obj("x", spec={}))))["spec"] == {}
    for tree in (
        default("old", prefix, "2026-01-01T00:00:00Z"),
        default("b", prefix, "2026-01-02T00:00:00Z"),
        default("a", prefix, "2026-01-02T00:00:00Z"),
        default("no", prefix, "2026-01-03T00:00:00Z", "false"),
    ):
        reader.put(group, classes, tree)
    assert (await run(plugin(services), writing(what, obj("x"))))["spec"] == {field: "a"}
    for own in ("", "mine"):
        assert (await run(plugin(services), writing(what, obj("x", spec={field: own}))))["spec"] == {field: own}


async def test_protecting_finalizers(services: Services) -> None:
    plugin = StorageObjectInUseProtection(services)
    for what, finalizer in (
        ("persistentvolumes", "kubernetes.io/pv-protection"),
        ("persistentvolumeclaims", "kubernetes.io/pvc-protection"),
        ("storage.k8s.io:volumeattributesclasses", "kubernetes.io/vac-protection"),
    ):
        for given in ({}, {"metadata": {"finalizers": [finalizer]}}):
            assert (await run(plugin, writing(what, given)))["metadata"]["finalizers"] == [finalizer]


def claim(size: str, storage_class: str | None = "grows", phase: str = "Bound") -> Tree:
    return obj("c", "ns", spec={"resources": {"requests": {"storage": size}}, "storageClassName": storage_class}, status={"phase": phase})


NOT_GROWING = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (claim("1Gi"), claim("2Gi"), ""),
        (claim("1Gi", phase="Pending"), claim("2Gi"), "Only bound persistent volume claims can be expanded"),
        (claim("1Gi", "stays"), claim("2Gi", "stays"), NOT_GROWING),
        (claim("1Gi", "absent"), claim("2Gi", "absent"), NOT_GROWING),
        (claim("1Gi", None), claim("2Gi", None), NOT_GROWING),
        (claim("1Gi"), claim("2Gi", "other"), NOT_GROWING),
        (claim("2Gi", "stays"), claim("2048Mi", "stays"), ""),
    ],
)
async def test_growing_claims(services: Services, reader: MemoryReader, old: Tree, new: Tree, problem: str) -> None:
    reader.put("storage.k8s.io", "storageclasses", obj("grows", allowVolumeExpansion=True))
    reader.put("storage.k8s.io", "storageclasses", obj("stays"))
    message = await refused(PersistentVolumeClaimResize(services), writing("persistentvolumeclaims", new, old))
    assert message == (f'persistentvolumeclaims "c" is forbidden: {problem}' if problem else "")


async def test_no_new_external_ips(services: Services) -> None:
    plugin = DenyServiceExternalIPs(services)
    two, one = obj("s", spec={"externalIPs": ["1.1.1.1", "2.2.2.2"]}), obj("s", spec={"externalIPs": ["1.1.1.1"]})
    assert await refused(plugin, writing("services", one, two)) == ""
    for attributes in (writing("services", one), writing("services", two, one)):
        assert await refused(plugin, attributes) == 'services "s" is forbidden: Use of external IPs is denied by admission control'
