"""flowcontrol.apiserver.k8s.io: how requests share the server."""

from kcompat.registry.declare import Resource

GROUP = "flowcontrol.apiserver.k8s.io"

RESOURCES = (
    Resource("flowschemas", kind="FlowSchema", group=GROUP),
    Resource("prioritylevelconfigurations", kind="PriorityLevelConfiguration", group=GROUP),
)
