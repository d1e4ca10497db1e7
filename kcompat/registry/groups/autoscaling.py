"""autoscaling: horizontal pod autoscalers, in the shape of v1 and v2."""

from kcompat.registry.columns import autoscaling
from kcompat.registry.declare import Resource
from kcompat.registry.later import later
from kcompat.registry.rules.hpa_conversion import adopt, to_v1, to_v2

GROUP = "autoscaling"

RESOURCES = (
    Resource(
        "horizontalpodautoscalers", kind="HorizontalPodAutoscaler", group=GROUP, version="v2",
        columns=autoscaling.HORIZONTAL_POD_AUTOSCALER, rules=later("horizontal_pod_autoscaler.HorizontalPodAutoscalerRules"), adopt=adopt,
    ),
    Resource(
        "horizontalpodautoscalers", kind="HorizontalPodAutoscaler", group=GROUP,
        columns=autoscaling.HORIZONTAL_POD_AUTOSCALER, rules=later("horizontal_pod_autoscaler.HorizontalPodAutoscalerV1Rules"),
        storage_group=GROUP, storage_version="v2", to_storage=to_v2, from_storage=to_v1, adopt=adopt,
    ),
)
