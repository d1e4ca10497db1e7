"""autoscaling: horizontal pod autoscalers, in the shape of v1 and v2."""

from kcompat.registry.declare import Resource

GROUP = "autoscaling"

RESOURCES = (
    Resource("horizontalpodautoscalers", kind="HorizontalPodAutoscaler", group=GROUP, version="v2"),
    Resource("horizontalpodautoscalers", kind="HorizontalPodAutoscaler", group=GROUP),
)
