"""policy: how many pods may be disrupted."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "policy"

RESOURCES = (
    Resource(
        "poddisruptionbudgets", kind="PodDisruptionBudget", group=GROUP,
        columns=policies.POD_DISRUPTION_BUDGET, rules=later("pod_disruption_budget.PodDisruptionBudgetRules"),
    ),
)
