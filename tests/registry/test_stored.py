"""Values in a store that a kube-apiserver wrote."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kcompat.apimachinery import protobuf
from kcompat.registry.catalog import default_catalog
from kcompat.registry.rules.crd_stored import from_v1beta1
from kcompat.registry.stored import reader
from kcompat.storage import codec

CATALOG = default_catalog()


def resource(group: str, name: str, version: str = "v1") -> Any:
    found = CATALOG.get(group, version, name)
    assert found is not None
    return found


def enveloped_as(api_version: str, tree: dict[str, Any]) -> bytes:
    """The tree's message in an envelope of another version with the same fields."""
    _, kind, message = protobuf.unwrap(protobuf.encode(tree, tree["apiVersion"], tree["kind"]))
    return protobuf.wrap(api_version, kind, message)


@pytest.mark.parametrize("named", ["certificates.k8s.io/v1beta1", "certificates.k8s.io/v1"])
def test_protobuf_of_any_version_becomes_the_version_stored(named: str) -> None:
    bundle = {"kind": "ClusterTrustBundle", "apiVersion": "certificates.k8s.io/v1", "metadata": {"name": "a"}, "spec": {"trustBundle": "x"}}
    read = reader(resource("certificates.k8s.io", "clustertrustbundles"))(enveloped_as(named, bundle))
    assert read["apiVersion"] == "certificates.k8s.io/v1beta1"
    assert read["spec"] == {"trustBundle": "x"}


def test_json_in_another_version_keeps_the_stored_forms_head() -> None:
    role = resource("rbac.authorization.k8s.io", "roles")
    head = codec.head("Role", "rbac.authorization.k8s.io/v1")
    value = orjson.dumps({"apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "Role", "metadata": {"name": "a"}, "rules": []})
    stored = codec.canonical(value, head, reader(role))
    assert orjson.loads(head + codec.tail(stored, len(head), 7))["metadata"] == {"resourceVersion": "7", "name": "a"}


def test_bytes_that_are_no_object_are_refused() -> None:
    with pytest.raises(ValueError):
        reader(resource("", "configmaps"))(b"k8s\x00\xff")


def test_replication_controllers_are_stored_where_upstream_has_them() -> None:
    assert CATALOG.store_prefix(resource("", "replicationcontrollers")) == "/registry/controllers"


def test_definitions_stored_as_v1beta1() -> None:
    column, webhook = {"name": "a", "type": "string", "JSONPath": ".spec.a"}, {"url": "https://x.example.com/y"}
    spec = {
        "group": "g.example.com", "version": "v1", "names": {"plural": "ones", "kind": "One"}, "scope": "Namespaced",
        "validation": {"openAPIV3Schema": {"type": "object"}}, "subresources": {"status": {}}, "preserveUnknownFields": False,
        "versions": [
            {"name": "v1", "served": True, "storage": True, "additionalPrinterColumns": [column]},
            {"name": "v2", "served": True, "storage": False},
        ],
        "conversion": {"strategy": "Webhook", "webhookClientConfig": webhook, "conversionReviewVersions": ["v1"]},
    }  # fmt: skip
    shared = {"subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object"}}, "served": True}
    stored = {"apiVersion": "apiextensions.k8s.io/v1beta1", "kind": "CustomResourceDefinition", "metadata": {}}
    assert from_v1beta1({**stored, "spec": spec})["spec"] == {
        "group": "g.example.com", "names": {"plural": "ones", "kind": "One"}, "scope": "Namespaced",
        "versions": [
            {**shared, "name": "v1", "storage": True, "additionalPrinterColumns": [{"name": "a", "type": "string", "jsonPath": ".spec.a"}]},
            {**shared, "name": "v2", "storage": False},
        ],
        "conversion": {"strategy": "Webhook", "webhook": {"clientConfig": webhook, "conversionReviewVersions": ["v1"]}},
    }  # fmt: skip


def test_what_another_server_stored_gets_the_defaults_and_the_order_of_keys() -> None:
    deployments = resource("apps", "deployments")
    value = orjson.dumps({
        "spec": {"template": {"spec": {"containers": [{"image": "i", "name": "c"}]}}, "unknown": 1}, "metadata": {"name": "a", "labels": {}},
        "apiVersion": "apps/v1", "kind": "Deployment",
    })  # fmt: skip
    read = reader(deployments)(value)
    assert [*read] == ["kind", "apiVersion", "metadata", "spec", "status"]
    assert read["spec"]["replicas"] == 1 and "unknown" not in read["spec"]
    assert read["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"


def test_autoscalers_stored_in_the_first_version() -> None:
    spec = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d"}, "targetCPUUtilizationPercentage": 50}
    stored = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}, "spec": spec}
    read = reader(resource("autoscaling", "horizontalpodautoscalers", "v2"))(orjson.dumps(stored))
    assert read["apiVersion"] == "autoscaling/v2"
    assert read["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
