"""The environment variables of a simulated container, as far as its pod alone tells them, and the `$(NAME)` references to them. Pure.
Called by obstacles.py and programs.py.

Answers pkg/kubelet/kubelet_pods.go: makeEnvironmentVariables and third_party/forked/golang/expansion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta

Tree = Mapping[str, Any]

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_ENTRY = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


class MissingValue(Exception):
    """A reference to a variable that is not there."""


def environment(pod: Tree, container: Tree) -> dict[str, str]:
    """Variables by name; those whose value is in a ConfigMap, a Secret or the node are left out."""
    found: dict[str, str] = {}
    for variable in container.get("env") or ():
        source = variable.get("valueFrom")
        value = expand(variable.get("value") or "", found) if source is None else _from_field(pod, source.get("fieldRef"))
        if value is not None:
            found[variable["name"]] = value
    return found


def _from_field(pod: Tree, reference: Tree | None) -> str | None:
    if reference is None:
        return None
    path: str = reference["fieldPath"]
    if (entry := _ENTRY.fullmatch(path)) is not None:
        return str(meta.metadata(pod).get(entry[1], {}).get(entry[2], ""))
    if path in ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"):
        return str(meta.get(pod, path.split("."), ""))
    return None


def expand(text: str, values: Mapping[str, str], *, strict: bool = False) -> str:
    """`$(NAME)` becomes its value, `$$` a dollar; a reference to nothing stays as it is, or if strict raises MissingValue."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        if name not in values and strict:
            raise MissingValue(f'missing value for "{name}"')
        return values.get(name, match[0])

    return _REFERENCE.sub(value, text)
