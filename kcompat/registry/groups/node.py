"""node.k8s.io: classes of container runtimes."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "node.k8s.io"

RESOURCES = (
    Resource(
        "runtimeclasses", kind="RuntimeClass", group=GROUP,
        columns=devices.RUNTIME_CLASS, rules=later("runtime_class.RuntimeClassRules"),
    ),
)
