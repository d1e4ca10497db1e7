"""flowcontrol.apiserver.k8s.io: how requests share the server."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.rules.flow_schema import FlowSchemaRules
from kcompat.registry.rules.priority_level_configuration import PriorityLevelConfigurationRules

GROUP = "flowcontrol.apiserver.k8s.io"

RESOURCES = (
    Resource("flowschemas", kind="FlowSchema", columns=policies.FLOW_SCHEMA, rules=FlowSchemaRules(), group=GROUP),
    Resource(
        "prioritylevelconfigurations", kind="PriorityLevelConfiguration", group=GROUP,
        columns=policies.PRIORITY_LEVEL_CONFIGURATION, rules=PriorityLevelConfigurationRules(),
    ),
)
