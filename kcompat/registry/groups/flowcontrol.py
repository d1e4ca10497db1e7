"""flowcontrol.apiserver.k8s.io: how requests share the server."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "flowcontrol.apiserver.k8s.io"

RESOURCES = (
    Resource(
        "flowschemas", kind="FlowSchema", group=GROUP,
        columns=policies.FLOW_SCHEMA, row_order=policies.by_precedence, rules=later("flow_schema.FlowSchemaRules"),
    ),
    Resource(
        "prioritylevelconfigurations", kind="PriorityLevelConfiguration", group=GROUP,
        columns=policies.PRIORITY_LEVEL_CONFIGURATION, rules=later("priority_level_configuration.PriorityLevelConfigurationRules"),
    ),
)
