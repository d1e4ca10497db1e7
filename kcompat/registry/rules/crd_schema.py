"""Schemas in CustomResourceDefinitions (ValidateCustomResourceDefinitionOpenAPISchema in apiextensions-apiserver's validation).

Pure. Called by the rules of CustomResourceDefinitions. The texts of CEL rules are looked at, not compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.apimachinery.structural.defaults import default_errors
from kcompat.registry.declare import Tree
from kcompat.registry.rules.crd_expressions import mentions_old_self
from kcompat.registry.rules.crd_internal import below, shown_schema
from kcompat.registry.rules.crd_paths import resolve
from kcompat.registry.rules.crd_structural import structural_errors, unsupported

TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_META: Final = ("metadata", "kind", "apiVersion")
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_AT_ROOT: Final = {
    "description": "Description", "type": "Type", "format": "Format", "title": "Title", "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum", "minimum": "Minimum", "exclusiveMinimum": "ExclusiveMinimum", "maxLength": "MaxLength",
    "minLength": "MinLength", "pattern": "Pattern", "maxItems": "MaxItems", "minItems": "MinItems", "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf", "required": "Required", "items": "Items", "properties": "Properties", "externalDocs": "ExternalDocs",
    "example": "Example", "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields", "x-kubernetes-validations": "XValidations",
}
_POINTERS: Final = ("not", "additionalProperties", "additionalItems", "default", "x-kubernetes-list-type", "x-kubernetes-map-type")
_UNSUPPORTED: Final = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_SCALAR: Final = "must be a scalar type if parent array's x-kubernetes-list-type is map"
_ATOMIC: Final = "must be atomic as item of a list with x-kubernetes-list-type=set"


@dataclass(frozen=True, slots=True)
class Strictness:
    """What is asked of schemas: everything, except what an old object does not have either."""

    schema: bool = True
    structural: bool = True
    types: bool = True
    atomic_sets: bool = True
    keys: bool = True
    pruned_defaults: bool = True


NEW: Final = Strictness()


@dataclass(frozen=True, slots=True)
class _Place:
    no_default: str = ""
    """Why there may be no default."""
    in_metadata: bool = False
    loose: Path | None = None
    """The list or map around whose members cannot be told apart over time."""
    rules: list[FieldError] | None = None
    """Takes errors of CEL rules, which are told last. None: rules are not looked at here."""


def has_bad_types(schema: Tree) -> bool:
    return any(child.get("type") and child["type"] not in TYPES for child in below(schema))


def has_loose_sets(schema: Tree) -> bool:
    return any(_set_items(child, Path("")) for child in below(schema))


def has_loose_keys(schema: Tree) -> bool:
    return any(_keys(child, Path("")) for child in below(schema))


def is_structural(schema: Tree) -> bool:
    return not unsupported(schema) and not structural_errors(schema, Path(""))


def validation_errors(validation: Tree | None, has_status: bool, strict: Strictness, path: Path) -> list[FieldError]:
    """validateCustomResourceDefinitionValidation."""
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        return []
    at = path.child("openAPIV3Schema")
    errors = _root(schema, path) if has_status else []
    if schema.get("nullable"):
        errors.append(forbidden(path.child("openAPIV3Schema.nullable"), "nullable cannot be true at the root"))
    problem = unsupported(schema) if strict.structural else ""
    unsound = list[FieldError]()
    if strict.structural and not problem:
        unsound = structural_errors(schema, at) or default_errors(schema, at, pruned_ones=strict.pruned_defaults)
    errors += unsound
    rules = list[FieldError]() if strict.structural and not problem and not unsound else None
    errors += schema_errors(schema, at, strict, _Place(rules=rules), root=True)
    errors += rules or ()
    return errors if errors or not problem else [invalid(at, "", problem)]


def _root(schema: Tree, path: Path) -> list[FieldError]:
    """Where there is a status, its update must be able to leave out the rest of the root's schema."""
    kind = schema.get("type", "")
    if kind and kind != "object" and not any(schema.get(name) for name in ("id", "$schema", "$ref")):
        detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [invalid(path.child("openAPIV3Schema.type"), kind, detail)]
    if all(name in _AT_ROOT or not _is_set(name, value) for name, value in schema.items()):
        return []
    detail = f"only [{' '.join(_AT_ROOT.values())}] fields are allowed at the root of the schema if the status subresource is enabled"
    return [invalid(path.child("openAPIV3Schema"), shown_schema(schema), detail)]


def _is_set(name: str, value: Any) -> bool:
    """Whether Go's field has another value than its zero: what it points at may be empty or false."""
    return value is not None if name in _POINTERS else bool(value)


