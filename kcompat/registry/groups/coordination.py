"""coordination.k8s.io: leases."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "coordination.k8s.io"

RESOURCES = (
    Resource("leases", kind="Lease", columns=devices.LEASE, rules=later("lease.LeaseRules"), group=GROUP),
)
