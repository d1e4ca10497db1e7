"""scheduling.k8s.io: classes of priority."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "scheduling.k8s.io"

RESOURCES = (
    Resource(
        "priorityclasses", kind="PriorityClass", group=GROUP,
        columns=policies.PRIORITY_CLASS, rules=later("priority_class.PriorityClassRules"),
    ),
)