def schema_errors(schema: Any, path: Path, strict: Strictness, place: _Place, *, root: bool = False) -> list[FieldError]:
    if not isinstance(schema, dict):
        return []
    errors = _standard(schema, path, strict, place)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden(path.child("uniqueItems"), detail))
    errors += _members(schema, path, strict, place, root)
    errors += _extensions(schema, path)
    if strict.atomic_sets:
        errors += _set_items(schema, path)
    errors += _list_type(schema, path)
    errors += _keys(schema, path) if strict.keys else []
    rules = [(rule, path.child("x-kubernetes-validations").index(index)) for index, rule in enumerate(schema.get("x-kubernetes-validations") or ())]
    errors += [error for rule, at in rules for error in _rule(rule, schema, at)]
    if place.rules is not None and not errors:
        place.rules.extend(error for rule, at in rules for error in _old_self(rule, place.loose, at))
    return errors


def _old_self(rule: Tree, loose: Path | None, path: Path) -> list[FieldError]:
    """A rule may look at the value as it was only where that can be found."""
    if not mentions_old_self(rule["rule"]):
        flag = rule.get("optionalOldSelf")
        return [] if flag is None else [invalid(path.child("optionalOldSelf"), flag, "may not be set if oldSelf is not used in rule")]
    if loose is None:
        return []
    return [invalid(path.child("rule"), rule["rule"], f"oldSelf cannot be used on the uncorrelatable portion of the schema within {loose}")]


