"""policy: how many pods may be disrupted."""

from kcompat.registry.declare import Resource

GROUP = "policy"

RESOURCES = (
    Resource("poddisruptionbudgets", kind="PodDisruptionBudget", group=GROUP),
)
