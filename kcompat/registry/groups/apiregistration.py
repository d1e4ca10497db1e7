"""apiregistration.k8s.io: which group versions are served, and by whom."""

from kcompat.registry.columns import extensions
from kcompat.registry.declare import Resource, Status
from kcompat.registry.later import later

GROUP = "apiregistration.k8s.io"

RESOURCES = (
    Resource(
        "apiservices", kind="APIService", group=GROUP,
        columns=extensions.API_SERVICE, rules=later("api_service.APIServiceRules", "clock"),
        subresources=(Status(tables=False),),
        store="apiregistration.k8s.io/apiservices",
    ),
)
