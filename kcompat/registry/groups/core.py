"""The core group, but for pods, pod templates and replication controllers."""

from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import EVENT, at, fields, flag

RESOURCES = (
    Resource("bindings", kind="Binding", action="binding"),
    Resource("componentstatuses", kind="ComponentStatus", action="component_status"),
    Resource("configmaps", kind="ConfigMap"),
    Resource("endpoints", kind="Endpoints", list_kind="EndpointsList", store="services/endpoints"),
    Resource("events", kind="Event", fields=EVENT, ttl="event_ttl"),
    Resource("limitranges", kind="LimitRange"),
    Resource(
        "namespaces", kind="Namespace",
        subresources=(Action("finalize", (), "", handler="namespace_finalize"),),
        fields={**fields("status.phase"), "name": at("metadata.name")},
    ),
    Resource(
        "nodes", kind="Node", store="minions",
        subresources=(Action("proxy", (), "", handler="node_proxy"),),
        fields={"spec.unschedulable": flag("spec.unschedulable")},
    ),
    Resource("persistentvolumeclaims", kind="PersistentVolumeClaim"),
    Resource("persistentvolumes", kind="PersistentVolume"),
    Resource("resourcequotas", kind="ResourceQuota"),
    Resource("secrets", kind="Secret", fields=fields("type")),
    Resource("serviceaccounts", kind="ServiceAccount", subresources=(Action("token", (), "", handler="token_request"),)),
    Resource(
        "services", kind="Service", store="services/specs",
        subresources=(Action("proxy", (), "", handler="service_proxy"),),
        fields=fields("spec.clusterIP", "spec.type"),
    ),
)
