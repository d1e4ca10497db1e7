"""What pods refer to, and what is said when it is not there."""

from builders import container, pod
from pod_cluster import PodCluster

from kcompat.apimachinery.clock import SystemClock
from kcompat.client.client import Client
from kcompat.nodes.references import References, variables_of, volumes_of

VOLUMES = [
    {"name": "a", "configMap": {"name": "cm", "items": [{"key": "k", "path": "p"}]}},
    {"name": "b", "secret": {"secretName": "s"}},
    {"name": "c", "projected": {"sources": [{"configMap": {"name": "there"}}, {"secret": {"name": "o", "optional": True}}]}},
    {"name": "d", "emptyDir": {}},
]
ENV = [
    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "there", "key": "none"}}},
    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k", "optional": True}}},
]


def test_what_is_referred_to():
    tree = pod("p", container(env=ENV, envFrom=[{"secretRef": {"name": "e"}}]), volumes=VOLUMES)
    volumes = [("ConfigMap", "cm", "a"), ("Secret", "s", "b"), ("ConfigMap", "there", "c")]
    assert [(r.kind.kind, r.name, r.user) for r in volumes_of(tree)] == volumes
    assert [(r.kind.kind, r.name, r.keys) for r in variables_of(tree)] == [("Secret", "e", ()), ("ConfigMap", "there", ("none",))]


async def test_what_is_missing():
    cluster = PodCluster()
    references = References(SystemClock())
    client = Client(cluster.transport())
    tree = pod("p", container(env=ENV), volumes=VOLUMES)
    cluster.put("configmaps", {"metadata": {"name": "there", "namespace": "default"}, "data": {"x": "1"}})
    cluster.put("configmaps", {"metadata": {"name": "cm", "namespace": "default"}})
    assert not references.are_known(tree)
    missing = await references.missing_volumes(client, tree)
    assert missing == {"a": "configmap references non-existent config key: k", "b": 'secret "s" not found'}
    assert await references.missing_variables(client, tree) == {"c": "couldn't find key none in ConfigMap default/there"}
    cluster.put("configmaps", {"metadata": {"name": "cm", "namespace": "default"}, "data": {"k": "1"}})
    cluster.put("configmaps", {"metadata": {"name": "there", "namespace": "default"}, "data": {"none": "1"}})
    cluster.put("secrets", {"metadata": {"name": "s", "namespace": "default"}})
    assert await references.missing_volumes(client, tree) == {} and await references.missing_variables(client, tree) == {}
    assert references.are_known(tree)
