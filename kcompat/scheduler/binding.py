"""From the decision to the bound pod: Reserve, Permit, PreBind, Bind, PostBind of one profile. Called by loop.py.

Answers schedule_one.go: assumeAndReserve, bindingCycle, and framework/runtime: Run…Plugins.
"""

from __future__ import annotations

from typing import Any

from kcompat.scheduler.cycle import Decision
from kcompat.scheduler.framework import Code, Status
from kcompat.scheduler.permit import WaitingPods
from kcompat.scheduler.profile import Profile

Tree = dict[str, Any]


def _failure(point: str, plugin: Any, status: Status) -> Status:
    """A rejection as it is, an error with the plugin's name in its text."""
    name = plugin.name
    if status.rejected:
        return Status(status.code, status.reasons, name)
    return Status(Code.ERROR, (f'running {point} plugin "{name}": {status.message}',), name)


def _fails(status: Status | None) -> bool:
    return status is not None and status.code is not Code.SUCCESS


class Binding:
    """Every method answers None, or why the pod cannot be bound; `give_back` then undoes what was reserved."""

    def __init__(self, profile: Profile, waiting: WaitingPods) -> None:
        self._profile = profile
        self._waiting = waiting
        self._patient: list[Any] = [plugin for plugin in profile.pre_bind if hasattr(plugin, "waits")]

    def reserve(self, pod: Tree, decision: Decision) -> Status | None:
        """Runs Reserve and Permit."""
        for plugin in self._profile.reserve:
            status = plugin.reserve(decision.state, pod, decision.node_name)
            if status is not None and _fails(status):
                return _failure("Reserve", plugin, status)
        return self._permit(pod, decision)

    def _permit(self, pod: Tree, decision: Decision) -> Status | None:
        waits: dict[str, float] = {}
        for plugin in self._profile.permit:
            status, seconds = plugin.permit(decision.state, pod, decision.node_name)
            if status is not None and status.code is Code.WAIT:
                waits[plugin.name] = seconds
            elif status is not None and _fails(status):
                return _failure("Permit", plugin, status)
        if waits:
            self._waiting.hold(pod, decision.node_name, waits)
        return None

    async def bind(self, pod: Tree, decision: Decision) -> Status | None:
        """Waits for permission, then runs PreBind, Bind and PostBind."""
        status = await self._waiting.wait(pod["metadata"]["uid"])
        if status is not None:
            return status
        for plugin in self._profile.pre_bind:
            status = await plugin.pre_bind(decision.state, pod, decision.node_name)
            if status is not None and _fails(status):
                return _failure("PreBind", plugin, status)
        status = await self._bind(pod, decision)
        if status is None:
            for after in self._profile.post_bind:
                after.post_bind(decision.state, pod, decision.node_name)
        return status

    async def _bind(self, pod: Tree, decision: Decision) -> Status | None:
        """The first plugin that does not skip it binds the pod."""
        for plugin in self._profile.bind:
            status = await plugin.bind(decision.state, pod, decision.node_name)
            if status is None or status.code is Code.SUCCESS:
                return None
            if status.code is not Code.SKIP:
                return Status(status.code, status.reasons, plugin.name)
        return Status(Code.ERROR, ("no Bind plugin bound the pod",))

    def is_waiting(self, uid: str, decision: Decision) -> bool:
        """Whether binding waits for a Permit plugin, or for what PreBind asks of others."""
        return uid in self._waiting or any(plugin.waits(decision.state) for plugin in self._patient)

    def give_back(self, pod: Tree, decision: Decision) -> None:
        self._waiting.pop(pod["metadata"]["uid"], None)
        for plugin in reversed(self._profile.reserve):
            plugin.unreserve(decision.state, pod, decision.node_name)
