"""Validation of a value against a schema, with every error upstream gives, in its order and words.

Answers kube-openapi pkg/validation/validate: schema.go, type.go, schema_props.go, object_validator.go, slice_validator.go. Called by
defaults.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.structural import formats, numbers
from kcompat.apimachinery.structural.outcome import ENUM, OTHER, REQUIRED, TOO_LONG, TOO_MANY, TYPE, WHOLE, Finding, Outcome
from kcompat.apimachinery.structural.patterns import matches

Schema = dict[str, Any]
_BODY: Final = "in body"


def value_errors(value: Any, schema: Schema, path: Path) -> list[FieldError]:
    """What is wrong with the value (ValidateCustomResource)."""
    return [finding.error(path) for finding in examine(value, schema, "").findings]


def examine(value: Any, schema: Schema, name: str) -> Outcome:
    """`name`: the dotted path of the value, "" at the root."""
    outcome = Outcome()
    if value is None:
        outcome.merge(_null(schema, name))
        outcome.merge(_enum(value, schema, name))
        return outcome
    for applies, check in _CHECKS:
        if applies(value, schema):
            outcome.merge(check(value, schema, name))
            outcome.matches += 1
    outcome.matches += 1
    return outcome


def _null(schema: Schema, name: str) -> Outcome:
    kind = schema.get("type") or ""
    if kind and kind != "null" and not schema.get("nullable"):
        return _wrong_type(name, kind, "null")
    return Outcome(matches=1)


def _wrong_type(name: str, wanted: str, found: str) -> Outcome:
    shown = f": {quote(found)}"
    return Outcome(Finding(TYPE, name, found, f"{name} {_BODY} must be of type {wanted}{shown}"))


_KINDS: Final = {bool: ("boolean", ""), str: ("string", ""), int: ("integer", "int64"), float: ("number", "float64"), list: ("array", "")}


def _type(value: Any, schema: Schema, name: str) -> Outcome:
    """typeValidator: formats come into it in odd ways."""
    wanted, form = schema.get("type") or "", schema.get("format") or ""
    kind, own = _KINDS.get(value.__class__, ("object", ""))
    whole = kind == "number" and wanted == "integer" and numbers.is_whole(value)
    fits = kind == wanted or whole or (kind == "integer" and wanted == "number")
    if kind not in ("string", "array") and form and not fits and own != form:
        return _wrong_type(name, form, own)
    if fits or (wanted not in ("number", "integer") and form and kind in ("string", "array")):
        return Outcome(matches=1)
    return _wrong_type(name, wanted, kind)


def _combined(value: Any, schema: Schema, name: str) -> Outcome:
    """schemaPropsValidator: anyOf, oneOf, allOf and not."""
    outcome = Outcome()
    if alternatives := schema.get("anyOf"):
        outcome.merge(_any_of(value, alternatives, name))
    if alternatives := schema.get("oneOf"):
        outcome.merge(_one_of(value, alternatives, name))
    if parts := schema.get("allOf"):
        outcome.merge(_all_of(value, parts, name))
    if (forbidden := schema.get("not")) is not None and examine(value, forbidden, name).valid:
        outcome.add([_whole(f"{quote(name)} must not validate the schema (not)")])
    outcome.matches += 1
    return outcome


def _whole(message: str) -> Finding:
    return Finding(WHOLE, "", None, message)


def _any_of(value: Any, alternatives: Sequence[Schema], name: str) -> Outcome:
    tried: list[Outcome] = []
    for alternative in alternatives:
        found = examine(value, alternative, name)
        if found.valid:
            return found
        tried.append(found)
    outcome = Outcome(_whole(f"{quote(name)} must validate at least one schema (anyOf)"))
    outcome.merge(_best(tried))
    return outcome


def _best(failures: Sequence[Outcome]) -> Outcome:
    """The first of those that went best."""
    return max(failures, key=lambda failure: failure.matches)


def _one_of(value: Any, alternatives: Sequence[Schema], name: str) -> Outcome:
    found = [examine(value, alternative, name) for alternative in alternatives]
    good = [one for one in found if one.valid]
    if len(good) == 1:
        return good[0]
    detail = f"Found {len(good)} valid alternatives" if good else "Found none valid"
    outcome = Outcome(_whole(f"{quote(name)} must validate one and only one schema (oneOf). {detail}"))
    if not good:
        outcome.merge(_best(found))
    return outcome


def _all_of(value: Any, parts: Sequence[Schema], name: str) -> Outcome:
    found = [examine(value, part, name) for part in parts]
    outcome = Outcome()
    for one in found:
        outcome.merge(one)
    good = sum(one.valid for one in found)
    if good != len(found):
        outcome.add([_whole(f"{quote(name)} must validate all the schemas (allOf){'' if good else '. None validated'}")])
    return outcome


def _text(value: str, schema: Schema, name: str) -> Outcome:
    """stringValidator: the first thing wrong."""
    most, least, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if most is not None and len(value) > most:
        return Outcome(Finding(TOO_LONG, name, value, f"{name} {_BODY} should be at most {most} chars long", most))
    if least is not None and len(value) < least:
        return Outcome(Finding(OTHER, name, value, f"{name} {_BODY} should be at least {least} chars long"))
    if pattern and not matches(pattern, value):
        return Outcome(Finding(OTHER, name, value, f"{name} {_BODY} should match '{pattern}'"))
    return Outcome()


def _format(value: str, schema: Schema, name: str) -> Outcome:
    form = schema["format"]
    return Outcome() if formats.conforms(form, value) else _with_data(name, form, value)


def _with_data(name: str, form: str, value: str) -> Outcome:
    return Outcome(Finding(TYPE, name, value, f"{name} {_BODY} must be of type {form}: {quote(value)}"))


def _number(value: float, schema: Schema, name: str) -> Outcome:
    outcome = Outcome(matches=1)
    outcome.add(numbers.findings(value, schema, name))
    return outcome


def _items(value: list[Any], schema: Schema, name: str) -> Outcome:
    outcome = Outcome()
    if isinstance(items := schema.get("items"), dict):
        for index, item in enumerate(value):
            outcome.merge(examine(item, items, f"{name}[{index}]"))
    count, least, most = len(value), schema.get("minItems"), schema.get("maxItems")
    if least is not None and count < least:
        outcome.add([Finding(OTHER, name, count, f"{name} {_BODY} should have at least {least} items")])
    if most is not None and count > most:
        outcome.add([Finding(TOO_MANY, name, count, f"{name} {_BODY} should have at most {most} items", most)])
    if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
        outcome.add([Finding(OTHER, name, None, f"{name} {_BODY} shouldn't contain duplicates")])
    outcome.matches += 1
    return outcome


def _enum(value: Any, schema: Schema, name: str) -> Outcome:
    allowed = schema.get("enum") or []
    if not allowed or any(_is(value, one) for one in allowed if one is not None):
        return Outcome()
    return Outcome(Finding(ENUM, name, value, f"{name} {_BODY} should be one of {allowed}", allowed))


def _is(value: Any, allowed: Any) -> bool:
    """Equal after a conversion to the type of the allowed one, as Go converts numbers."""
    if value.__class__ is float and allowed.__class__ is int:
        return int(value) == allowed
    return (value.__class__ is bool) == (allowed.__class__ is bool) and bool(value == allowed)


def _object(value: Schema, schema: Schema, name: str) -> Outcome:
    outcome, count = Outcome(), len(value)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and count < least:
        outcome.add([Finding(OTHER, name, count, f"{name} {_BODY} should have at least {least} properties")])
    if most is not None and count > most:
        outcome.add([Finding(TOO_MANY, name, count, f"{name} {_BODY} should have at most {most} properties", most)])
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for key in value if others is False or isinstance(others, dict) else ():
        if key in known:
            continue
        if isinstance(others, dict):
            outcome.merge(examine(value[key], others, f"{name}.{key}"))
        else:
            outcome.add([Finding(OTHER, name, key, f"{name}.{key} {_BODY} is a forbidden property")])
    for key, child in known.items():
        if key in value:
            outcome.merge(examine(value[key], child, f"{name}.{key}" if name else key))
    missing = (key for key in schema.get("required") or () if key not in value)
    outcome.add(Finding(REQUIRED, f"{name}.{key}", None, f"{name}.{key} {_BODY} is required") for key in missing)
    return outcome


def _is_number(value: Any, _: Schema) -> bool:
    return value.__class__ in (int, float)


_CHECKS: Final[tuple[tuple[Callable[[Any, Schema], bool], Callable[[Any, Schema, str], Outcome]], ...]] = (
    (lambda value, schema: bool(schema.get("type") or schema.get("format")), _type),
    (lambda value, schema: True, _combined),
    (lambda value, schema: value.__class__ is str, _text),
    (lambda value, schema: value.__class__ is str and formats.is_known(schema.get("format") or ""), _format),
    (_is_number, _number),
    (lambda value, schema: value.__class__ is list, _items),
    (lambda value, schema: True, _enum),
    (lambda value, schema: value.__class__ is dict, _object),
)
