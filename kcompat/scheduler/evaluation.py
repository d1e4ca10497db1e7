"""Every node's verdict and score for one pod template, brought up to date instead of made anew. Made and asked by cycle.py.

What a plugin says about a node holds as long as what it depends on (framework.py:Scope): NODE verdicts for the snapshot's epoch, PODS
verdicts until a pod comes or goes on the node, CLUSTER verdicts for one decision. So deciding on the thousandth pod of a Deployment
asks the local plugins about one node only, the one that took the pod before.
Optional methods are asked for with hasattr: isinstance with a Protocol costs ten times as much as most plugins.
Answers pkg/scheduler/schedule_one.go: findNodesThatFitPod, prioritizeNodes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kcompat.scheduler import framework as fw
from kcompat.scheduler import scores as arithmetic
from kcompat.scheduler.diagnosis import Diagnosis
from kcompat.scheduler.framework import Code, CycleState, Scope, Status
from kcompat.scheduler.profile import Profile
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]

FEW = 16
"""Up to so many changed nodes are asked one by one, more of them all at once."""


class Filters:
    """PreFilter done, and any node's verdict. Raises PluginError if a plugin fails."""

    def __init__(self, profile: Profile, pod: PodInfo, snapshot: Snapshot, state: CycleState) -> None:
        self.pod = pod
        self.snapshot = snapshot
        self.state = state
        self.failure: Status | None = None
        self.names: frozenset[str] | None = None
        self.restricting: set[str] = set()
        self.skipped: set[str] = set()
        self._pre_filters = profile.pre_filter
        self._run_pre_filters()
        self.active: list[Any] = [plugin for plugin in profile.filter if plugin.name not in self.skipped] if not self.failure else []

    def _run_pre_filters(self) -> None:
        for plugin in self._pre_filters:
            answer = plugin.pre_filter(self.state, self.pod.pod, self.snapshot)
            name = plugin.name
            if isinstance(answer, fw.PreFilterResult):
                self._restrict(name, answer.node_names)
            elif answer is not None:
                self._note(name, answer)
            if self.failure is not None and self.failure.code is Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
                return

    def _note(self, name: str, answer: Status) -> None:
        if answer.code is Code.SKIP:
            self.skipped.add(name)
        elif answer.rejected:
            self.failure = Status(answer.code, answer.reasons, name)
        elif answer.code is not Code.SUCCESS:
            raise fw.PluginError(f'running PreFilter plugin "{name}": {answer.message}')

    def _restrict(self, name: str, names: frozenset[str]) -> None:
        self.restricting.add(name)
        self.names = names if self.names is None else self.names & names
        if not self.names:
            plugins = sorted(self.restricting)
            reason = f"node(s) didn't satisfy plugin {plugins[0]}"
            if len(plugins) > 1:
                reason = f"node(s) didn't satisfy plugin(s) [{' '.join(plugins)}] simultaneously"
            self.failure = fw.unresolvable(reason)

    def refresh(self) -> bool:
        """Runs PreFilter again for plugins that look at other nodes; False if that changed which plugins take part."""
        for plugin in self._pre_filters:
            if getattr(plugin, "scope", Scope.NODE) is Scope.CLUSTER:
                answer = plugin.pre_filter(self.state, self.pod.pod, self.snapshot)
                skip = isinstance(answer, Status) and answer.code is Code.SKIP
                if skip is not (plugin.name in self.skipped) or (isinstance(answer, Status) and not skip):
                    return False
        return True

    def verdict(self, node: NodeInfo, plugins: Iterable[Any] | None = None) -> Status | None:
        """The first rejection, None if the node fits; also with the pods nominated to run there (RunFilterPluginsWithNominatedPods)."""
        plugins = self.active if plugins is None else plugins
        crowd = self._crowd(node)
        if crowd:
            crowded, state = node.clone(), self.state.clone()
            for pod in crowd:
                crowded.add(pod)
                for plugin in plugins:
                    if hasattr(plugin, "add_pod"):
                        plugin.add_pod(state, self.pod.pod, pod, crowded)
            if (rejection := self._first(plugins, state, crowded)) is not None:
                return rejection
        return self._first(plugins, self.state, node)

    def _crowd(self, node: NodeInfo) -> list[PodInfo]:
        nominated = self.snapshot.nominated.get(node.name) if self.snapshot.nominated else None
        if not nominated:
            return []
        mine = self.pod
        return [pod for pod in nominated.values() if pod.priority >= mine.priority and pod.uid != mine.uid and pod.uid not in node.pods]

    def _first(self, plugins: Iterable[Any], state: CycleState, node: NodeInfo) -> Status | None:
        pod = self.pod.pod
        for plugin in plugins:
            if (status := plugin.filter(state, pod, node)) is not None:
                return _named(plugin.name, status)
        return None


