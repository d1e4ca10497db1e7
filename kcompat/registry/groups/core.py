"""The core group, but for pods, pod templates and replication controllers."""

from kcompat.registry.columns import core, events
from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import EVENT, STORED_EVENT, fields, flag
from kcompat.registry.later import later
from kcompat.registry.rules.event import to_core

RESOURCES = (
    Resource("bindings", kind="Binding", action="binding"),
    Resource("componentstatuses", kind="ComponentStatus", columns=core.COMPONENT_STATUS, action="component_status",
        deprecated="v1 ComponentStatus is deprecated in v1.19+"),
    Resource("configmaps", kind="ConfigMap", columns=core.CONFIG_MAP, rules=later("config_map.ConfigMapRules")),
    Resource("endpoints", kind="Endpoints", columns=core.ENDPOINTS, rules=later("endpoints.EndpointsRules"), store="services/endpoints",
        deprecated="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    Resource(
        "events", kind="Event", columns=events.EVENT, rules=later("event.EventRules"), fields=EVENT, stored_fields=STORED_EVENT,
        ttl="event_ttl", adopt=to_core,
    ),
    Resource("limitranges", kind="LimitRange", rules=later("limit_range.LimitRangeRules", "identity")),
    Resource(
        "namespaces", kind="Namespace", returns_deleted=True, columns=core.NAMESPACE, rules=later("namespace.NamespaceRules"),
        subresources=(Action("finalize", (), "", handler="namespace_finalize"),),
        fields=fields("status.phase"), namespace_label=False,
    ),
    Resource(
        "nodes", kind="Node", columns=core.NODE, rules=later("node.NodeRules"), store="minions",
        subresources=(Action("proxy", (), "", handler="node_proxy"),),
        fields={"spec.unschedulable": flag("spec.unschedulable")}, namespace_label=False,
    ),
    Resource(
        "persistentvolumeclaims", kind="PersistentVolumeClaim",
        columns=core.PERSISTENT_VOLUME_CLAIM, rules=later("persistent_volume_claim.PersistentVolumeClaimRules"),
        returns_deleted=True,
    ),
    Resource(
        "persistentvolumes", kind="PersistentVolume",
        columns=core.PERSISTENT_VOLUME, rules=later("persistent_volume.PersistentVolumeRules", "clock"),
        returns_deleted=True,
    ),
    Resource(
        "resourcequotas", kind="ResourceQuota",
        columns=core.RESOURCE_QUOTA, rules=later("resource_quota.ResourceQuotaRules"),
        returns_deleted=True,
    ),
    Resource("secrets", kind="Secret", columns=core.SECRET, rules=later("secret.SecretRules"), fields=fields("type")),
    Resource(
        "serviceaccounts", kind="ServiceAccount", returns_deleted=True,
        columns=core.SERVICE_ACCOUNT, rules=later("service_account.ServiceAccountRules"),
        subresources=(Action("token", (), "", handler="token_request"),),
    ),
    Resource(
        "services", kind="Service", returns_deleted=True, columns=core.SERVICE, rules=later("service.ServiceRules"), store="services/specs",
        subresources=(Action("proxy", (), "", handler="service_proxy"),),
        fields=fields("spec.clusterIP", "spec.type"),
    ),
)
