"""discovery.k8s.io: endpoint slices."""

from kcompat.registry.columns import networking
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "discovery.k8s.io"

RESOURCES = (
    Resource(
        "endpointslices", kind="EndpointSlice", group=GROUP,
        columns=networking.ENDPOINT_SLICE, rules=later("endpoint_slice.EndpointSliceRules"),
    ),
)
