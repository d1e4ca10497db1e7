"""Pod affinity terms, compiled. Called by the snapshot and plugins. Answers kube-scheduler/framework/types.go:AffinityTerm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.selectors import NOTHING, LabelSelector, SelectorError, from_label_selector

Tree = Mapping[str, Any]
_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """A podAffinity or podAntiAffinity term. `namespace_selector` is None where the term has none."""

    namespaces: frozenset[str]
    selector: LabelSelector
    topology_key: str
    namespace_selector: LabelSelector | None
    weight: int = 0

    def matches(self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str] | None = None) -> bool:
        """Does it speak of a pod with these labels in that namespace? (AffinityTerm.Matches)"""
        if namespace not in self.namespaces:
            chosen = self.namespace_selector
            if chosen is None or namespace_labels is None or not chosen.matches(namespace_labels):
                return False
        return self.selector.matches(labels)


@dataclass(frozen=True, slots=True)
class PodAffinity:
    """A pod's own terms, required ones and preferred ones with weight."""

    required: tuple[AffinityTerm, ...] = ()
    required_anti: tuple[AffinityTerm, ...] = ()
    preferred: tuple[AffinityTerm, ...] = ()
    preferred_anti: tuple[AffinityTerm, ...] = ()


def parse_pod_affinity(pod: Tree) -> PodAffinity:
    """Terms that cannot be parsed match nothing."""
    wanted = pod["spec"].get("affinity") or _EMPTY
    together, apart = wanted.get("podAffinity") or _EMPTY, wanted.get("podAntiAffinity") or _EMPTY
    required, preferred = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
    return PodAffinity(
        tuple(_term(pod, term) for term in together.get(required) or ()),
        tuple(_term(pod, term) for term in apart.get(required) or ()),
        tuple(_term(pod, term["podAffinityTerm"], term["weight"]) for term in together.get(preferred) or ()),
        tuple(_term(pod, term["podAffinityTerm"], term["weight"]) for term in apart.get(preferred) or ()),
    )


def _term(pod: Tree, term: Tree, weight: int = 0) -> AffinityTerm:
    namespaces = frozenset(term.get("namespaces") or ())
    chosen = term.get("namespaceSelector")
    if not namespaces and chosen is None:
        namespaces = frozenset((meta.namespace(pod),))
    return AffinityTerm(
        namespaces, _selector(term.get("labelSelector")), term["topologyKey"], _selector(chosen) if chosen is not None else None, weight
    )


def _selector(selector: Tree | None) -> LabelSelector:
    try:
        return from_label_selector(selector)
    except SelectorError:
        return NOTHING
