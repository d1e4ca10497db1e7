"""The annotation of kubectl's client-side apply, which server-side apply by kubectl takes over and keeps in step.

Called by field_manager. Answers managedfields/internal/{lastapplied,lastappliedmanager,lastappliedupdater}.go.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.atoms import Atom
from kcompat.apimachinery.apply.sets import EMPTY, Set

Tree = dict[str, Any]
ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL: Final = "kubectl"
_MAX_ANNOTATIONS: Final = 256 * 1024
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def value_of(tree: Tree) -> str:
    """The annotation's text, "" if there is none."""
    annotations = tree.get("metadata", {}).get("annotations") or {}
    return str(annotations.get(ANNOTATION) or "")


def allowed(live: Tree, api_version: str, atom: Atom) -> Set:
    """Fields that client-side apply last set and nobody changed since: taking them over is no conflict."""
    try:
        applied = orjson.loads(value_of(live) or "null")
    except orjson.JSONDecodeError:
        return EMPTY
    if applied.__class__ is not dict or applied.get("apiVersion") != api_version or _defects(atom, applied) or _defects(atom, live):
        return EMPTY
    fields = atom.owned(applied) or EMPTY
    for changed in atom.compare(applied, live):
        fields = sets.difference(fields, changed or EMPTY)
    return fields


def _defects(atom: Atom, tree: Tree) -> list[str]:
    found: list[str] = []
    atom.check(tree, "", lambda path, why: found.append(path), duplicates=False)
    return found


def kept_in_step(tree: Tree, config: Tree) -> Tree:
    """The object with the annotation telling of this configuration, if it has one; without it where it would be too long."""
    if not value_of(tree):
        return tree
    annotations = {**tree["metadata"]["annotations"], ANNOTATION: _text(config)}
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        del annotations[ANNOTATION]
    return {**tree, "metadata": {**tree["metadata"], "annotations": annotations}}


def _text(config: Tree) -> str:
    metadata = dict(config.get("metadata") or {})
    if metadata.get("annotations"):
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != ANNOTATION}
    text = orjson.dumps({**config, "metadata": metadata}, option=orjson.OPT_SORT_KEYS).decode()
    return text.translate(_HTML) + "\n"
