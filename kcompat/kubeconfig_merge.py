"""Adds a cluster's entries to the user's own kubeconfig, on request only. Called by `kcompat kubeconfig --merge`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kcompat.apimachinery import yaml

Tree = dict[str, Any]
_SECTIONS = ("clusters", "users", "contexts")


def merge(source: Path) -> Path:
    """Merges source into $KUBECONFIG's first file or ~/.kube/config; entries of the same name are replaced, the context in use stays.

    Returns the file written. Raises OSError, ValueError.
    """
    target = _target()
    theirs: Tree = _read(target) if target.exists() else {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    ours = _read(source)
    name = ours["clusters"][0]["name"]
    user = f"kcompat-{name}"
    ours["users"][0]["name"] = user
    ours["contexts"][0] = {"name": f"kcompat-{name}", "context": {"cluster": f"kcompat-{name}", "user": user}}
    ours["clusters"][0]["name"] = f"kcompat-{name}"
    for section in _SECTIONS:
        theirs[section] = _joined(theirs.get(section) or [], ours[section])
    if not theirs.get("current-context"):
        theirs["current-context"] = f"kcompat-{name}"
    _write(target, yaml.dump(theirs))
    return target


def _target() -> Path:
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return Path(listed[0]) if listed else Path.home() / ".kube" / "config"


def _read(file: Path) -> Tree:
    document, _ = yaml.loads(file.read_bytes())
    if not isinstance(document, dict):
        raise ValueError(f"{file} is not a kubeconfig")
    return document


def _joined(theirs: list[Tree], ours: list[Tree]) -> list[Tree]:
    names = {entry["name"] for entry in ours}
    return [*(entry for entry in theirs if entry.get("name") not in names), *ours]


def _write(target: Path, content: bytes) -> None:
    """Replaces the file in one step, readable by its owner only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.kcompat")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(target)
