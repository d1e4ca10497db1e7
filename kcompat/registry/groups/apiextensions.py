"""apiextensions.k8s.io: definitions of custom resources."""

from kcompat.registry.columns import extensions
from kcompat.registry.declare import Resource
from kcompat.registry.rules.crd_stored import from_v1beta1
from kcompat.registry.rules.custom_resource_definition import CustomResourceDefinitionRules

GROUP = "apiextensions.k8s.io"

RESOURCES = (
    Resource(
        "customresourcedefinitions", kind="CustomResourceDefinition", group=GROUP,
        columns=extensions.CUSTOM_RESOURCE_DEFINITION, rules=CustomResourceDefinitionRules(),
        store="apiextensions.k8s.io/customresourcedefinitions", adopt=from_v1beta1,
    ),
)
