"""flowcontrol.apiserver.k8s.io: how requests share the server."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "flowcontrol.apiserver.k8s.io"

RESOURCES = (
    Resource("flowschemas", kind="FlowSchema", columns=policies.FLOW_SCHEMA, rules=later("flow_schema.FlowSchemaRules"), group=GROUP),
    Resource(
        "prioritylevelconfigurations", kind="PriorityLevelConfiguration", group=GROUP,
        columns=policies.PRIORITY_LEVEL_CONFIGURATION, rules=later("priority_level_configuration.PriorityLevelConfigurationRules"),
    ),
)