def _named(name: str, status: Status) -> Status:
    if not status.rejected:
        raise fw.PluginError(f'running Filter plugin "{name}": {status.message}')
    return Status(status.code, status.reasons, name)


class Evaluation:
    """All nodes' verdicts and scores for one template."""

    def __init__(self, profile: Profile, pod: PodInfo, snapshot: Snapshot) -> None:
        self.profile = profile
        self.snapshot = snapshot
        self.epoch = snapshot.epoch
        self.seen = len(snapshot.changes)
        self.size = len(snapshot)
        self.state = CycleState()
        self.filters = Filters(profile, pod, snapshot, self.state)
        active = self.filters.active
        self._local = [plugin for plugin in active if plugin.scope is not Scope.CLUSTER]
        self._global = [plugin for plugin in active if plugin.scope is Scope.CLUSTER]
        self.rows = self._candidates()
        self.rejected: dict[int, Status] = {}
        self._reject(self._local)
        self._elsewhere = self._ask_global()
        self._scoring = Scoring(self)

    def _candidates(self) -> Collection[int]:
        names = self.filters.names
        if names is None or self.filters.failure is not None:
            return range(self.size)
        return sorted(node.row for name in names if (node := self.snapshot.node(name)) is not None)

    def _reject(self, plugins: Sequence[Any]) -> None:
        """Fills `rejected` plugin by plugin, each asked about the rows that passed so far."""
        if self.filters.failure is not None:
            return
        rows = set(self.rows)
        for plugin in plugins:
            found = self._ask(plugin, rows)
            for row, status in found.items():
                if row in rows:
                    self.rejected[row] = _named(plugin.name, status)
            rows -= found.keys()
        for name in self.snapshot.nominated:
            if (node := self.snapshot.node(name)) is not None and node.row in rows:
                self._recheck(node.row)

    def _ask(self, plugin: Any, rows: Collection[int]) -> Mapping[int, Status]:
        pod, state = self.filters.pod.pod, self.state
        if len(rows) > FEW and hasattr(plugin, "filter_all"):
            rejected: Mapping[int, Status] = plugin.filter_all(state, pod, self.snapshot)
            return rejected
        nodes = self.snapshot.rows
        answers = ((row, plugin.filter(state, pod, nodes[row])) for row in rows)
        return {row: status for row, status in answers if status is not None}

    def _recheck(self, row: int) -> None:
        status = self.filters.verdict(self.snapshot.rows[row], self._local)
        if status is None:
            self.rejected.pop(row, None)
        else:
            self.rejected[row] = status

    def _ask_global(self) -> dict[int, Status]:
        """Rejections by plugins that look at other nodes too, among the rows that pass otherwise."""
        found: dict[int, Status] = {}
        if not self._global or self.filters.failure is not None:
            return found
        rows = {row for row in self.rows if row not in self.rejected}
        crowded = {node.row for name in self.snapshot.nominated if (node := self.snapshot.node(name)) is not None} & rows
        for plugin in self._global:
            for row, status in self._ask(plugin, rows).items():
                if row in rows:
                    found[row] = _named(plugin.name, status)
            rows -= found.keys()
        for row in crowded & rows:
            rejection = self.filters.verdict(self.snapshot.rows[row], self._global)
            if rejection is not None:
                found[row] = rejection
        return found

    def refresh(self, pod: PodInfo) -> bool:
        """Brings everything up to date for the next pod of the template; False if it has to be made anew."""
        snapshot = self.snapshot
        if self.epoch != snapshot.epoch:
            return False
        self.filters.pod = pod
        if not self.filters.refresh():
            return False
        changed = set(snapshot.changes[self.seen :])
        self.seen = len(snapshot.changes)
        if self.filters.failure is None:
            wanted = changed if len(self.rows) == self.size else changed.intersection(self.rows)
            for row in wanted:
                self._recheck(row)
            self._elsewhere = self._ask_global()
            self._scoring.refresh(wanted)
        return True

    def feasible(self) -> Sequence[int]:
        """Rows that fit, ascending."""
        if self.filters.failure is not None:
            return ()
        rejected, elsewhere = self.rejected, self._elsewhere
        if not rejected and not elsewhere:
            return range(self.size) if len(self.rows) == self.size else list(self.rows)
        return [row for row in self.rows if row not in rejected and row not in elsewhere]

    def best(self) -> int | None:
        """A row with the highest score, by chance among equals; None if none fits."""
        rows = self.feasible()
        if not rows:
            return None
        if len(rows) == 1:
            return rows[0]
        return rows[arithmetic.best(self._scoring.totals(rows), self.profile.handle.choose)]

    def scores(self) -> dict[str, int]:
        """Total score by node name, of those that fit."""
        rows = self.feasible()
        totals = self._scoring.totals(rows) if rows else []
        return {self.snapshot.rows[row].name: int(total) for row, total in zip(rows, totals, strict=True)}

    def diagnosis(self) -> Diagnosis:
        """Why nothing fits."""
        failure = self.filters.failure
        if failure is not None:
            plugins = {failure.plugin} if failure.plugin else set(self.filters.restricting)
            rejected = dict.fromkeys(range(self.size), failure)
            return Diagnosis(rejected, plugins=plugins, pre_filter_message=failure.message)
        rejected = {**self.rejected, **self._elsewhere}
        plugins = {status.plugin for status in rejected.values()} | self.filters.restricting
        if self.filters.names is None:
            return Diagnosis(rejected, plugins=plugins)
        absent = fw.unresolvable(f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(self.filters.restricting))}]")
        return Diagnosis(rejected, absent, plugins)


