"""Whether the defaults in a structural schema are good values (apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go).

CEL rules are not asked. Called by the rules of CustomResourceDefinitions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kcompat.apimachinery.field import ROOT, FieldError, Path, aggregate, invalid
from kcompat.apimachinery.structural.embedded import MalformedError, coerced, embedded_errors
from kcompat.apimachinery.structural.pruning import META, pruned
from kcompat.apimachinery.structural.values import value_errors

Schema = dict[str, Any]
_TYPE: Final = {"kind": "Validation", "apiVersion": "validation/v1"}


class _Place(NamedTuple):
    """`root`: the schema of the object around; `steps`: the way from it, None for items; `in_meta`: into its type or metadata."""

    root: Schema
    steps: tuple[str | None, ...] = ()
    in_meta: bool = False

    def around(self, value: Any) -> dict[str, Any]:
        """An object with the value at its place."""
        for step in reversed(self.steps):
            value = [value] if step is None else {step: value}
        return {**_TYPE, **value}

    def to(self, step: str | None, *, in_meta: bool) -> _Place:
        return _Place(self.root, (*self.steps, step), in_meta)


def default_errors(schema: Schema, path: Path, *, pruned_ones: bool = True) -> list[FieldError]:
    """Of the schema of a whole resource. `pruned_ones`: defaults may hold nothing that the schema does not know."""
    whole = {**schema, "x-kubernetes-embedded-resource": True}
    return _errors(whole, path, _Place(whole), pruned_ones)


def _errors(schema: Schema, path: Path, place: _Place, pruned_ones: bool) -> list[FieldError]:
    if schema.get("x-kubernetes-embedded-resource"):
        place = _Place(schema)
    errors: list[FieldError] = []
    if schema.get("default") is not None:
        at = path.child("default")
        errors += _in_metadata(schema, at, place) if place.in_meta else _elsewhere(schema, at, pruned_ones)
    if isinstance(items := schema.get("items"), dict):
        errors += _errors(items, path.child("items"), place.to(None, in_meta=place.in_meta), pruned_ones)
    embedded = schema.get("x-kubernetes-embedded-resource")
    for name, child in (schema.get("properties") or {}).items():
        inside = place.to(name, in_meta=place.in_meta or bool(embedded and name in META))
        errors += _errors(child, path.child("properties").key(name), inside, pruned_ones)
    return errors


def _in_metadata(schema: Schema, path: Path, place: _Place) -> list[FieldError]:
    value = schema["default"]
    try:
        around = coerced(place.around(value), place.root, ROOT, whole=True)
    except MalformedError as error:
        return [invalid(path, value, f"must result in valid metadata: {error}")]
    if errors := embedded_errors(around, place.root, ROOT, whole=True):
        return [invalid(path, value, f"must result in valid metadata: {aggregate(errors)}")]
    return value_errors(value, schema, path)


def _elsewhere(schema: Schema, path: Path, pruned_ones: bool) -> list[FieldError]:
    value, shown = schema["default"], schema["default"]
    try:
        shown = coerced(value, schema, path)
        found = embedded_errors(shown, schema, path) or value_errors(shown, schema, path)
    except MalformedError as error:
        found = [error.error]
    unknown = pruned_ones and pruned(value, schema) != value
    return [invalid(path, shown, "must not have unknown fields"), *found] if unknown else found


def with_coerced(schema: Schema) -> Schema:
    """The schema with the metadata of objects in its defaults as a server keeps it; the very same if nothing changes. Raises no error for
    schemas without default_errors."""
    changed: Schema = {}
    if isinstance(default := schema.get("default"), (dict, list)) and (fresh := coerced(default, schema, ROOT)) != default:
        changed["default"] = fresh
    if isinstance(items := schema.get("items"), dict) and (child := with_coerced(items)) is not items:
        changed["items"] = child
    embedded, properties = schema.get("x-kubernetes-embedded-resource"), schema.get("properties") or {}
    children = {name: child if embedded and name in META else with_coerced(child) for name, child in properties.items()}
    if any(children[name] is not child for name, child in properties.items()):
        changed["properties"] = children
    return {**schema, **changed} if changed else schema


def has_unpruned(schema: Schema) -> bool:
    """Whether any default holds what its schema does not know (requirePrunedDefaults)."""
    value = schema.get("default")
    if isinstance(value, (dict, list)) and pruned(value, schema) != value:
        return True
    items = schema.get("items")
    children = [*(schema.get("properties") or {}).values(), *([items] if isinstance(items, dict) else [])]
    return any(map(has_unpruned, children))
