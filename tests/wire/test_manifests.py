"""A few of upstream's manifests through every group of kubectl commands; `python -m conformance.manifests` runs all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from processes import Server

from conformance.manifests import sources
from conformance.manifests.runner import OK, Runner
from conformance.manifests.sources import Manifest

CHOSEN = ("hack/testdata/configmap.yaml", "hack/testdata/list.yaml", "hack/testdata/frontend-replicaset.yaml")
"""Upstream does everything with these; between them they are a ConfigMap, a Service, a Deployment and a ReplicaSet."""


@pytest.fixture(scope="module")
def manifests() -> dict[str, Manifest]:
    if sources.in_cache() is None:
        pytest.skip("no Kubernetes module: run `make tools`")
    found, _ = sources.manifests()
    return {manifest.name: manifest for manifest in found}


@pytest.fixture
def runner(server: Server, kubectl_program: str, tmp_path: Path) -> Runner:
    kubeconfig = yaml.safe_load(Path(server.kubeconfig).read_text())
    return Runner(kubectl_program, kubeconfig, tmp_path / "kubectl", tmp_path / "outputs")


@pytest.mark.parametrize("name", CHOSEN)
def test_everything_kubectl_does_with_a_manifest(runner: Runner, manifests: dict[str, Manifest], name: str) -> None:
    result = runner.manifest(CHOSEN.index(name), manifests[name])
    assert {group: said for group, said in result.items() if said != OK} == {}
    assert {"apply", "get", "watch", "describe", "edit", "diff", "delete", "create"} <= set(result)


def test_what_upstream_refuses_is_refused(runner: Runner, manifests: dict[str, Manifest]) -> None:
    result = runner.manifest(9, manifests["hack/testdata/invalid-pod.yaml"])
    assert result == {"apply": 'apply -f manifest.yaml: The Pod "test" is invalid: spec.containers[0].name: Required value'}
