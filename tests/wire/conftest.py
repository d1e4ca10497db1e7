"""One cluster for the session, and for each test a namespace and a kubectl that works in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from processes import Kubectl, Server, kubectl_for, start
from processes import kubectl_program as find_kubectl

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start(tmp_path_factory.mktemp("wire") / "cluster", "--nodes", "3")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def kubectl_program() -> str:
    found = find_kubectl()
    if found is None:
        pytest.skip("no kubectl: run `make tools`")
    return found


@pytest.fixture
def kubectl(server: Server, kubectl_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    namespace = f"test-{next(_numbers)}"
    cache = server.directory.parent / "kubectl-cache"
    run = kubectl_for(kubectl_program, server.kubeconfig, namespace, cache)
    run("create", "namespace", namespace)
    run("wait", "--for=create", "serviceaccount/default", "--timeout=20s")
    yield run
    run("delete", "namespace", namespace, "--wait=false")
