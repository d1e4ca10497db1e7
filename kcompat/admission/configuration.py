"""The file of --admission-control-config-file: what each plugin is configured with (upstream: apiserver pkg/admission/config.go).

Called by `cluster.py`, which gives the result to the plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kcompat.apimachinery import yaml

Tree = Mapping[str, Any]
_API_VERSIONS = ("apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1")


def read(file: str) -> dict[str, Tree]:
    """By plugin name; empty without a file. Raises OSError, ValueError."""
    if not file:
        return {}
    path = Path(file)
    tree = _document(path)
    if tree.get("apiVersion") not in _API_VERSIONS or tree.get("kind") != "AdmissionConfiguration":
        raise ValueError(f'{file}: no kind "{tree.get("kind", "")}" is registered for version "{tree.get("apiVersion", "")}"')
    plugins = ((plugin.get("name", ""), _of_plugin(plugin, path)) for plugin in tree.get("plugins") or ())
    return {name: found for name, found in plugins if found is not None}


def _of_plugin(plugin: Tree, file: Path) -> Tree | None:
    """What stands in the file itself, else in the file it names, from where it is."""
    inline: Tree | None = plugin.get("configuration")
    if inline is not None:
        return inline
    return _document(file.parent / plugin["path"]) if plugin.get("path") else None


def _document(path: Path) -> Tree:
    try:
        tree, duplicates = yaml.loads(path.read_bytes())
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: {error}") from None
    if duplicates:
        raise ValueError(f"{path}: {', '.join(duplicates)}")
    if not isinstance(tree, dict):
        raise ValueError(f"{path}: expected an object")
    return tree
