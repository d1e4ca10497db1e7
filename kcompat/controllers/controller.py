"""The one pattern of all controllers: a class that says what it watches and brings one object after the other to its wanted state.

    @controller("replicaset-controller", workers=5)
    class ReplicaSetController:
        def __init__(self, context: Context) -> None:
            self.replica_sets = context.watch(REPLICA_SETS, self.replica_set_changed)
        async def reconcile(self, key: str) -> float | None: ...

Watch callbacks only queue keys. `reconcile` looks at listers, lets a pure function decide, and carries the decision out through its client.
Controllers are found by scanning this package (manager.py); they share `pods.py`, `pod_control.py` and `ownership.py`, never each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, Identity, SystemClock
from kcompat.client.client import Client
from kcompat.client.events import EventRecorder
from kcompat.client.informer import Informer, InformerFactory
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.client.store import Indexer, Store
from kcompat.client.workqueue import RateLimiter, WorkQueue

OnChange = Callable[[Tree | None, Tree | None], None]
"""Called with (None, new) when an object is first seen, (old, new) when it changed and (last, None) when it is gone."""


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """upstream: --horizontal-pod-autoscaler-…; seconds, and the part of a target by which a measurement may be off."""

    sync_period: float = 15.0
    downscale_stabilization: float = 300.0
    tolerance: float = 0.1
    cpu_initialization_period: float = 300.0
    initial_readiness_delay: float = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What controllers are told from outside. root_ca: PEM given to every namespace; workers: concurrent syncs by controller name;
    namespace_grace: seconds between the deletion of a namespace and that of its content (None: a moment);
    sign_token: makes the token of a (service account, secret), None: nobody does; signing: certificate and key file of the authority behind
    each signer's name; signing_seconds: how long its certificates last at most; legacy_token_seconds: how long a token secret may lie unused;
    node_grace, node_startup_grace: seconds of silence until a node counts as not ready; terminated_pods: how many ended pods are kept."""

    root_ca: str = ""
    workers: Mapping[str, int] = field(default_factory=dict)
    namespace_grace: float | None = None
    sign_token: Callable[[Tree, Tree], str] | None = None
    signing: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    signing_seconds: float = 365 * 24 * 3600.0
    legacy_token_seconds: float = 365 * 24 * 3600.0
    autoscaling: Autoscaling = Autoscaling()
    node_grace: float = 50.0
    node_startup_grace: float = 60.0
    terminated_pods: int = 12500


class Requeue(Exception):
    """Raised by a reconciler to be called again, rate-limited, though nothing went wrong."""


class Controller(Protocol):
    """May also have `async def run(self)`: work that is not about one key, started with the workers and again if it fails."""

    async def reconcile(self, key: str) -> float | None:
        """Brings one object to its wanted state. Returns after how many seconds to look again, or None. An error: again, rate-limited."""


C = TypeVar("C", bound=Controller)


@dataclass(frozen=True, slots=True)
class ControllerSpec:
    """A controller before it runs. account: the service account in kube-system it acts as, "": as the controller manager itself;
    component: the source of its events; max_delay: seconds that a key which keeps failing waits at most; enabled: without being asked for."""

    name: str
    make: Callable[[Context], Controller]
    workers: int
    account: str
    component: str
    max_delay: float = 1000.0
    enabled: bool = True


SPECS: dict[str, ControllerSpec] = {}


def controller(
    name: str, *, workers: int = 1, account: str | None = None, component: str = "", max_delay: float = 1000.0, enabled: bool = True
) -> Callable[[type[C]], type[C]]:
    """Registers a class as a controller under upstream's name (cmd/kube-controller-manager/names); account and component default to it."""

    def register(make: type[C]) -> type[C]:
        make_controller: Callable[[Context], Controller] = make
        acts_as = name if account is None else account
        SPECS[name] = ControllerSpec(name, make_controller, workers, acts_as, component or acts_as or name, max_delay, enabled)
        return make

    return register


class Context:
    """What a controller is given: its own client, queue and recorder, and the informers everybody shares."""

    def __init__(
        self,
        spec: ControllerSpec,
        client: Client,
        informers: InformerFactory,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
        identity: Identity | None = None,
    ) -> None:
        self.name = spec.name
        self.client = client
        self.informers = informers
        self.settings = settings or Settings()
        self.clock = clock or SystemClock()
        self.identity = identity or Identity()
        self.queue: WorkQueue[str] = WorkQueue(spec.name, RateLimiter(maximum=spec.max_delay))
        self.recorder = EventRecorder(client, spec.component, clock=self.clock, identity=self.identity)
        self.watched: list[Informer] = []

    def watch(
        self,
        resource: ResourceType,
        on_change: OnChange | None = None,
        indexes: Mapping[str, Indexer] | None = None,
        *,
        field_selector: str = "",
    ) -> Store:
        """The lister of a resource; on_change is told what happens to it. Workers start when it is complete."""
        informer = self.informers.informer(resource, field_selector=field_selector)
        for name, indexer in (indexes or {}).items():
            informer.store.add_index(name, indexer)
        if on_change is not None:
            informer.add_handler(
                lambda new: on_change(None, new),
                lambda old, new: on_change(old, new),
                lambda last: on_change(last, None),
            )
        self.watched.append(informer)
        return informer.store

    def enqueue(self, old: Tree | None, new: Tree | None) -> None:
        """An on_change that queues the object itself."""
        tree = new if new is not None else old
        if tree is not None:
            self.queue.add(meta.key(tree))


def split_key(key: str) -> tuple[str, str]:
    """namespace ("" for cluster scope) and name of a queue key."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def spec_of(tree: Tree) -> Any:
    return tree.get("spec") or {}


def status_of(tree: Tree) -> Any:
    return tree.get("status") or {}
