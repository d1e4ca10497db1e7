"""`Cluster`: a control plane inside a program."""

from __future__ import annotations

import json
from typing import Any

import kubernetes
import pytest

from kcompat import Cluster


def test_pods_run_and_nothing_is_left_behind() -> None:
    with Cluster(nodes=2) as cluster:
        core = kubernetes.client.CoreV1Api(cluster.client())
        for event in kubernetes.watch.Watch().stream(core.list_namespaced_service_account, "default", timeout_seconds=20):
            if event["object"].metadata.name == "default":
                break
        core.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
        stream = kubernetes.watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=20)
        phases = [event["object"].status.phase for event in _until(stream, "Running")]
        directory = cluster.settings.directory
        assert phases[-1] == "Running" and directory.exists()
        core.api_client.close()
    assert not directory.exists()


def _until(stream: object, phase: str) -> object:
    for event in stream:  # type: ignore[attr-defined]
        yield event
        if event["object"].status.phase == phase:
            return


def test_a_bad_setting_is_raised_at_once() -> None:
    with pytest.raises(ValueError, match="unsupported datastore endpoint"):
        Cluster(datastore_endpoint="mysql://x").start()


def test_nobody_is_anonymous_where_everything_is_allowed() -> None:
    with Cluster(authorization_mode=("RBAC", "AlwaysAllow")) as cluster:
        known = cluster.client()
        nobody = kubernetes.client.Configuration(host=known.configuration.host)
        nobody.ssl_ca_cert = known.configuration.ssl_ca_cert
        with kubernetes.client.ApiClient(nobody) as client, pytest.raises(kubernetes.client.ApiException) as refused:
            kubernetes.client.CoreV1Api(client).list_namespace()
        known.close()
        assert refused.value.status == 401


def test_what_containers_may_have_is_each_clusters_own() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": True}}]}}
    answers = []
    few: dict[str, Any] = {"disable": ("controllers", "scheduler"), "disable_admission_plugins": ("ServiceAccount",)}
    with Cluster(allow_privileged=False, **few) as confined, Cluster(**few) as free:
        for cluster in (confined, free):
            core = kubernetes.client.CoreV1Api(cluster.client())
            try:
                core.create_namespaced_pod("default", pod)
                answers.append("")
            except kubernetes.client.ApiException as refusal:
                answers.append(json.loads(refusal.body)["message"])
            core.api_client.close()
    assert answers == ['Pod "p" is invalid: spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy', ""]
