"""The Swagger document as gnostic's protobuf message (`openapi.v2.Document`). Pure; called by the package's `OpenAPI` and gnostic_v3.py.

client-go asks for this form only. Answers the messages of github.com/google/gnostic-models openapiv2/OpenAPIv2.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from kcompat.apimachinery.schema.protobuf_writer import delimited, number

JSON = Any
Tree = dict[str, Any]
Write = Callable[[JSON], bytes]

_EXTENSION: Final = "x-"
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9./,_+ -]*[A-Za-z0-9./_+-])?")
_QUOTED: Final = re.compile(r"[!-&(-~]+")
_NOT_PLAIN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def encode(document: Tree) -> bytes:
    """The message of a Swagger document; the fields that the API's own documents use."""
    return _DOCUMENT(document)


def text(value: JSON) -> bytes:
    return str(value).encode()


class Fields:
    """A message: JSON names to (field number, writer). Extensions go to `extensions`, in the document's order."""

    def __init__(self, fields: dict[str, tuple[int, Write | None]], extensions: int = 0) -> None:
        self.by_name = fields
        self.extensions = extensions

    def __call__(self, value: JSON) -> bytes:
        found = [(self.by_name[name], content) for name, content in value.items() if not name.startswith(_EXTENSION)]
        out = b"".join(_field(field, content) for field, content in sorted(found, key=lambda f: f[0][0]))
        extended = (named(name, any_value(content)) for name, content in value.items() if name.startswith(_EXTENSION))
        return out + b"".join(delimited(self.extensions, item) for item in extended)


def _field(field: tuple[int, Write | None], value: JSON) -> bytes:
    """Lists repeat the field; booleans and integers are varints, false and 0 left out."""
    tag, write = field
    if write is None:
        return number(tag << 3) + number(int(value)) if value else b""
    values = value if isinstance(value, list) else [value]
    return b"".join(delimited(tag, write(v)) for v in values)


def named(name: str, content: bytes) -> bytes:
    return delimited(1, name.encode()) + delimited(2, content)


def named_values(tag: int, write: Write) -> Write:
    """A message with one repeated field of named values."""
    return lambda value: b"".join(delimited(tag, named(name, write(content))) for name, content in value.items())


def wrapped(tag: int, write: Write) -> Write:
    """A message with one field."""
    return lambda value: delimited(tag, write(value))


def any_value(value: JSON) -> bytes:
    """Any: yaml = 2."""
    return delimited(2, f"{_yaml(value)}\n".encode())


def _yaml(value: JSON, indent: str = "") -> str:
    if isinstance(value, dict) and value:
        lines = (f"{_scalar(k)}:{_below(v, indent)}" for k, v in value.items())
    elif isinstance(value, list) and value:
        lines = (f"- {_yaml(v, indent + '  ')}" for v in value)
    else:
        return _scalar(value)
    return f"\n{indent}".join(lines)


def _below(value: JSON, indent: str) -> str:
    if isinstance(value, dict) and value:
        return f"\n{indent}  {_yaml(value, indent + '  ')}"
    return f"\n{indent}{_yaml(value, indent)}" if isinstance(value, list) and value else f" {_scalar(value)}"


def _scalar(value: JSON) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return f"'{value}'" if isinstance(value, str) and _QUOTED.fullmatch(value) else orjson.dumps(value).decode()


def _schema(value: JSON) -> bytes:
    return _SCHEMA(value)


def _items(value: JSON) -> bytes:
    return delimited(1, _schema(value))


def _additional(value: JSON) -> bytes:
    """AdditionalPropertiesItem: schema = 1, boolean = 2."""
    return b"\x10" + number(value) if isinstance(value, bool) else delimited(1, _schema(value))


def _types(value: JSON) -> bytes:
    return delimited(1, text(value))


_REFERENCE = Fields({"$ref": (1, text)})

_SCHEMA = Fields(
    {
        "$ref": (1, text),
        "format": (2, text),
        "title": (3, text),
        "description": (4, text),
        "default": (5, any_value),
        "maxLength": (11, None),
        "minLength": (12, None),
        "pattern": (13, text),
        "maxItems": (14, None),
        "minItems": (15, None),
        "uniqueItems": (16, None),
        "maxProperties": (17, None),
        "minProperties": (18, None),
        "required": (19, text),
        "enum": (20, any_value),
        "additionalProperties": (21, _additional),
        "type": (22, _types),
        "items": (23, _items),
        "allOf": (24, _schema),
        "properties": (25, named_values(1, _schema)),
        "example": (30, any_value),
    },
    31,
)

_BODY = Fields({"description": (1, text), "name": (2, text), "in": (3, text), "required": (4, None), "schema": (5, _schema)})
_QUERY = Fields(
    {"required": (1, None), "in": (2, text), "description": (3, text), "name": (4, text), "type": (6, text), "uniqueItems": (20, None)}
)
_PATH = Fields(
    {"required": (1, None), "in": (2, text), "description": (3, text), "name": (4, text), "type": (5, text), "uniqueItems": (19, None)}
)


def _parameter(value: JSON) -> bytes:
    """Parameter: body = 1 or not = 2, and there query = 3 or path = 4."""
    if value["in"] == "body":
        return delimited(1, _BODY(value))
    return delimited(2, delimited(3, _QUERY(value)) if value["in"] == "query" else delimited(4, _PATH(value)))


def _parameters_item(value: JSON) -> bytes:
    return delimited(2, _REFERENCE(value)) if "$ref" in value else delimited(1, _parameter(value))


_RESPONSE = wrapped(1, Fields({"description": (1, text), "schema": (2, wrapped(1, _schema))}, 5))
_OPERATION = Fields(
    {
        "tags": (1, text),
        "summary": (2, text),
        "description": (3, text),
        "operationId": (5, text),
        "produces": (6, text),
        "consumes": (7, text),
        "parameters": (8, _parameters_item),
        "responses": (9, named_values(1, _RESPONSE)),
        "schemes": (10, text),
        "deprecated": (11, None),
    },
    13,
)
_PATH_ITEM = Fields(
    {
        "get": (2, _OPERATION),
        "put": (3, _OPERATION),
        "post": (4, _OPERATION),
        "delete": (5, _OPERATION),
        "options": (6, _OPERATION),
        "head": (7, _OPERATION),
        "patch": (8, _OPERATION),
        "parameters": (9, _parameters_item),
    },
    10,
)
_API_KEY = Fields({"type": (1, text), "name": (2, text), "in": (3, text), "description": (4, text)})
_DOCUMENT = Fields(
    {
        "swagger": (1, text),
        "info": (2, Fields({"title": (1, text), "version": (2, text)})),
        "paths": (8, named_values(2, _PATH_ITEM)),
        "definitions": (9, named_values(1, _schema)),
        "parameters": (10, named_values(1, _parameter)),
        "security": (12, named_values(1, lambda value: b"".join(delimited(1, text(v)) for v in value))),
        "securityDefinitions": (13, named_values(1, wrapped(2, _API_KEY))),
    },
    16,
)
