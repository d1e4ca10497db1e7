"""node.k8s.io: classes of container runtimes."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.rules.runtime_class import RuntimeClassRules

GROUP = "node.k8s.io"

RESOURCES = (
    Resource("runtimeclasses", kind="RuntimeClass", columns=devices.RUNTIME_CLASS, rules=RuntimeClassRules(), group=GROUP),
)
