"""Which zones have lost their nodes, and how fast nodes may be given up for it. Pure but for what it remembers; used by `node_lifecycle.py`.

Where many nodes fall silent at once, the network or the control plane is the likelier cause, and their pods had better stay.
Upstream: pkg/controller/nodelifecycle (ComputeZoneState, handleDisruption, ReducedQPSFunc), component-helpers node/topology.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree

RATE: Final = 0.1
"""Nodes a second that may be given up in one zone (upstream: --node-eviction-rate)."""
SECONDARY_RATE: Final = 0.01
"""The same in a large zone most of whose nodes are silent (--secondary-node-eviction-rate); in a small one none is."""
LARGE: Final = 50
UNHEALTHY: Final = 0.55
EXCLUDED: Final = "node.kubernetes.io/exclude-disruption"
_ZONE = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
_REGION = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")


def zone_of(node: Tree) -> tuple[str, str]:
    """Region and zone."""
    labels = meta.labels(node)
    region, zone = (next((labels[key] for key in keys if key in labels), "") for keys in (_REGION, _ZONE))
    return region, zone


class Zones:
    """The nodes' readiness by zone, kept up to date by `put` and `drop`."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[tuple[str, str], bool]] = {}
        self._ready: Counter[tuple[str, str]] = Counter()
        self._silent: Counter[tuple[str, str]] = Counter()
        self._given_up: dict[tuple[str, str], float] = {}

    def put(self, node: Tree) -> None:
        self.drop(meta.name(node))
        if EXCLUDED not in meta.labels(node):
            zone, ready = zone_of(node), meta.is_condition_true(meta.conditions(node), "Ready")
            self._nodes[meta.name(node)] = zone, ready
            (self._ready if ready else self._silent)[zone] += 1

    def drop(self, name: str) -> None:
        if name in self._nodes:
            zone, ready = self._nodes.pop(name)
            (self._ready if ready else self._silent)[zone] -= 1

    @property
    def all_disrupted(self) -> bool:
        """No node is ready anywhere: none is given up."""
        return not any(self._ready.values())

    def rate(self, zone: tuple[str, str]) -> float:
        """Nodes a second that may be given up."""
        ready, silent = self._ready[zone], self._silent[zone]
        if self.all_disrupted:
            return 0.0
        if ready and silent > 2 and silent / (ready + silent) >= UNHEALTHY:
            return SECONDARY_RATE if ready + silent > LARGE else 0.0
        return RATE

    def may_give_up(self, node: Tree, now: float) -> bool:
        """Whether the rate lets this node go at `now` (seconds, monotonic); if so, it counts."""
        zone = zone_of(node)
        rate = self.rate(zone)
        if rate == 0.0 or now - self._given_up.get(zone, float("-inf")) < 1 / rate:
            return False
        self._given_up[zone] = now
        return True
