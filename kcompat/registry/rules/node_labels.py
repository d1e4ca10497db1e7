"""Labels of nodes that have new names, and what warnings say of them (pkg/api/node/util.go). Called by the rules of many kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery.field import Path

DEPRECATED: Mapping[str, str] = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def expression_warnings(expressions: Sequence[Mapping[str, Any]] | None, path: Path) -> list[str]:
    """Of a selector's expressions; path is that of their list."""
    keys = [(path.index(index).child("key"), item.get("key", "")) for index, item in enumerate(expressions or ())]
    return [f"{at}: {key} is {DEPRECATED[key]}" for at, key in keys if key in DEPRECATED]


def label_selector_warnings(selector: Mapping[str, Any] | None, path: Path) -> list[str]:
    """Of a metav1.LabelSelector over nodes (GetWarningsForNodeSelector)."""
    found = expression_warnings((selector or {}).get("matchExpressions"), path.child("matchExpressions"))
    labels = (selector or {}).get("matchLabels") or ()
    return found + [f"{path.child('matchLabels').child(key)}: {DEPRECATED[key]}" for key in labels if key in DEPRECATED]
