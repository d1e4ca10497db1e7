"""What can be set about simulated nodes. Made by cluster.py from `--nodes N` and the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KUBELET_VERSION = "v1.37.1"

EVERYTHING: Mapping[str, str] = {
    "cpu": "32",
    "memory": "256Gi",
    "ephemeral-storage": "512Gi",
    "pods": "110",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
}


@dataclass(frozen=True)
class NodeSettings:
    """Times in seconds."""

    prefix: str = "node-"
    """Nodes are named prefix and number, from 0."""
    capacity: Mapping[str, str] = field(default_factory=lambda: dict(EVERYTHING))
    """What a node has, all of it allocatable."""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    """What nodes register with, beside a kubelet's own labels."""
    architecture: str = "amd64"
    lease_duration: int = 40
    """A Lease is renewed every quarter of it."""
    heartbeat: float = 300.0
    """How often a status that did not change is posted."""
    start_seconds: float = 0.0
    """How long a pod's containers take to be created; meanwhile they wait as ContainerCreating."""
    job_seconds: float = 1.0
    """How long the containers of a Job's pod run before they succeed, if their command does not tell."""
    missing_images: tuple[str, ...] = ()
    """Patterns (`*`, `?`, `[…]`) of images that cannot be pulled; all others are there."""
    events: bool = True
    """Record the kubelet's Events (Pulled, Created, Started, Killing, BackOff)."""
    events_per_second: float = 100.0
    """Events are the first thing to go: they are written at most so fast, and only while no status waits to be."""
    workers: int = 16
    """Requests to the API that may be under way at once. Each turn of the event loop carries out that many before those who make and bind
    pods have theirs: more would let pods start a little sooner and the last of a thousand be bound much later."""
