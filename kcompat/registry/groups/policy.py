"""policy: how many pods may be disrupted."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource

GROUP = "policy"

RESOURCES = (
    Resource("poddisruptionbudgets", kind="PodDisruptionBudget", columns=policies.POD_DISRUPTION_BUDGET, group=GROUP),
)