class Scoring:
    """Raw scores by plugin and row. Plugins that need no normalizing are summed once, in `_base`."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._ready = False
        self._plain: list[Any] = []
        self._normalized: list[Any] = []
        self._raw: dict[str, fw.Scores] = {}
        self._base: fw.Scores = []
        self._everywhere: list[Any] = []

    def _prepare(self, rows: Sequence[int]) -> None:
        """PreScore and the first scores, when a pod first has a choice."""
        evaluation = self._evaluation
        plugins: list[Any] = [plugin for plugin in evaluation.profile.score if plugin.scope is not Scope.CLUSTER]
        plugins = [plugin for plugin in plugins if not self._skipped(plugin, rows)]
        self._plain = [plugin for plugin in plugins if not hasattr(plugin, "normalize_score")]
        self._normalized = [plugin for plugin in plugins if hasattr(plugin, "normalize_score")]
        weights = evaluation.profile.weights
        plain = [(weights[plugin.name], self._score(plugin)) for plugin in self._plain]
        self._base = arithmetic.weighted_sum(plain, evaluation.size)
        self._raw = {plugin.name: self._score(plugin) for plugin in self._normalized}
        self._everywhere = [plugin for plugin in evaluation.profile.score if plugin.scope is Scope.CLUSTER]
        self._normalized = [plugin for plugin in self._normalized if not self._is_constant(plugin)]
        self._ready = True

    def _is_constant(self, plugin: Any) -> bool:
        """Scores that are equal everywhere and stay so decide nothing."""
        raw = self._raw[plugin.name]
        return plugin.scope is Scope.NODE and (len(raw) == 0 or min(raw) == max(raw))

    def _skipped(self, plugin: Any, rows: Sequence[int]) -> bool:
        if not hasattr(plugin, "pre_score"):
            return False
        evaluation = self._evaluation
        status = plugin.pre_score(evaluation.state, evaluation.filters.pod.pod, evaluation.snapshot, rows)
        if status is None or status.code is Code.SUCCESS:
            return False
        if status.code is not Code.SKIP:
            raise fw.PluginError(f'running PreScore plugin "{plugin.name}": {status.message}')
        return True

    def _score(self, plugin: Any) -> fw.Scores:
        evaluation = self._evaluation
        pod, state, snapshot = evaluation.filters.pod.pod, evaluation.state, evaluation.snapshot
        if hasattr(plugin, "score_all") and evaluation.size > FEW:
            return plugin.score_all(state, pod, snapshot)
        return arithmetic.array([plugin.score(state, pod, node) for node in snapshot.rows])

    def refresh(self, changed: Iterable[int]) -> None:
        if not self._ready:
            return
        evaluation = self._evaluation
        pod, state, nodes = evaluation.filters.pod.pod, evaluation.state, evaluation.snapshot.rows
        weights = evaluation.profile.weights
        moving = [plugin for plugin in self._normalized if plugin.scope is Scope.PODS]
        for row in changed:
            node = nodes[row]
            self._base[row] = sum(weights[plugin.name] * plugin.score(state, pod, node) for plugin in self._plain)
            for plugin in moving:
                self._raw[plugin.name][row] = plugin.score(state, pod, node)

    def totals(self, rows: Sequence[int]) -> fw.Scores:
        """Total scores of the feasible rows, in their order."""
        if not self._ready:
            self._prepare(rows)
        state, weights = self._evaluation.state, self._evaluation.profile.weights
        complete = len(rows) == self._evaluation.size
        parts = [(1, self._base if complete else arithmetic.take(self._base, rows))]
        raw = [(plugin, self._raw[plugin.name]) for plugin in self._normalized]
        raw += [(plugin, self._score(plugin)) for plugin in self._everywhere if not self._skipped(plugin, rows)]
        for plugin, values in raw:
            chosen = values if complete else arithmetic.take(values, rows)
            if hasattr(plugin, "normalize_score"):
                chosen = plugin.normalize_score(state, chosen, rows)
            parts.append((weights[plugin.name], chosen))
        if len(parts) == 1:
            return parts[0][1]
        return arithmetic.weighted_sum(parts, len(rows))
