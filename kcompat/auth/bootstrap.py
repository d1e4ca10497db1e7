"""The roles and bindings every cluster starts with (upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy), and how those of an
existing cluster are brought up to them (upstream: component-helpers auth/rbac/reconciliation).

Called by `cluster.py` at start, and by the Node authorizer for the rules of nodes. The table is data/bootstrap_policy.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson

from kcompat.apimachinery import meta
from kcompat.auth.policy_rules import Rule, uncovered

Tree = dict[str, Any]
Operation = Literal["create", "update", "recreate"]

AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_GROUP = "rbac.authorization.k8s.io"
_ORDER = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def policy() -> Iterator[Tree]:
    """Every bootstrap object, roles before the bindings that refer to them. A controller gathers the rules of aggregated roles."""
    table = _table()
    for kind in _ORDER:
        for namespace, objects in table[kind].items():
            for name, entry in objects.items():
                yield _object(kind, namespace, name, entry)


def node_rules() -> list[Rule]:
    """What kubelets may do, before the Node authorizer narrows it (upstream: bootstrappolicy.NodeRules)."""
    return list(map(_rule, _table()["ClusterRole"][""]["system:node"]["rules"]))


def reconcile(existing: Mapping[str, Any] | None, expected: Tree) -> tuple[Operation, Tree] | None:
    """What to write so that the object grants at least what is expected: nothing that a user added is taken away.

    None: nothing to do, also where the autoupdate annotation says "false". recreate: delete, then create, as the role of a binding
    cannot be changed (upstream: computeReconciledRole, computeReconciledRoleBinding).
    """
    if existing is None:
        return "create", expected
    if meta.annotations(existing).get(AUTOUPDATE) == "false":
        return None
    if "roleRef" in expected and existing.get("roleRef") != expected["roleRef"]:
        return "recreate", expected
    changed = _with_metadata(existing, expected)
    changed = _with_subjects(changed, expected) if "roleRef" in expected else _with_rules(changed, expected)
    return None if changed == existing else ("update", changed)


def _with_metadata(existing: Mapping[str, Any], expected: Tree) -> Tree:
    """Expected labels and annotations where there are none of that name."""
    labels = {**meta.labels(expected), **meta.labels(existing)}
    annotations = {**meta.annotations(expected), **meta.annotations(existing)}
    return meta.with_metadata(existing, labels=labels or None, annotations=annotations or None)


def _with_rules(role: Tree, expected: Tree) -> Tree:
    wanted = (expected.get("aggregationRule") or {}).get("clusterRoleSelectors", [])
    if not wanted:
        role = {name: value for name, value in role.items() if name != "aggregationRule"}
        missing = uncovered(role.get("rules") or [], expected.get("rules") or [])
        return {**role, "rules": [*(role.get("rules") or []), *missing]} if missing else role
    present = (role.get("aggregationRule") or {}).get("clusterRoleSelectors", [])
    absent = [selector for selector in wanted if selector not in present]
    return {**role, "aggregationRule": {"clusterRoleSelectors": [*present, *absent]}} if absent else role


def _with_subjects(binding: Tree, expected: Tree) -> Tree:
    present = binding.get("subjects") or []
    absent = [subject for subject in expected.get("subjects") or [] if subject not in present]
    return {**binding, "subjects": [*present, *absent]} if absent else binding


@cache
def _table() -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Kind → namespace → name → entry."""
    return orjson.loads((files("kcompat.auth") / "data" / "bootstrap_policy.json").read_bytes())  # type: ignore[no-any-return]


def _object(kind: str, namespace: str, name: str, entry: Mapping[str, Any]) -> Tree:
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults", **entry.get("labels", {})}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": labels, "annotations": {AUTOUPDATE: "true"}}
    content = _binding(entry) if kind.endswith("Binding") else _role(entry)
    return {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": metadata, **content}


def _role(entry: Mapping[str, Any]) -> Tree:
    if aggregates := entry.get("aggregates"):
        return {"rules": None, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels} for labels in aggregates]}}
    return {"rules": list(map(_rule, entry.get("rules", ())))}


def _rule(text: str) -> Rule:
    """`verbs | groups | resources [| names]` or `verbs | URLs`; the core group is a dash."""
    columns = [column.split() for column in text.split(" | ")]
    if len(columns) == 2:
        return {"nonResourceURLs": columns[1], "verbs": columns[0]}
    verbs, groups, resources, *names = columns
    rule: Tree = {"apiGroups": ["" if group == "-" else group for group in groups], "resources": resources, "verbs": verbs}
    return rule | ({"resourceNames": names[0]} if names else {})


def _binding(entry: Mapping[str, Any]) -> Tree:
    kind, name = entry["role"].split()
    subjects = [_subject(*text.split()) for text in entry["subjects"]]
    return {"roleRef": {"apiGroup": _GROUP, "kind": kind, "name": name}, **({"subjects": subjects} if subjects else {})}


def _subject(kind: str, name: str, namespace: str = "") -> Tree:
    return {"kind": kind, "name": name, "namespace": namespace} if namespace else {"apiGroup": _GROUP, "kind": kind, "name": name}


def missing(existing: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Operation, Tree]]:
    """What to write, in order, given all roles and bindings there are."""
    present = {(tree["kind"], meta.namespace(tree), meta.name(tree)): tree for tree in existing}
    for expected in policy():
        change = reconcile(present.get((expected["kind"], meta.namespace(expected), meta.name(expected))), expected)
        if change is not None:
            yield change
