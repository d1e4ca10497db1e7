"""Objects for scheduler tests, with only what a test is about."""

from __future__ import annotations

from typing import Any

from kcompat.scheduler import framework as fw
from kcompat.scheduler.cycle import Cycle
from kcompat.scheduler.profile import Profile, ProfileSettings
from kcompat.scheduler.snapshot import PodInfo, Snapshot

Tree = dict[str, Any]


def node(name: str, cpu: str = "4", memory: str = "8Gi", pods: str = "110", *, labels: Tree | None = None, taints: list[Tree] | None = None,
         unschedulable: bool = False, images: list[Tree] | None = None, **allocatable: str) -> Tree:
    spec: Tree = {}
    if taints:
        spec["taints"] = taints
    if unschedulable:
        spec["unschedulable"] = True
    status: Tree = {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **allocatable}}
    if images:
        status["images"] = images
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}, "spec": spec, "status": status}


def container(cpu: str = "", memory: str = "", image: str = "app:1", ports: list[Tree] | None = None, **more: Any) -> Tree:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    requests |= more.pop("requests", {})
    built: Tree = {"name": "c", "image": image, "resources": {"requests": requests} if requests else {}, **more}
    return built | ({"ports": ports} if ports else {})


def pod(name: str, *containers: Tree, namespace: str = "default", labels: Tree | None = None, node_name: str = "",
        owner: Tree | None = None, **spec: Any) -> Tree:
    """`spec` goes into the spec as it is; `node_name` binds the pod."""
    metadata: Tree = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "generation": 1}
    if labels:
        metadata["labels"] = labels
    if owner:
        metadata["ownerReferences"] = [{"controller": True, "uid": "owner", **owner}]
    filled: Tree = {"schedulerName": "default-scheduler", "containers": list(containers) or [container()], **spec}
    if node_name:
        filled["nodeName"] = node_name
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": filled, "status": {"phase": "Pending"}}


class Listers:
    """Objects by (group, resource)."""

    def __init__(self, **objects: list[Tree]) -> None:
        self.objects = objects

    def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        found = [tree for tree in self.list(group, resource, namespace) if tree["metadata"]["name"] == name]
        return found[0] if found else None

    def list(self, group: str, resource: str, namespace: str = "") -> list[Tree]:
        return [tree for tree in self.objects.get(resource, []) if namespace in ("", tree["metadata"].get("namespace", ""))]


class World:
    """A profile over a snapshot; `choose` takes the last of equals, so that decisions repeat."""

    def __init__(self, *nodes: Tree, settings: ProfileSettings | None = None, **objects: list[Tree]) -> None:
        self.snapshot = Snapshot()
        for tree in nodes:
            self.snapshot.set_node(tree)
        handle = fw.Handle(self.snapshot, Listers(**objects), choose=lambda n: n - 1)
        self.profile = Profile(settings or ProfileSettings(), handle)
        self.cycle = Cycle(self.profile, self.snapshot)

    def run(self, *pods: Tree) -> World:
        """Pods that are on their nodes already."""
        for tree in pods:
            self.snapshot.set_pod(tree)
        return self

    def place(self, tree: Tree) -> str:
        """Decides and assumes."""
        info = PodInfo(tree)
        name = self.cycle.decide(info).node_name
        self.snapshot.assume(info, name)
        return name

    def feasible(self, tree: Tree) -> set[str]:
        return {self.snapshot.rows[row].name for row in self.cycle.evaluate(PodInfo(tree)).feasible()}

    def scores(self, tree: Tree) -> dict[str, int]:
        return self.cycle.evaluate(PodInfo(tree)).scores()

    def refusal(self, tree: Tree) -> str:
        """The message, preemption's part included."""
        from kcompat.scheduler.diagnosis import FitError

        info = PodInfo(tree)
        try:
            self.cycle.decide(info)
        except FitError as error:
            self.cycle.post_filter(info, error)
            return str(error)
        raise AssertionError("the pod fits")


def only(*plugins: tuple[str, int]) -> ProfileSettings:
    """A profile of these plugins and those that every profile needs."""
    return ProfileSettings(plugins=(("PrioritySort", 0), *plugins, ("DefaultBinder", 0)))
