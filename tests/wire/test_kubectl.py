"""What people do with kubectl, done with stock kubectl against a real process."""

from __future__ import annotations

import json

import pytest
from processes import Kubectl


def test_deployment_from_create_to_delete(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=3")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}") == "3"
    kubectl("scale", "deployment", "web", "--replicas=1")
    kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deployment/web", "--timeout=20s")
    kubectl("set", "image", "deployment/web", "nginx=nginx:2")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "2" in kubectl("rollout", "history", "deployment/web")
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}") == "nginx"
    kubectl("rollout", "restart", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=30s")
    kubectl("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=30s")


def test_run_expose_and_describe(kubectl: Kubectl) -> None:
    kubectl("run", "p", "--image=nginx", "--port=80", "--labels=app=p")
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")
    kubectl("expose", "pod", "p", "--port=80", "--name=svc")
    described = kubectl("describe", "pod", "p")
    assert "Successfully assigned" in described and "Status:           Running" in described
    assert "10.96." in kubectl("get", "service", "svc", "-o", "wide")
    kubectl("delete", "pod", "p", "--timeout=40s")


def test_configuration_objects(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("label", "configmap", "c", "x=y")
    kubectl("annotate", "configmap", "c", "note=1")
    kubectl("patch", "configmap", "c", "-p", '{"data":{"k":"v"}}')
    found = json.loads(kubectl("get", "configmap", "c", "-o", "json"))
    assert found["data"] == {"a": "b", "k": "v"} and found["metadata"]["labels"] == {"x": "y"}
    kubectl("create", "secret", "generic", "s", "--from-literal=p=q")
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.p}") == "cQ=="


MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: m}
data: {a: "1"}
"""


def test_apply_diff_and_unknown_fields(kubectl: Kubectl) -> None:
    assert "created" in kubectl("apply", "-f", "-", stdin=MANIFEST)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=MANIFEST)
    assert "configured" in kubectl("apply", "-f", "-", stdin=MANIFEST.replace('"1"', '"2"'))
    refused = kubectl("apply", "-f", "-", stdin=MANIFEST + "foo: bar\n", fails=True)
    assert 'unknown field "foo"' in refused


@pytest.mark.parametrize("command", [
    ("clusterrole", "r", "--verb=get", "--resource=pods"), ("clusterrolebinding", "b", "--clusterrole=view", "--user=u"),
    ("configmap", "c", "--from-literal=a=b"), ("cronjob", "c", "--image=i", "--schedule=* * * * *"), ("deployment", "d", "--image=i"),
    ("ingress", "i", "--rule=a.example/x=s:80"), ("job", "j", "--image=i"), ("poddisruptionbudget", "p", "--selector=a=b", "--min-available=1"),
    ("priorityclass", "pc", "--value=1"), ("quota", "q", "--hard=pods=9"), ("role", "r", "--verb=get", "--resource=pods"),
    ("rolebinding", "b", "--role=r", "--user=u"), ("secret", "generic", "s", "--from-literal=a=b"), ("service", "clusterip", "s", "--tcp=80"),
    ("service", "nodeport", "n", "--tcp=80"), ("service", "loadbalancer", "l", "--tcp=80"),
    ("service", "externalname", "e", "--external-name=x.example"), ("serviceaccount", "sa"), ("token", "default"),
], ids=lambda command: "-".join(command[:2]))  # fmt: skip
def test_every_create_generator(kubectl: Kubectl, command: tuple[str, ...]) -> None:
    kubectl("create", *command)
    if command[0] in ("clusterrole", "clusterrolebinding", "priorityclass"):
        kubectl("delete", command[0], command[1])


def test_read_only_commands(kubectl: Kubectl) -> None:
    assert "deployments" in kubectl("api-resources")
    assert "apps/v1" in kubectl("api-versions")
    assert "v1.37.1+kcompat" in kubectl("version")
    assert "*.*" in kubectl("auth", "can-i", "--list")
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert "kubernetes-admin" in kubectl("auth", "whoami")
    assert "FIELD: containers" in kubectl("explain", "pod.spec.containers")
    assert "Kubernetes control plane" in kubectl("cluster-info")
    assert "Ready" in kubectl("get", "nodes", "-o", "wide")
    assert "ok" in kubectl("get", "--raw", "/readyz")


def test_permissions_are_enforced(kubectl: Kubectl) -> None:
    refused = kubectl("get", "pods", "--as=bob", fails=True)
    assert 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace' in refused
    kubectl("create", "rolebinding", "b", "--clusterrole=view", "--user=bob")
    assert kubectl("get", "pods", "--as=bob") == ""


def test_namespaces_go_with_all_they_hold(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "short-lived")
    kubectl("create", "deployment", "d", "--image=i", "--namespace=short-lived")
    kubectl("delete", "namespace", "short-lived", "--timeout=40s")
    assert "not found" in kubectl("get", "namespace", "short-lived", fails=True)


def test_what_a_server_says_of_itself(kubectl: Kubectl) -> None:
    schemas = [line.split() for line in kubectl("get", "flowschemas", "--no-headers").splitlines()]
    assert schemas[0][0] == "exempt" and schemas[-1][0] == "catch-all", "upstream sorts them by precedence"
    services = [line.split()[:3] for line in kubectl("get", "apiservices", "--no-headers").splitlines()]
    assert ["v1.apps", "Local", "True"] in services and ["v1.", "Local", "True"] in services
