"""flowcontrol.apiserver.k8s.io: how requests share the server."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource

GROUP = "flowcontrol.apiserver.k8s.io"

RESOURCES = (
    Resource("flowschemas", kind="FlowSchema", columns=policies.FLOW_SCHEMA, group=GROUP),
    Resource("prioritylevelconfigurations", kind="PriorityLevelConfiguration", columns=policies.PRIORITY_LEVEL_CONFIGURATION, group=GROUP),
)
