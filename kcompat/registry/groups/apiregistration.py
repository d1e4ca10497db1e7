"""apiregistration.k8s.io: which group versions are served, and by whom."""

from kcompat.registry.columns import extensions
from kcompat.registry.declare import Resource

GROUP = "apiregistration.k8s.io"

RESOURCES = (
    Resource("apiservices", kind="APIService", columns=extensions.API_SERVICE, group=GROUP, store="apiregistration.k8s.io/apiservices"),
)
