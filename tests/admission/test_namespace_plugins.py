"""NamespaceLifecycle and NamespaceExists; the texts were recorded from a kube-apiserver 1.37."""

from __future__ import annotations

import asyncio

import pytest
from memory_reader import MemoryReader, obj
from requests_for import refused, writing

from kcompat.admission.interface import DELETE, Services
from kcompat.admission.plugins.namespace_exists import NamespaceExists
from kcompat.admission.plugins.namespace_lifecycle import NamespaceLifecycle
from kcompat.apimachinery.errors import StatusError


@pytest.fixture
def lifecycle(services: Services, reader: MemoryReader) -> NamespaceLifecycle:
    reader.put("", "namespaces", obj("ns", status={"phase": "Active"}))
    reader.put("", "namespaces", obj("going", status={"phase": "Terminating"}))
    return NamespaceLifecycle(services)


async def test_creating_in_a_namespace_that_is_there(lifecycle: NamespaceLifecycle, reader: MemoryReader) -> None:
    for _ in range(10):
        assert await refused(lifecycle, writing("configmaps", obj("x"))) == ""
    assert reader.lists == 1


async def test_creating_where_there_is_none(lifecycle: NamespaceLifecycle) -> None:
    with pytest.raises(StatusError) as error:
        await lifecycle.admit(writing("configmaps", obj("x"), namespace="nonexist"))
    assert error.value.code == 404
    assert error.value.message == 'namespaces "nonexist" not found'
    assert error.value.details == {"name": "nonexist", "kind": "namespaces"}


async def test_a_namespace_that_just_appears_is_waited_for(lifecycle: NamespaceLifecycle, reader: MemoryReader) -> None:
    creating = asyncio.create_task(lifecycle.admit(writing("configmaps", obj("x"), namespace="new")))
    await asyncio.sleep(0)
    reader.put("", "namespaces", obj("new"))
    await creating


@pytest.mark.parametrize(("metadata", "name"), [({"name": "x"}, "x"), ({"generateName": "x-"}, "x-"), ({}, "Unknown")])
async def test_creating_in_a_terminating_namespace(lifecycle: NamespaceLifecycle, metadata: dict[str, str], name: str) -> None:
    with pytest.raises(StatusError) as error:
        await lifecycle.admit(writing("configmaps", {"metadata": metadata}, namespace="going"))
    message = "unable to create new content in namespace going because it is being terminated"
    assert error.value.message == f'configmaps "{name}" is forbidden: {message}'
    cause = {"reason": "NamespaceTerminating", "message": "namespace going is being terminated", "field": "metadata.namespace"}
    assert error.value.details == {"name": name, "kind": "configmaps", "causes": [cause]}


async def test_the_state_of_a_namespace_is_followed(lifecycle: NamespaceLifecycle, reader: MemoryReader) -> None:
    assert await refused(lifecycle, writing("configmaps", obj("x"))) == ""
    reader.put("", "namespaces", obj("ns", status={"phase": "Terminating"}))
    assert "being terminated" in await refused(lifecycle, writing("configmaps", obj("x")))
    reader.delete("", "namespaces", "", "ns")
    assert await refused(lifecycle, writing("configmaps", obj("x"))) == 'namespaces "ns" not found'


async def test_what_is_let_through(lifecycle: NamespaceLifecycle) -> None:
    for attributes in (
        writing("configmaps", name="x", namespace="going", operation=DELETE),
        writing("nodes", obj("n"), namespace=""),
        writing("namespaces", obj("new"), kind="Namespace", namespace="new"),
        writing("authorization.k8s.io:localsubjectaccessreviews", {}, namespace="nonexist"),
    ):
        assert await refused(lifecycle, attributes) == ""


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_some_namespaces_stay(lifecycle: NamespaceLifecycle, name: str) -> None:
    message = await refused(lifecycle, writing("namespaces", kind="Namespace", namespace=name, name=name, operation=DELETE))
    assert message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    other = writing("namespaces", kind="Namespace", namespace="kube-node-lease", name="kube-node-lease", operation=DELETE)
    assert await refused(lifecycle, other) == ""


async def test_namespace_exists(services: Services, reader: MemoryReader) -> None:
    plugin = NamespaceExists(services)
    assert await refused(plugin, writing("configmaps", obj("x"), obj("x"))) == 'namespaces "ns" not found'
    reader.put("", "namespaces", obj("ns"))
    assert await refused(plugin, writing("configmaps", obj("x"), obj("x"))) == ""
    assert await refused(plugin, writing("nodes", obj("x"), namespace="")) == ""
