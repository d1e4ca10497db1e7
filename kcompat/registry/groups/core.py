"""The core group, but for pods, pod templates and replication controllers."""

from kcompat.registry.columns import core, events
from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import EVENT, at, fields, flag
from kcompat.registry.rules.config_map import ConfigMapRules
from kcompat.registry.rules.endpoints import EndpointsRules
from kcompat.registry.rules.event import EventRules
from kcompat.registry.rules.limit_range import LimitRangeRules
from kcompat.registry.rules.namespace import NamespaceRules
from kcompat.registry.rules.node import NodeRules
from kcompat.registry.rules.persistent_volume import PersistentVolumeRules
from kcompat.registry.rules.persistent_volume_claim import PersistentVolumeClaimRules
from kcompat.registry.rules.resource_quota import ResourceQuotaRules
from kcompat.registry.rules.secret import SecretRules
from kcompat.registry.rules.service import ServiceRules
from kcompat.registry.rules.service_account import ServiceAccountRules

RESOURCES = (
    Resource("bindings", kind="Binding", action="binding"),
    Resource("componentstatuses", kind="ComponentStatus", columns=core.COMPONENT_STATUS, action="component_status"),
    Resource("configmaps", kind="ConfigMap", columns=core.CONFIG_MAP, rules=ConfigMapRules()),
    Resource("endpoints", kind="Endpoints", columns=core.ENDPOINTS, rules=EndpointsRules(), store="services/endpoints"),
    Resource("events", kind="Event", columns=events.EVENT, rules=EventRules(), fields=EVENT, ttl="event_ttl"),
    Resource("limitranges", kind="LimitRange", rules=LimitRangeRules()),
    Resource(
        "namespaces", kind="Namespace", returns_deleted=True, columns=core.NAMESPACE, rules=NamespaceRules(),
        subresources=(Action("finalize", (), "", handler="namespace_finalize"),),
        fields={**fields("status.phase"), "name": at("metadata.name")},
    ),
    Resource(
        "nodes", kind="Node", columns=core.NODE, rules=NodeRules(), store="minions",
        subresources=(Action("proxy", (), "", handler="node_proxy"),),
        fields={"spec.unschedulable": flag("spec.unschedulable")},
    ),
    Resource(
        "persistentvolumeclaims", kind="PersistentVolumeClaim",
        columns=core.PERSISTENT_VOLUME_CLAIM, rules=PersistentVolumeClaimRules(),
        returns_deleted=True,
    ),
    Resource(
        "persistentvolumes", kind="PersistentVolume",
        columns=core.PERSISTENT_VOLUME, rules=PersistentVolumeRules(),
        returns_deleted=True,
    ),
    Resource("resourcequotas", kind="ResourceQuota", rules=ResourceQuotaRules(), returns_deleted=True, columns=core.RESOURCE_QUOTA),
    Resource("secrets", kind="Secret", columns=core.SECRET, rules=SecretRules(), fields=fields("type")),
    Resource(
        "serviceaccounts", kind="ServiceAccount", returns_deleted=True,
        columns=core.SERVICE_ACCOUNT, rules=ServiceAccountRules(),
        subresources=(Action("token", (), "", handler="token_request"),),
    ),
    Resource(
        "services", kind="Service", returns_deleted=True, columns=core.SERVICE, rules=ServiceRules(), store="services/specs",
        subresources=(Action("proxy", (), "", handler="service_proxy"),),
        fields=fields("spec.clusterIP", "spec.type"),
    ),
)
