"""coordination.k8s.io: leases."""

from kcompat.registry.declare import Resource

GROUP = "coordination.k8s.io"

RESOURCES = (
    Resource("leases", kind="Lease", group=GROUP),
)
