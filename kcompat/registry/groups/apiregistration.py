"""apiregistration.k8s.io: which group versions are served, and by whom."""

from kcompat.registry.columns import extensions
from kcompat.registry.declare import Resource
from kcompat.registry.rules.api_service import APIServiceRules

GROUP = "apiregistration.k8s.io"

RESOURCES = (
    Resource(
        "apiservices", kind="APIService", group=GROUP,
        columns=extensions.API_SERVICE, rules=APIServiceRules(),
        store="apiregistration.k8s.io/apiservices",
    ),
)
