"""scheduling.k8s.io: classes of priority."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.rules.priority_class import PriorityClassRules

GROUP = "scheduling.k8s.io"

RESOURCES = (
    Resource("priorityclasses", kind="PriorityClass", columns=policies.PRIORITY_CLASS, rules=PriorityClassRules(), group=GROUP),
)