def _standard(schema: Tree, path: Path, strict: Strictness, place: _Place) -> list[FieldError]:
    kind, errors = schema.get("type", ""), list[FieldError]()
    if strict.types and kind and kind not in TYPES:
        errors.append(not_supported(path.child("type"), kind, TYPES))
    if schema.get("default") is not None and place.no_default:
        errors.append(forbidden(path.child("default"), f"must not be set {place.no_default}"))
    names = [name for name in _UNSUPPORTED if schema.get(name) not in (None, "", {})]
    errors += [forbidden(path.child(name), f"{name} is not supported") for name in names]
    if kind == "null":
        errors.append(forbidden(path.child("type"), "type cannot be set to null, use nullable as an alternative"))
    if isinstance(schema.get("items"), list):
        errors.append(forbidden(path.child("items"), "items must be a schema object and not an array"))
    if place.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        errors.append(forbidden(path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"))
    return errors


def _members(schema: Tree, path: Path, strict: Strictness, place: _Place, root: bool) -> list[FieldError]:
    """The errors of the schemas within."""
    errors: list[FieldError] = []
    others, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    if properties and (others is False or isinstance(others, dict)):
        detail = "additionalProperties and properties are mutual exclusive"
        errors.append(forbidden(path.child("additionalProperties"), detail))
    inside = replace(place, no_default="inside additionalProperties applying to object metadata") if place.in_metadata else place
    errors += schema_errors(others, path.child("additionalProperties"), strict, inside)
    kind_of_map = schema.get("x-kubernetes-map-type")
    loose = place.loose or (None if kind_of_map in (None, "granular", "atomic") else path)
    for name, child in properties.items():
        here = replace(place, loose=loose)
        if name in _META and (root or schema.get("x-kubernetes-embedded-resource")):
            here = replace(here, no_default=f"in top-level {name}" if root else place.no_default, in_metadata=True)
        errors += schema_errors(child, path.child("properties").key(name), strict, here)
    quiet = replace(place, rules=None)
    errors += schema_errors(schema.get("not"), path.child("not"), strict, quiet)
    for list_name in ("allOf", "oneOf", "anyOf"):
        for index, child in enumerate(schema.get(list_name) or ()):
            errors += schema_errors(child, path.child(list_name).index(index), strict, quiet)
    for name, child in (schema.get("definitions") or {}).items():
        errors += schema_errors(child, path.child("definitions").key(name), strict, quiet)
    items = schema.get("items")
    if schema.get("x-kubernetes-list-type") != "map":
        place = replace(place, loose=place.loose or path)
    errors += schema_errors(items, path.child("items"), strict, place)
    for index, child in enumerate(items if isinstance(items, list) else ()):
        errors += schema_errors(child, path.child("items").index(index), strict, place)
    for name, child in (schema.get("dependencies") or {}).items():
        errors += schema_errors(child, path.child("dependencies").key(name), strict, quiet)
    return errors


def _extensions(schema: Tree, path: Path) -> list[FieldError]:
    kind, map_type, list_type = schema.get("type", ""), schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    errors: list[FieldError] = []
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        errors.append(invalid(path.child("x-kubernetes-preserve-unknown-fields"), False, "must be true or undefined"))
    for name, value, wanted in (("x-kubernetes-map-type", map_type, "object"), ("x-kubernetes-list-type", list_type, "array")):
        if value is not None and kind != wanted:
            detail = f"must be {wanted} if {name} is specified"
            errors.append(invalid(path.child("type"), kind, detail) if kind else required(path.child("type"), detail))
        if name == "x-kubernetes-map-type" and value not in (None, "atomic", "granular"):
            errors.append(not_supported(path.child(name), value, ("atomic", "granular")))
    return errors


def _set_items(schema: Tree, path: Path) -> list[FieldError]:
    """Items of sets are compared as a whole."""
    items, list_type = schema.get("items"), schema.get("x-kubernetes-list-type")
    if list_type != "set" or schema.get("type") != "array" or not isinstance(items, dict):
        return []
    item_list, item_map = items.get("x-kubernetes-list-type"), items.get("x-kubernetes-map-type")
    if items.get("type") == "array" and item_list not in (None, "atomic"):
        return [invalid(path.child("items", "x-kubernetes-list-type"), item_list, _ATOMIC)]
    loose = items.get("type") == "object" and item_map != "atomic"
    return [invalid(path.child("items", "x-kubernetes-map-type"), item_list, _ATOMIC)] if loose else []


def _list_type(schema: Tree, path: Path) -> list[FieldError]:
    list_type, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys")
    at = path.child("x-kubernetes-list-type")
    errors = [] if list_type in (None, "atomic", "set", "map") else [not_supported(at, list_type, ("atomic", "set", "map"))]
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        errors.append(required(at, detail) if list_type is None else invalid(at, list_type, detail))
    return errors + (_map_items(schema, keys or [], path) if list_type == "map" else [])


def _map_items(schema: Tree, keys: list[str], path: Path) -> list[FieldError]:
    items, at = schema.get("items"), path.child("x-kubernetes-list-map-keys")
    errors = [] if keys else [required(at, "must not be empty if x-kubernetes-list-type is map")]
    if items is None:
        return [*errors, required(path.child("items"), "must have a schema if x-kubernetes-list-type is map")]
    if isinstance(items, list):
        shown = {"Schema": None, "JSONSchemas": [shown_schema(item) for item in items]}
        return [*errors, invalid(path.child("items"), shown, "must only have a single schema if x-kubernetes-list-type is map")]
    kind, known = items.get("type", ""), items.get("properties") or {}
    if kind != "object":
        return [*errors, invalid(path.child("items", "type"), kind, "must be object if parent array's x-kubernetes-list-type is map")]
    for index, key in enumerate(keys):
        if key not in known:
            errors.append(invalid(at, keys, "entries must all be names of item properties"))
        elif known[key].get("type") in ("array", "object"):
            errors.append(invalid(path.child("items", "properties").key(key).child("type"), kind, _SCALAR))
        if key in keys[:index]:
            errors.append(invalid(at, keys, "must not contain duplicate entries"))
    return errors


def _keys(schema: Tree, path: Path) -> list[FieldError]:
    """validateMapListKeysMapSet: items and their keys are there."""
    items, list_type = schema.get("items"), schema.get("x-kubernetes-list-type")
    if list_type not in ("set", "map") or not isinstance(items, dict):
        return []
    at, errors = path.child("items"), list[FieldError]()
    if items.get("nullable"):
        errors.append(forbidden(at.child("nullable"), f"cannot be nullable when x-kubernetes-list-type is {list_type}"))
    known = items.get("properties") or {}
    for key in schema.get("x-kubernetes-list-map-keys") or () if list_type == "map" else ():
        child, here = known.get(key), at.child("properties").key(key)
        if child is not None and key not in (items.get("required") or ()) and child.get("default") is None:
            detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            errors.append(required(here.child("default"), detail))
        if child is not None and child.get("nullable"):
            detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            errors.append(forbidden(here.child("nullable"), detail))
    return errors


def _rule(rule: Tree, schema: Tree, path: Path) -> list[FieldError]:
    """The texts of a CEL rule."""
    text, message, expression, field_path = (rule.get(name) or "" for name in ("rule", "message", "messageExpression", "fieldPath"))
    errors: list[FieldError] = []
    if not text.strip():
        errors.append(required(path.child("rule"), "rule is not specified"))
    elif message and not message.strip():
        errors.append(invalid(path.child("message"), message, "must be non-empty if specified"))
    elif _has_breaks(message.strip()):
        errors.append(invalid(path.child("message"), message, "must not contain line breaks"))
    elif _has_breaks(text.strip()) and not message.strip():
        errors.append(required(path.child("message"), "message must be specified if rule contains line breaks"))
    if expression and not expression.strip():
        errors.append(required(path.child("messageExpression"), "messageExpression must be non-empty if specified"))
    if rule.get("reason") is not None and rule["reason"] not in _REASONS:
        errors.append(not_supported(path.child("reason"), rule["reason"], _REASONS))
    at = path.child("fieldPath")
    errors += [invalid(at, field_path, "must be non-empty if specified")] if field_path and not field_path.strip() else []
    errors += [invalid(at, field_path, "must not contain line breaks")] if _has_breaks(field_path) else []
    wrong = field_path and not unsupported(schema) and isinstance(resolve(field_path, schema), str)
    return errors + ([invalid(at, field_path, "must be a valid path")] if wrong else [])


def _has_breaks(text: str) -> bool:
    return "\n" in text or "\r" in text
