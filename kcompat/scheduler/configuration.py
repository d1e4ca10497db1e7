"""Reads a KubeSchedulerConfiguration file (kubescheduler.config.k8s.io/v1) into settings. Called by `cluster.py` and `parts.py`.

What only tunes upstream's speed is read and without effect here: parallelism, percentageOfNodesToScore (all nodes are scored),
clientConnection, profiling. What would change decisions and is not built (extenders, plugins that do not exist) is refused.
Answers pkg/scheduler/apis/config/v1/default_plugins.go and validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kcompat.apimachinery import yaml
from kcompat.scheduler.profile import DEFAULT_PLUGINS, DEFAULT_SCHEDULER, POINTS, PointSettings, ProfileSettings, registry
from kcompat.scheduler.queue import INITIAL_BACKOFF, MAX_BACKOFF
from kcompat.scheduler.settings import SchedulerSettings

Tree = Mapping[str, Any]

API_VERSION, KIND = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration"
_FIELDS = {
    "apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "enableProfiling", "enableContentionProfiling",
    "percentageOfNodesToScore", "podInitialBackoffSeconds", "podMaxBackoffSeconds", "profiles", "extenders", "delayCacheUntilActive",
}  # fmt: skip
_PROFILE_FIELDS = {"schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"}
_LEADER_ELECTION = {
    "leaseDuration": "15s",
    "renewDeadline": "10s",
    "retryPeriod": "2s",
    "resourceLock": "leases",
    "resourceName": "kube-scheduler",
    "resourceNamespace": "kube-system",
}
"""Upstream's defaults; others are not supported."""
_ARGS = {
    "DefaultPreemption": {"minCandidateNodesPercentage", "minCandidateNodesAbsolute"},
    "InterPodAffinity": {"hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"},
    "NodeAffinity": {"addedAffinity"},
    "NodeResourcesBalancedAllocation": {"resources"},
    "NodeResourcesFit": {"ignoredResources", "ignoredResourceGroups", "scoringStrategy"},
    "PodTopologySpread": {"defaultConstraints", "defaultingType"},
    "VolumeBinding": {"bindTimeoutSeconds", "shape"},
}
"""The arguments of the plugins that take any."""


def is_configuration(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") == KIND


def load(file: str) -> SchedulerSettings:
    """The settings a file asks for, the default ones for "". Raises OSError, ValueError."""
    if not file:
        return SchedulerSettings()
    document, _ = yaml.loads(Path(file).read_bytes())
    try:
        return parse(document)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def leader_election(file: str) -> bool | None:
    """Whether the file wants leader election; None where it does not say."""
    if not file:
        return None
    document, _ = yaml.loads(Path(file).read_bytes())
    wanted = (document or {}).get("leaderElection") or {}
    return bool(wanted["leaderElect"]) if "leaderElect" in wanted else None


def parse(document: Any) -> SchedulerSettings:
    """Raises ValueError."""
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        raise ValueError(f"expected {KIND} of {API_VERSION}")
    _known(document, _FIELDS, "")
    if document.get("extenders"):
        raise ValueError("extenders: extenders are not supported")
    election = document.get("leaderElection") or {}
    _known(election, {"leaderElect", *_LEADER_ELECTION}, "leaderElection.")
    for name, default in _LEADER_ELECTION.items():
        if election.get(name, default) != default:
            raise ValueError(f"leaderElection.{name}: only {default} is supported")
    initial = document.get("podInitialBackoffSeconds", INITIAL_BACKOFF)
    longest = document.get("podMaxBackoffSeconds", MAX_BACKOFF)
    if initial <= 0:
        raise ValueError(f"podInitialBackoffSeconds: Invalid value: {initial}: must be greater than 0")
    if longest < initial:
        raise ValueError(f"podMaxBackoffSeconds: Invalid value: {longest}: must be greater than or equal to PodInitialBackoffSeconds")
    return SchedulerSettings(_profiles(document.get("profiles") or [{}]), float(initial), float(longest))


def _profiles(trees: Sequence[Tree]) -> tuple[ProfileSettings, ...]:
    profiles: list[ProfileSettings] = []
    for index, tree in enumerate(trees):
        path = f"profiles[{index}]"
        _known(tree, _PROFILE_FIELDS, f"{path}.")
        name = tree.get("schedulerName") or (DEFAULT_SCHEDULER if len(trees) == 1 else "")
        if not name:
            raise ValueError(f"{path}.schedulerName: Required value")
        if any(other.scheduler_name == name for other in profiles):
            raise ValueError(f'{path}.schedulerName: Duplicate value: "{name}"')
        profiles.append(_profile(name, tree, path))
    return tuple(profiles)


def _profile(name: str, tree: Tree, path: str) -> ProfileSettings:
    sets = tree.get("plugins") or {}
    _known(sets, {*POINTS, "multiPoint"}, f"{path}.plugins.")
    plugins = merged(DEFAULT_PLUGINS, sets.get("multiPoint") or {})
    points = {point: PointSettings(_enabled(sets[point]), _disabled(sets[point])) for point in POINTS if sets.get(point)}
    return ProfileSettings(name, plugins, _arguments(tree.get("pluginConfig") or (), path), points)


def merged(defaults: Iterable[tuple[str, int]], chosen: Tree) -> tuple[tuple[str, int], ...]:
    """The default plugins without the disabled ones, the enabled ones in their default's place or at the end (mergePluginSet)."""
    disabled, enabled = _disabled(chosen), dict(_enabled(chosen))
    kept = [(name, weight) for name, weight in defaults if not {"*", name} & disabled]
    replaced = [(name, enabled.pop(name, weight) or weight) for name, weight in kept]
    return (*replaced, *enabled.items())


def _enabled(chosen: Tree) -> tuple[tuple[str, int], ...]:
    return tuple((plugin["name"], plugin.get("weight") or 0) for plugin in chosen.get("enabled") or ())


def _disabled(chosen: Tree) -> frozenset[str]:
    return frozenset(plugin["name"] for plugin in chosen.get("disabled") or ())


def _arguments(configs: Iterable[Tree], path: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for index, config in enumerate(configs):
        name, args = config.get("name", ""), {**(config.get("args") or {})}
        where = f"{path}.pluginConfig[{index}]"
        if name in found:
            raise ValueError(f'{where}: Duplicate value: "{name}"')
        if name not in registry():
            raise ValueError(f"{where}: {name} does not exist")
        kind = args.pop("kind", f"{name}Args")
        if kind != f"{name}Args":
            raise ValueError(f"{where}: args for plugin {name} were not of type {name}Args, got {kind}")
        if args.pop("apiVersion", API_VERSION) != API_VERSION:
            raise ValueError(f"{where}.args.apiVersion: expected {API_VERSION}")
        if name in _ARGS:
            _known(args, _ARGS[name], f"{where}.args.")
        found[name] = args
    return found


def _known(tree: Tree, fields: Iterable[str], path: str) -> None:
    """Strict, as upstream decodes it."""
    if unknown := sorted(set(tree) - set(fields)):
        raise ValueError(f'unknown field "{path}{unknown[0]}"')
