"""apiextensions.k8s.io: definitions of custom resources."""

from kcompat.registry.columns import extensions
from kcompat.registry.declare import Resource, Status
from kcompat.registry.later import later
from kcompat.registry.rules.crd_stored import from_v1beta1

GROUP = "apiextensions.k8s.io"

RESOURCES = (
    Resource(
        "customresourcedefinitions", kind="CustomResourceDefinition", group=GROUP,
        columns=extensions.CUSTOM_RESOURCE_DEFINITION, rules=later("custom_resource_definition.CustomResourceDefinitionRules", "clock"),
        subresources=(Status(tables=False),),
        store="apiextensions.k8s.io/customresourcedefinitions", adopt=from_v1beta1,
    ),
)
