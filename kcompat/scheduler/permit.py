"""Pods that a Permit plugin holds back before they are bound. Asked by binding.py; plugins reach it through their Handle.

Answers framework/runtime/waiting_pods_map.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kcompat.scheduler.framework import Code, Status

Tree = dict[str, Any]

MAX_WAIT = 900.0


class WaitingPod:
    """Waits until every plugin that asked for it allows the pod, or one rejects it or runs out of time."""

    def __init__(self, pod: Tree, node_name: str, seconds: Mapping[str, float]) -> None:
        self.pod = pod
        self.node_name = node_name
        loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[Status | None] = loop.create_future()
        self._timers = {plugin: loop.call_later(wait, self._expire, plugin, wait) for plugin, wait in seconds.items()}

    @property
    def pending_plugins(self) -> list[str]:
        return list(self._timers)

    def allow(self, plugin: str) -> None:
        timer = self._timers.pop(plugin, None)
        if timer is not None:
            timer.cancel()
        if not self._timers:
            self._settle(None)

    def reject(self, plugin: str, message: str) -> None:
        self._settle(Status(Code.UNSCHEDULABLE, (message,), plugin))

    def _expire(self, plugin: str, seconds: float) -> None:
        self.reject(plugin, f"rejected due to timeout after waiting {seconds:g}s at plugin {plugin}")

    def _settle(self, status: Status | None) -> None:
        if not self._outcome.done():
            self._outcome.set_result(status)

    async def wait(self) -> Status | None:
        try:
            return await self._outcome
        finally:
            for timer in self._timers.values():
                timer.cancel()


class WaitingPods(dict[str, WaitingPod]):
    """By uid. Plugins iterate it and allow or reject."""

    def hold(self, pod: Tree, node_name: str, seconds: Mapping[str, float]) -> None:
        self[pod["metadata"]["uid"]] = WaitingPod(pod, node_name, {plugin: min(wait, MAX_WAIT) for plugin, wait in seconds.items()})

    async def wait(self, uid: str) -> Status | None:
        """The outcome, at once for a pod that nobody holds."""
        waiting = self.get(uid)
        if waiting is None:
            return None
        try:
            return await waiting.wait()
        finally:
            self.pop(uid, None)
