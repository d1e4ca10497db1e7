"""The stored resources with objects that upstream accepts, from objects.yaml and objects_full.yaml. Used by topics/*.py."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Tree = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One resource in one version."""

    group: str
    version: str
    resource: str
    facts: Tree

    @property
    def title(self) -> str:
        """`configmaps`, `deployments.apps`; with the version where a resource is served in two."""
        base = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{base}.{self.version}" if self.group == "autoscaling" else base

    @property
    def kind(self) -> str:
        return str(self.facts["kind"])

    @property
    def namespaced(self) -> bool:
        return not self.facts.get("cluster")

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def settles(self) -> bool:
        """Whether the server's own controllers change objects of this kind after a write."""
        return bool(self.facts.get("settles"))

    def path(self, namespace: str) -> str:
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.resource}" if self.namespaced else f"{root}/{self.resource}"

    def object(self, which: str, mark: str, namespace: str) -> Tree:
        """Object "one" or "two". `mark` makes its names its script's own, and labels it."""
        tree: Tree = {"apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": self._name(which, mark), "labels": {"diff": mark}}}
        tree = merged(tree, self.facts["object"])
        tree = merged(tree, _marked(self.facts.get("each", {}).get(which, {}), mark))
        if "namespaceField" in self.facts:
            tree = merged(tree, {self.facts["namespaceField"]: {"namespace": namespace}})
        return tree

    def minimal(self, mark: str, namespace: str) -> Tree:
        """An object with nothing that is not required."""
        return self._whole(_all()[self.title]["minimal"], mark, namespace, labels=False)

    def full(self, mark: str, namespace: str) -> list[Tree]:
        """Objects with every field that can be set; several where fields exclude each other."""
        return [self._whole(content, mark, namespace) for content in _all()[self.title]["full"]]

    @property
    def full_status(self) -> Tree | None:
        """A status with every field; None where there is none."""
        status: Tree | None = _all()[self.title].get("status")
        return status

    def _whole(self, content: Tree, mark: str, namespace: str, labels: bool = True) -> Tree:
        metadata: Tree = {"name": self._name("one", mark)}
        if labels:
            owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "2f1b7a3e-0000-4000-8000-000000000002", "controller": True, "blockOwnerDeletion": True}
            metadata |= {"labels": {"diff": mark, "b": "x", "a": "y"}, "annotations": {"z": "<&>", "a": "\u2028 é"}, "ownerReferences": [owner], "generateName": "unused-"}
        tree = merged({"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}, content)
        return merged(tree, {self.facts["namespaceField"]: {"namespace": namespace}}) if "namespaceField" in self.facts else tree

    def _name(self, which: str, mark: str) -> str:
        names = self.facts.get("names")
        return _marked(names[which != "one"], mark) if names else f"{mark}-{which}"  # type: ignore[no-any-return]


def _marked(value: Any, mark: str) -> Any:
    """%s stands for the mark."""
    if isinstance(value, str):
        return value.replace("%s", mark)
    if isinstance(value, dict):
        return {name: _marked(child, mark) for name, child in value.items()}
    return [_marked(child, mark) for child in value] if isinstance(value, list) else value


def merged(tree: Any, change: Any) -> Any:
    """JSON merge patch, on a copy."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(tree) if isinstance(tree, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@cache
def _all() -> dict[str, Tree]:
    document: dict[str, Tree] = yaml.safe_load((Path(__file__).parent / "objects_full.yaml").read_text())
    return document


@cache
def all_kinds() -> tuple[Kind, ...]:
    document = yaml.safe_load((Path(__file__).parent / "objects.yaml").read_text())
    return tuple(Kind(*_group_version(path), facts) for path, facts in document.items())


def _group_version(path: str) -> tuple[str, str, str]:
    *group, version, resource = path.split("/")
    return "".join(group), version, resource
