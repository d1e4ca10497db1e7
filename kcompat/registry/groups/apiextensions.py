"""apiextensions.k8s.io: definitions of custom resources."""

from kcompat.registry.declare import Resource

GROUP = "apiextensions.k8s.io"

RESOURCES = (
    Resource(
        "customresourcedefinitions", kind="CustomResourceDefinition", group=GROUP,
        store="apiextensions.k8s.io/customresourcedefinitions",
    ),
)
