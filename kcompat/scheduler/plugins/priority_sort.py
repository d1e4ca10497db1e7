"""Higher priority first, then the pod that waits longest (plugins/queuesort)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcompat.scheduler.framework import Handle

if TYPE_CHECKING:
    from kcompat.scheduler.queue import QueuedPod


class PrioritySort:
    name = "PrioritySort"

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def sort_key(self, pod: QueuedPod) -> tuple[int, float]:
        return (-pod.info.priority, pod.timestamp)
