"""autoscaling: horizontal pod autoscalers, in the shape of v1 and v2."""

from kcompat.registry.columns import autoscaling
from kcompat.registry.declare import Resource

GROUP = "autoscaling"

RESOURCES = (
    Resource(
        "horizontalpodautoscalers", kind="HorizontalPodAutoscaler", group=GROUP, version="v2",
        columns=autoscaling.HORIZONTAL_POD_AUTOSCALER,
    ),
    Resource("horizontalpodautoscalers", kind="HorizontalPodAutoscaler", columns=autoscaling.HORIZONTAL_POD_AUTOSCALER, group=GROUP),
)
