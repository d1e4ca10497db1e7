"""On which nodes a daemon set's pods belong, and how a pod is bound to one. Pure. Called by plan and controller.

Upstream: pkg/controller/daemon/daemon_controller.go nodeShouldRunDaemonPod, util/daemonset_util.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.scheduling import NO_EXECUTE, NO_SCHEDULE, required_node_affinity, untolerated_taint
from kcompat.client.interface import Tree
from kcompat.controllers.controller import spec_of

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TAINTS = (
    ("node.kubernetes.io/not-ready", NO_EXECUTE),
    ("node.kubernetes.io/unreachable", NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/unschedulable", NO_SCHEDULE),
)
_NETWORK_TAINT = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE)


def tolerations(pod_spec: Mapping[str, Any]) -> list[Tree]:
    """The template's, and those that let a daemon stay on a troubled node (upstream: AddOrUpdateDaemonPodTolerations)."""
    found = list(pod_spec.get("tolerations") or ())
    for key, effect in [*_TAINTS, _NETWORK_TAINT] if pod_spec.get("hostNetwork") else _TAINTS:
        wanted = {"key": key, "operator": "Exists", "effect": effect}
        same = next((at for at, item in enumerate(found) if _identity(item) == _identity(wanted)), None)
        if same is None:
            found.append(wanted)
        else:
            found[same] = wanted
    return found


def _identity(toleration: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(toleration.get(key) or "" for key in ("key", "effect", "operator", "value"))


class Placement:
    """A daemon set's wishes, compiled once for all nodes."""

    def __init__(self, daemon_set: Tree) -> None:
        spec = spec_of(spec_of(daemon_set).get("template") or {})
        self._node_name = spec.get("nodeName") or ""
        self._tolerations = tolerations(spec)
        self._fits = required_node_affinity(spec)

    def judge(self, node: Tree) -> tuple[bool, bool]:
        """Should a pod be made there; should one that is there stay."""
        name = meta.name(node)
        if self._node_name not in ("", name) or (self._fits is not None and not self._fits(name, meta.labels(node))):
            return False, False
        taints = spec_of(node).get("taints") or ()
        if untolerated_taint(taints, self._tolerations) is None:
            return True, True
        return False, untolerated_taint(taints, self._tolerations, (NO_EXECUTE,)) is None

    def should_run(self, node: Tree) -> bool:
        return self.judge(node)[0]


def template_generation(daemon_set: Tree) -> str:
    """What the label of its pods says; "" without the annotation or where it is no number."""
    text = meta.annotations(daemon_set).get(GENERATION_ANNOTATION, "")
    return str(int(text)) if text.lstrip("-").isdecimal() else ""


def pod_template(daemon_set: Tree, digest: str) -> Tree:
    """The template with the revision's labels and a daemon's tolerations (upstream: CreatePodTemplate)."""
    template = spec_of(daemon_set).get("template") or {}
    labels = {**meta.labels(template), HASH_LABEL: digest}
    if generation := template_generation(daemon_set):
        labels[GENERATION_LABEL] = generation
    spec = spec_of(template)
    return {
        **template,
        "metadata": {**(template.get("metadata") or {}), "labels": labels},
        "spec": {**spec, "tolerations": tolerations(spec)},
    }


def bound_to(pod: Tree, node: str) -> Tree:
    """The pod with a node affinity that only this node satisfies (upstream: ReplaceDaemonSetPodNodeNameNodeAffinity)."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    affinity = spec_of(pod).get("affinity") or {}
    node_affinity = affinity.get("nodeAffinity") or {}
    required = {**(node_affinity.get(_REQUIRED) or {}), "nodeSelectorTerms": terms}
    wanted = {**affinity, "nodeAffinity": {**node_affinity, _REQUIRED: required}}
    return {**pod, "spec": {**spec_of(pod), "affinity": wanted}}


def target_node(pod: Tree) -> str:
    """The node a pod is on, or made for; "" where neither can be told (upstream: GetTargetNodeName)."""
    spec = spec_of(pod)
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    terms: Sequence[Tree] = meta.get(spec, ("affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")) or ()
    for expression in (item for term in terms for item in term.get("matchFields") or ()):
        if expression["key"] == "metadata.name" and expression["operator"] == "In":
            values: Sequence[str] = expression.get("values") or ()
            return str(values[0]) if len(values) == 1 else ""
    return ""


def is_updated(pod: Tree, digest: str, generation: str) -> bool:
    """Was it made from the current template? (upstream: IsPodUpdated)"""
    labels = meta.labels(pod)
    return labels.get(HASH_LABEL) == digest or (bool(generation) and labels.get(GENERATION_LABEL) == generation)
