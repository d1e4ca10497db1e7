"""Deployments: replica sets in succession, one per pod template, rolled out as the strategy says (upstream: pkg/controller/deployment).

`controller` listens and queues; `sync` reads, lets `rollout` (sizes), `revision` (annotations, names) and `status` (conditions) decide, and
carries it out. The three that decide are pure.
"""

from kcompat.controllers.deployment.controller import DeploymentController

__all__ = ["DeploymentController"]
