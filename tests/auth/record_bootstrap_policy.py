"""Writes kcompat/auth/data/bootstrap_policy.json from a kube-apiserver that no controller has touched yet:

    kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json | python tests/auth/record_bootstrap_policy.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "kcompat/auth/data/bootstrap_policy.json"
BOOTSTRAPPING = "kubernetes.io/bootstrapping"


def rule(tree: dict[str, Any]) -> str:
    """`verbs | groups | resources [| names]` or `verbs | URLs`; the core group is a dash."""
    if "nonResourceURLs" in tree:
        columns = [tree["verbs"], tree["nonResourceURLs"]]
    else:
        columns = [tree["verbs"], [group or "-" for group in tree["apiGroups"]], tree["resources"], tree.get("resourceNames", [])]
    return " | ".join(" ".join(column) for column in columns if column)


def role(tree: dict[str, Any]) -> dict[str, Any]:
    labels = {name: value for name, value in tree["metadata"]["labels"].items() if name != BOOTSTRAPPING}
    selectors = tree.get("aggregationRule", {}).get("clusterRoleSelectors", [])
    found = {"labels": labels, "aggregates": [s["matchLabels"] for s in selectors], "rules": [rule(r) for r in tree["rules"] or []]}
    return {name: value for name, value in found.items() if value}


def binding(tree: dict[str, Any]) -> dict[str, Any]:
    subjects = [" ".join(filter(None, (s["kind"], s["name"], s.get("namespace", "")))) for s in tree.get("subjects", [])]
    return {"role": f"{tree['roleRef']['kind']} {tree['roleRef']['name']}", "subjects": subjects}


def main() -> None:
    policy: dict[str, dict[str, dict[str, Any]]] = {}
    for tree in json.load(sys.stdin)["items"]:
        metadata = tree["metadata"]
        if BOOTSTRAPPING in metadata.get("labels", {}):
            convert = role if tree["kind"].endswith("Role") else binding
            policy.setdefault(tree["kind"], {}).setdefault(metadata.get("namespace", ""), {})[metadata["name"]] = convert(tree)
    TARGET.write_text(json.dumps(policy, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
