"""policy: how many pods may be disrupted."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.rules.pod_disruption_budget import PodDisruptionBudgetRules

GROUP = "policy"

RESOURCES = (
    Resource(
        "poddisruptionbudgets", kind="PodDisruptionBudget", group=GROUP,
        columns=policies.POD_DISRUPTION_BUDGET, rules=PodDisruptionBudgetRules(),
    ),
)
