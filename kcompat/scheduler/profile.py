"""Profiles: which plugins run at which extension point, with which weight and arguments. Made by loop.py from the configuration.

Answers apis/config/v1/default_plugins.go and framework/runtime/framework.go:NewFramework. Plugins are found by scanning `plugins/`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kcompat.client.resources import ResourceType
from kcompat.scheduler import framework as fw
from kcompat.scheduler import plugins as plugin_package

DEFAULT_SCHEDULER = "default-scheduler"

DEFAULT_PLUGINS: tuple[tuple[str, int], ...] = (
    ("SchedulingGates", 0),
    ("PrioritySort", 0),
    ("NodeName", 0),
    ("NodeUnschedulable", 0),
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodePorts", 0),
    ("NodeResourcesFit", 1),
    ("VolumeRestrictions", 0),
    ("NodeVolumeLimits", 0),
    ("VolumeBinding", 0),
    ("VolumeZone", 0),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("DefaultPreemption", 0),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
    ("DefaultBinder", 0),
)
"""Upstream's order and weights. Not built yet: DynamicResources, NodeDeclaredFeatures."""


@dataclass(frozen=True)
class ProfileSettings:
    """One profile of a KubeSchedulerConfiguration. `plugins` are (name, weight); `args` are pluginConfig by name."""

    scheduler_name: str = DEFAULT_SCHEDULER
    plugins: tuple[tuple[str, int], ...] = DEFAULT_PLUGINS
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@cache
def registry() -> Mapping[str, type[Any]]:
    """Every plugin class by its upstream name."""
    found: dict[str, type[Any]] = {}
    for module_info in pkgutil.iter_modules(plugin_package.__path__):
        module = importlib.import_module(f"{plugin_package.__name__}.{module_info.name}")
        for value in vars(module).values():
            name = getattr(value, "name", None)
            if isinstance(value, type) and value.__module__ == module.__name__ and isinstance(name, str):
                found[name] = value
    return found


def _implementing(plugins: Sequence[Any], point: Any) -> list[Any]:
    """Those with a method of the extension point, in order."""
    return [plugin for plugin in plugins if isinstance(plugin, point)]


class Profile:
    """A scheduler name's plugins, sorted by extension point. Raises ValueError for a plugin that does not exist."""

    def __init__(self, settings: ProfileSettings, handle: fw.Handle, classes: Mapping[str, type[Any]] | None = None) -> None:
        classes = classes if classes is not None else registry()
        if unknown := [name for name, _ in settings.plugins if name not in classes]:
            raise ValueError(f"{unknown[0]} does not exist")
        self.name = settings.scheduler_name
        self.handle = handle
        plugins = [classes[name](handle, settings.args.get(name, {})) for name, _ in settings.plugins]
        self.weights = {name: weight or 1 for name, weight in settings.plugins}
        self.pre_enqueue: list[fw.PreEnqueuePlugin] = _implementing(plugins, fw.PreEnqueuePlugin)
        self.queue_sort: list[fw.QueueSortPlugin] = _implementing(plugins, fw.QueueSortPlugin)
        self.pre_filter: list[fw.PreFilterPlugin] = _implementing(plugins, fw.PreFilterPlugin)
        self.filter: list[fw.FilterPlugin] = _implementing(plugins, fw.FilterPlugin)
        self.post_filter: list[fw.PostFilterPlugin] = _implementing(plugins, fw.PostFilterPlugin)
        self.pre_score: list[fw.PreScorePlugin] = _implementing(plugins, fw.PreScorePlugin)
        self.score: list[fw.ScorePlugin] = _implementing(plugins, fw.ScorePlugin)
        self.reserve: list[fw.ReservePlugin] = _implementing(plugins, fw.ReservePlugin)
        self.permit: list[fw.PermitPlugin] = _implementing(plugins, fw.PermitPlugin)
        self.pre_bind: list[fw.PreBindPlugin] = _implementing(plugins, fw.PreBindPlugin)
        self.bind: list[fw.BindPlugin] = _implementing(plugins, fw.BindPlugin)
        self.post_bind: list[fw.PostBindPlugin] = _implementing(plugins, fw.PostBindPlugin)
        self.enqueue_extensions: list[fw.EnqueueExtensions] = _implementing(plugins, fw.EnqueueExtensions)
        self.watches: set[ResourceType] = {resource for plugin in plugins for resource in getattr(plugin, "watches", ())}
        self.signers = self._signers()
        if len(self.queue_sort) != 1:
            raise ValueError(f"one queue sort plugin required for profile with scheduler name {self.name!r}")
        if not self.bind:
            raise ValueError("at least one bind plugin is needed")

    def _signers(self) -> list[fw.SignPlugin] | None:
        """None if a plugin that decides about nodes cannot say what it looks at."""
        deciding = {id(plugin): plugin for plugin in [*self.filter, *self.score]}.values()
        signers = [plugin for plugin in deciding if isinstance(plugin, fw.SignPlugin)]
        return signers if len(signers) == len(deciding) else None
