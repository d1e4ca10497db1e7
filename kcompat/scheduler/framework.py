"""The scheduling framework: what a plugin may be, and what the scheduler tells it. Implemented by plugins/, driven by cycle.py and loop.py.

Every upstream extension point is a Protocol here; a plugin implements those it needs and is found by scanning `plugins/`. Decisions
(everything up to Permit) are pure functions of the pod and the snapshot; PreBind, Bind and PostBind may do I/O.
Answers upstream's k8s.io/kube-scheduler/framework/interface.go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, IntFlag, auto
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from kcompat.client.resources import ResourceType
    from kcompat.scheduler.permit import WaitingPods
    from kcompat.scheduler.queue import QueuedPod
    from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]
Scores = Any
"""One integer per node: a list, or a numpy array where numpy is installed."""

MAX_NODE_SCORE = 100


class Code(IntEnum):
    """What a plugin answers (framework/interface.go: Code)."""

    SUCCESS = 0
    ERROR = auto()
    UNSCHEDULABLE = auto()
    UNSCHEDULABLE_AND_UNRESOLVABLE = auto()
    WAIT = auto()
    SKIP = auto()
    PENDING = auto()


@dataclass(frozen=True, slots=True)
class Status:
    """A plugin's answer other than plain success, which is None. `reasons` are shown to users."""

    code: Code
    reasons: tuple[str, ...] = ()
    plugin: str = ""

    @property
    def message(self) -> str:
        return ", ".join(self.reasons)

    @property
    def rejected(self) -> bool:
        return self.code in (Code.UNSCHEDULABLE, Code.UNSCHEDULABLE_AND_UNRESOLVABLE, Code.PENDING)


SKIP = Status(Code.SKIP)


def unschedulable(*reasons: str) -> Status:
    """The node does not fit now; removing pods from it might help."""
    return Status(Code.UNSCHEDULABLE, reasons)


def unresolvable(*reasons: str) -> Status:
    """The node does not fit, and no preemption changes that."""
    return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, reasons)


class PluginError(Exception):
    """A plugin failed for a reason that is not the pod's; the pod is tried again after its backoff."""


class Scope(Enum):
    """What a plugin's verdict on a node depends on, so that the verdicts on a template's last pod can serve its next one."""

    NODE = auto()
    """The pod and the node object: holds until a node changes."""
    PODS = auto()
    """Also the pods on that node: holds until one comes or goes there."""
    CLUSTER = auto()
    """Also other nodes' pods: asked anew for every node and pod."""


class CycleState(dict[str, Any]):
    """What plugins remember between the extension points of one decision, keyed by plugin and purpose."""

    def clone(self) -> CycleState:
        """A copy that preemption can try removals on: values with a clone() are cloned, others shared."""
        return CycleState({key: value.clone() if hasattr(value, "clone") else value for key, value in self.items()})


@dataclass(frozen=True, slots=True)
class PreFilterResult:
    """The only nodes worth looking at."""

    node_names: frozenset[str]


@dataclass(frozen=True, slots=True)
class PostFilterResult:
    """`nominated_node` goes to the pod's status.nominatedNodeName ("" clears it); `victims` are deleted to make room."""

    nominated_node: str
    victims: tuple[PodInfo, ...] = ()


