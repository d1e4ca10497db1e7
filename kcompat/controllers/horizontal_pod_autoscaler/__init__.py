"""Scales workloads to what is measured of them (upstream: pkg/controller/podautoscaler). `calculate.py` and `limits.py` decide, `metrics.py`
asks the metrics APIs, `proposals.py` turns each metric of an autoscaler into a number of replicas, `controller.py` watches and acts.
"""

from kcompat.controllers.horizontal_pod_autoscaler.controller import HorizontalPodAutoscalerController

__all__ = ["HorizontalPodAutoscalerController"]
