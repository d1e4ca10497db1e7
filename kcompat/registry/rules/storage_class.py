"""StorageClass and VolumeAttributesClass (upstream: pkg/registry/storage, pkg/apis/storage/validation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, required, too_long
from kcompat.apimachinery.names import byte_length
from kcompat.apimachinery.validation import validate_label_name
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import immutable
from kcompat.registry.rules.fields import label_key, one_of
from kcompat.registry.rules.node_labels import DEPRECATED
from kcompat.registry.rules.plain import PlainRules

_MAX_PARAMETERS, _MAX_SIZE = 512, 256 * 1024
_IMMUTABLE = ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")
_TOPOLOGIES = Path("allowedTopologies")


def _driver(name: str, path: Path) -> list[FieldError]:
    """The form of a provisioner's or driver's name; that there is one is checked apart."""
    return label_key(name.lower(), path) if name else []


def _parameters(parameters: Mapping[str, str], path: Path) -> list[FieldError]:
    if len(parameters) > _MAX_PARAMETERS:
        return [too_long(path, _MAX_PARAMETERS)]
    errors = [invalid(path, "", "field can not be empty.")] if "" in parameters else []
    size = sum(byte_length(key) + byte_length(value) for key, value in parameters.items())
    return errors + ([too_long(path, _MAX_SIZE)] if size > _MAX_SIZE else [])


def _topologies(terms: Sequence[Tree]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: list[dict[str, set[str]]] = [{}]  # upstream compares with empty terms too
    for index, term in enumerate(terms):
        path = _TOPOLOGIES.index(index).child("matchLabelExpressions")
        values: dict[str, set[str]] = {}
        for position, item in enumerate(term.get("matchLabelExpressions") or ()):
            key = item.get("key", "")
            errors += _requirement(item, path.index(position))
            errors += [duplicate(path.index(position).child("key"), key)] if key in values else []
            values[key] = set(item.get("values") or ())
        errors += [duplicate(path, "") for other in seen if other == values]
        seen.append(values)
    return errors


def _requirement(item: Tree, path: Path) -> list[FieldError]:
    values, at = item.get("values") or [], path.child("values")
    errors = [] if values else [required(at)]
    errors += [duplicate(at.index(index), value) for index, value in enumerate(values) if value in values[:index]]
    return errors + validate_label_name(item.get("key", ""), path.child("key"))


class StorageClassRules(PlainRules):
    def default(self, obj: Tree) -> None:
        obj.setdefault("reclaimPolicy", "Delete")
        obj.setdefault("volumeBindingMode", "Immediate")

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._handwritten(obj) + self._provisioner(obj)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        changed = [error for name in _IMMUTABLE for error in immutable(new.get(name), old.get(name), Path(name))]
        return self._handwritten(new) + self._provisioner(new) + changed

    def _provisioner(self, obj: Tree) -> list[FieldError]:
        return [] if obj.get("provisioner") else [required(Path("provisioner"))]

    def _handwritten(self, obj: Tree) -> list[FieldError]:
        errors = _driver(obj.get("provisioner", ""), Path("provisioner")) + _parameters(obj.get("parameters") or {}, Path("parameters"))
        policy, mode = obj.get("reclaimPolicy"), obj.get("volumeBindingMode")
        errors += one_of(policy, Path("reclaimPolicy"), ("Delete", "Retain")) if policy else []
        errors += one_of(mode, Path("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer"))
        return errors + _topologies(obj.get("allowedTopologies") or ())

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        found = []
        for index, term in enumerate(new.get("allowedTopologies") or ()):
            path = _TOPOLOGIES.index(index).child("matchLabelExpressions")
            keys = [(path.index(i).child("key"), item.get("key", "")) for i, item in enumerate(term.get("matchLabelExpressions") or ())]
            found += [f"{at}: {DEPRECATED[key]}" for at, key in keys if key in DEPRECATED]
        return found


class VolumeAttributesClassRules(PlainRules):
    def validate(self, obj: Tree) -> list[FieldError]:
        name, parameters = obj.get("driverName", ""), obj.get("parameters") or {}
        errors = _driver(name, Path("driverName")) if name else [required(Path("driverName"))]
        errors += _parameters(parameters, Path("parameters"))
        return errors + ([] if parameters else [required(Path("parameters"), "must contain at least one key/value pair")])

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        changed = [name for name in ("driverName", "parameters") if (new.get(name) or None) != (old.get(name) or None)]
        return [forbidden(Path(name), f"updates to {name} are forbidden.") for name in changed] + self.validate(new)