class Action(IntFlag):
    """What happened to an object (framework/types.go: ActionType)."""

    ADD = auto()
    DELETE = auto()
    UPDATE_NODE_ALLOCATABLE = auto()
    UPDATE_NODE_LABEL = auto()
    UPDATE_NODE_TAINT = auto()
    UPDATE_NODE_CONDITION = auto()
    UPDATE_NODE_ANNOTATION = auto()
    UPDATE_NODE_DECLARED_FEATURE = auto()
    UPDATE_POD_LABEL = auto()
    UPDATE_POD_SCALE_DOWN = auto()
    UPDATE_POD_TOLERATION = auto()
    UPDATE_POD_SCHEDULING_GATES_ELIMINATED = auto()
    UPDATE_OTHER = auto()
    UPDATE = (
        UPDATE_NODE_ALLOCATABLE | UPDATE_NODE_LABEL | UPDATE_NODE_TAINT | UPDATE_NODE_CONDITION | UPDATE_NODE_ANNOTATION
        | UPDATE_NODE_DECLARED_FEATURE | UPDATE_POD_LABEL | UPDATE_POD_SCALE_DOWN | UPDATE_POD_TOLERATION
        | UPDATE_POD_SCHEDULING_GATES_ELIMINATED | UPDATE_OTHER
    )
    ALL = ADD | DELETE | UPDATE


NODE = "Node"
ASSIGNED_POD = "AssignedPod"
UNSCHEDULED_POD = "UnscheduledPod"
TARGET_POD = "TargetPod"
WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """Something that happened to a resource (NODE, ASSIGNED_POD, …, or a plugin's own, as `storage.k8s.io/StorageClass`)."""

    resource: str
    action: Action


QueueingHint = Callable[[Tree, Tree | None, Tree | None], bool]
"""(pod, old object, new object) → may this event make the pod schedulable?"""


@dataclass(frozen=True, slots=True)
class EventToRegister:
    """An event that may help a pod this plugin rejected; without a hint, always."""

    event: ClusterEvent
    hint: QueueingHint | None = None


class Unsignable(Exception):
    """Raised by `sign`: the pod's decision cannot be shared with others of its template."""


@runtime_checkable
class Plugin(Protocol):
    """Every plugin: a class with its upstream name, made once per profile with the handle and its pluginConfig args.

    A class attribute `watches` (client.resources.ResourceType, …) names the resources that it looks up in `handle.listers`.
    """

    name: str


@runtime_checkable
class EnqueueExtensions(Plugin, Protocol):
    def events_to_register(self) -> Sequence[EventToRegister]: ...


@runtime_checkable
class SignPlugin(Plugin, Protocol):
    """Names what of a pod the plugin's Filter and Score look at. A Filter or Score plugin without it prevents reuse."""

    def sign(self, pod: Tree) -> Any:
        """A JSON tree, equal for pods that this plugin treats alike. Raises Unsignable."""


@runtime_checkable
class PreEnqueuePlugin(Plugin, Protocol):
    def pre_enqueue(self, pod: Tree) -> Status | None:
        """None admits the pod to the active queue; anything else holds it back until an event of the plugin's."""


@runtime_checkable
class QueueSortPlugin(Plugin, Protocol):
    def sort_key(self, pod: QueuedPod) -> Any:
        """Pods with smaller keys are scheduled first."""


@runtime_checkable
class PreFilterPlugin(Plugin, Protocol):
    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        """Once per decision. SKIP leaves out the plugin's Filter."""


@runtime_checkable
class PreFilterExtensions(Plugin, Protocol):
    """For plugins whose PreFilter state counts pods: keeps it true while preemption tries removals."""

    def add_pod(self, state: CycleState, pod: Tree, added: PodInfo, node: NodeInfo) -> None: ...

    def remove_pod(self, state: CycleState, pod: Tree, removed: PodInfo, node: NodeInfo) -> None: ...


@runtime_checkable
class FilterPlugin(Plugin, Protocol):
    scope: Scope

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        """May the pod run on the node? None if so."""


@runtime_checkable
class FilterAllPlugin(Plugin, Protocol):
    """A faster Filter over every node at once; must agree with `filter`."""

    def filter_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Mapping[int, Status]:
        """The rows of the snapshot that are rejected."""


@runtime_checkable
class PostFilterPlugin(Plugin, Protocol):
    def post_filter(
        self, state: CycleState, pod: Tree, snapshot: Snapshot, rejected: Mapping[int, Status]
    ) -> tuple[PostFilterResult | None, Status]:
        """After no node fitted. `rejected` has the status of every row. SUCCESS: a place was found; its reasons are shown too."""


