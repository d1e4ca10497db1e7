"""discovery.k8s.io: endpoint slices."""

from kcompat.registry.columns import networking
from kcompat.registry.declare import Resource
from kcompat.registry.rules.endpoint_slice import EndpointSliceRules

GROUP = "discovery.k8s.io"

RESOURCES = (
    Resource("endpointslices", kind="EndpointSlice", columns=networking.ENDPOINT_SLICE, rules=EndpointSliceRules(), group=GROUP),
)
