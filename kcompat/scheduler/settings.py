"""What can be set about the scheduler. Made by cluster.py from flags and a KubeSchedulerConfiguration."""

from __future__ import annotations

from dataclasses import dataclass

from kcompat.scheduler.profile import ProfileSettings
from kcompat.scheduler.queue import INITIAL_BACKOFF, MAX_BACKOFF


@dataclass(frozen=True)
class SchedulerSettings:
    """Names follow KubeSchedulerConfiguration; times in seconds."""

    profiles: tuple[ProfileSettings, ...] = (ProfileSettings(),)
    pod_initial_backoff_seconds: float = INITIAL_BACKOFF
    pod_max_backoff_seconds: float = MAX_BACKOFF
    binding_workers: int = 64
    """Requests to the API that may be under way at once."""
    events: bool = True
    """Record Events (Scheduled, FailedScheduling, Preempted)."""
