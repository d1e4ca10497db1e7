"""Profiles: which plugins run at which extension point, with which weight and arguments. Made by loop.py from the configuration.

Answers apis/config/v1/default_plugins.go and framework/runtime/framework.go:NewFramework. Plugins are found by scanning `plugins/`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
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


POINTS: Mapping[str, Any] = {
    "preEnqueue": fw.PreEnqueuePlugin,
    "queueSort": fw.QueueSortPlugin,
    "preFilter": fw.PreFilterPlugin,
    "filter": fw.FilterPlugin,
    "postFilter": fw.PostFilterPlugin,
    "preScore": fw.PreScorePlugin,
    "score": fw.ScorePlugin,
    "reserve": fw.ReservePlugin,
    "permit": fw.PermitPlugin,
    "preBind": fw.PreBindPlugin,
    "bind": fw.BindPlugin,
    "postBind": fw.PostBindPlugin,
}
"""Extension points by their names in a KubeSchedulerConfiguration."""


@dataclass(frozen=True)
class PointSettings:
    """What a profile says of one extension point: plugins with weights that run there first, and those ("*": all others) that do not."""

    enabled: tuple[tuple[str, int], ...] = ()
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ProfileSettings:
    """One profile of a KubeSchedulerConfiguration. `plugins` are (name, weight), its multiPoint; `args` are pluginConfig by name;
    `points` what differs at an extension point."""

    scheduler_name: str = DEFAULT_SCHEDULER
    plugins: tuple[tuple[str, int], ...] = DEFAULT_PLUGINS
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    points: Mapping[str, PointSettings] = field(default_factory=dict)


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


def _all_plugins(settings: ProfileSettings) -> list[str]:
    """Names of all that run anywhere: those of every extension point, then those of single ones."""
    special = [name for point in settings.points.values() for name, _ in point.enabled]
    return list(dict.fromkeys([*(name for name, _ in settings.plugins), *special]))


def _at(point: str, settings: ProfileSettings, plugins: Mapping[str, Any]) -> list[Any]:
    """The plugins of an extension point, in order: those enabled there, then the others with a method of it that are not disabled there
    (runtime/framework.go: expandMultiPointPlugins). Raises ValueError for one that is enabled there and has no such method."""
    chosen, protocol = settings.points.get(point, PointSettings()), POINTS[point]
    first = [name for name, _ in chosen.enabled]
    for name in first:
        if not isinstance(plugins[name], protocol):
            raise ValueError(f"plugin {name!r} does not extend {point} plugin")
    others = [name for name, _ in settings.plugins if name not in first and not {"*", name} & chosen.disabled]
    return [plugins[name] for name in first] + [plugins[name] for name in others if isinstance(plugins[name], protocol)]


class Profile:
    """A scheduler name's plugins, sorted by extension point. Raises ValueError for a plugin that does not exist."""

    def __init__(self, settings: ProfileSettings, handle: fw.Handle, classes: Mapping[str, type[Any]] | None = None) -> None:
        classes = classes if classes is not None else registry()
        names = _all_plugins(settings)
        if unknown := [name for name in names if name not in classes]:
            raise ValueError(f"{unknown[0]} does not exist")
        self.name = settings.scheduler_name
        self.handle = handle
        by_name = {name: classes[name](handle, settings.args.get(name, {})) for name in names}
        plugins = list(by_name.values())
        scoring = settings.points.get("score", PointSettings()).enabled
        self.weights = dict.fromkeys(names, 1) | {name: weight or 1 for name, weight in (*settings.plugins, *scoring)}
        self.pre_enqueue: list[fw.PreEnqueuePlugin] = _at("preEnqueue", settings, by_name)
        self.queue_sort: list[fw.QueueSortPlugin] = _at("queueSort", settings, by_name)
        self.pre_filter: list[fw.PreFilterPlugin] = _at("preFilter", settings, by_name)
        self.filter: list[fw.FilterPlugin] = _at("filter", settings, by_name)
        self.post_filter: list[fw.PostFilterPlugin] = _at("postFilter", settings, by_name)
        self.pre_score: list[fw.PreScorePlugin] = _at("preScore", settings, by_name)
        self.score: list[fw.ScorePlugin] = _at("score", settings, by_name)
        self.reserve: list[fw.ReservePlugin] = _at("reserve", settings, by_name)
        self.permit: list[fw.PermitPlugin] = _at("permit", settings, by_name)
        self.pre_bind: list[fw.PreBindPlugin] = _at("preBind", settings, by_name)
        self.bind: list[fw.BindPlugin] = _at("bind", settings, by_name)
        self.post_bind: list[fw.PostBindPlugin] = _at("postBind", settings, by_name)
        self.enqueue_extensions: list[fw.EnqueueExtensions] = [plugin for plugin in plugins if isinstance(plugin, fw.EnqueueExtensions)]
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