@runtime_checkable
class PreScorePlugin(Plugin, Protocol):
    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        """Once per decision, with the rows that passed. SKIP leaves out the plugin's Score."""


@runtime_checkable
class ScorePlugin(Plugin, Protocol):
    scope: Scope

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int: ...


@runtime_checkable
class ScoreAllPlugin(Plugin, Protocol):
    """A faster Score over every node at once; must agree with `score`."""

    def score_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Scores: ...


@runtime_checkable
class NormalizePlugin(Plugin, Protocol):
    def normalize_score(self, state: CycleState, scores: Scores, rows: Sequence[int]) -> Scores:
        """The feasible rows' scores brought to 0..100."""


@runtime_checkable
class ReservePlugin(Plugin, Protocol):
    def reserve(self, state: CycleState, pod: Tree, node_name: str) -> Status | None: ...

    def unreserve(self, state: CycleState, pod: Tree, node_name: str) -> None:
        """Undoes `reserve`; must be idempotent."""


@runtime_checkable
class PermitPlugin(Plugin, Protocol):
    def permit(self, state: CycleState, pod: Tree, node_name: str) -> tuple[Status | None, float]:
        """WAIT holds the binding back for at most the seconds given."""


@runtime_checkable
class PreBindPlugin(Plugin, Protocol):
    """One whose PreBind waits for others has `waits(state)`: such a pod keeps no worker from others' bindings."""

    def pre_bind(self, state: CycleState, pod: Tree, node_name: str) -> Awaitable[Status | None]: ...


@runtime_checkable
class BindPlugin(Plugin, Protocol):
    def bind(self, state: CycleState, pod: Tree, node_name: str) -> Awaitable[Status | None]:
        """Binds the pod, or answers SKIP to leave it to the next Bind plugin."""


@runtime_checkable
class PostBindPlugin(Plugin, Protocol):
    def post_bind(self, state: CycleState, pod: Tree, node_name: str) -> None: ...


class Listers(Protocol):
    """Objects of other kinds, from informers: what plugins look up beside the snapshot."""

    def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None: ...

    def list(self, group: str, resource: str, namespace: str = "") -> Collection[Tree]: ...


class Binder(Protocol):
    async def bind(self, pod: Tree, node_name: str) -> None:
        """Creates the pod's Binding. Raises StatusError or ConnectionError."""


class Writer(Protocol):
    async def update(self, resource: ResourceType, tree: Tree) -> Tree:
        """Replaces an object in the API if it has not changed since. Raises StatusError or ConnectionError."""


class NoListers:
    """A cluster without any other objects."""

    def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        return None

    def list(self, group: str, resource: str, namespace: str = "") -> Collection[Tree]:
        return ()


@dataclass(slots=True)
class Handle:
    """What the scheduler gives a plugin when it is made (framework/interface.go: Handle)."""

    snapshot: Snapshot
    listers: Listers = field(default_factory=NoListers)
    binder: Binder | None = None
    choose: Callable[[int], int] = lambda n: 0
    """A random number below n: breaks ties between equally good nodes."""
    preempting: set[str] = field(default_factory=set)
    """Uids of pods whose victims are being deleted; they are not tried before that is done."""
    waiting: WaitingPods | None = None
    """Pods that Permit plugins hold back, to allow or reject."""
    run_filters: Callable[[CycleState, Tree, NodeInfo], Status | None] = lambda state, pod, node: None
    """Every Filter of the profile, in order, the node's nominated pods taken into account."""
    pod_removed: Callable[[CycleState, Tree, PodInfo, NodeInfo], None] = lambda state, pod, removed, node: None
    pod_added: Callable[[CycleState, Tree, PodInfo, NodeInfo], None] = lambda state, pod, added, node: None
    writer: Writer | None = None
    """For PreBind: what must be written before the pod can be bound."""
