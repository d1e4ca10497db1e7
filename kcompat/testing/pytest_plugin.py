"""The pytest plugin: `kcompat`, a control plane for the session with a clean namespace for each test. Found through its entry point.

    def test_my_operator(kcompat):
        kcompat.kubeconfig      # path of a kubeconfig for stock clients
        kcompat.namespace       # of this test alone; deleted afterwards
        kcompat.client()        # a kubernetes.client.ApiClient, if that package is installed
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import kubernetes.client

    from kcompat.cluster import Cluster


class TestCluster:
    """What a test sees: the session's cluster and its own namespace."""

    __test__ = False

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    @property
    def kubeconfig(self) -> str:
        return self.cluster.kubeconfig

    @property
    def url(self) -> str:
        return self.cluster.url

    def client(self) -> kubernetes.client.ApiClient:
        return self.cluster.client()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kcompat")
    group.addoption("--kcompat-nodes", type=int, default=1, help="simulated nodes of the session's control plane")


@pytest.fixture(scope="session")
def kcompat_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The control plane of the session, in memory, on a free port."""
    from kcompat.cluster import Cluster

    with Cluster(nodes=request.config.getoption("--kcompat-nodes")) as cluster:
        yield cluster


@pytest.fixture
def kcompat(kcompat_cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[TestCluster]:
    """The session's control plane and a namespace of this test's own."""
    namespace = kcompat_cluster.run(_create_namespace, request.node.name)
    yield TestCluster(kcompat_cluster, namespace)
    kcompat_cluster.run(_delete_namespace, namespace)


async def _create_namespace(control_plane: Any, test: str) -> str:
    """Creates a namespace named after the test and waits until pods can be created in it."""
    stem = "".join(c if c.isascii() and c.isalnum() else "-" for c in test.lower()).strip("-")[:40].strip("-") or "test"
    namespaces = _administrator(control_plane).resource("", "v1", "namespaces")
    body = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"generateName": f"{stem}-"}}
    created = await namespaces.create(body)
    name: str = created["metadata"]["name"]
    if control_plane.settings.runs("controllers"):
        await _wait_for_account(control_plane, name)
    return name


async def _wait_for_account(control_plane: Any, namespace: str) -> None:
    accounts = _administrator(control_plane).resource("", "v1", "serviceaccounts")
    async for event in accounts.watch(namespace, field_selector="metadata.name=default"):
        if event.type == "ADDED":
            return


async def _delete_namespace(control_plane: Any, name: str) -> None:
    await _administrator(control_plane).resource("", "v1", "namespaces").delete(name)


def _administrator(control_plane: Any) -> Any:
    return control_plane.client_for("kubernetes-admin", ("system:masters",))
