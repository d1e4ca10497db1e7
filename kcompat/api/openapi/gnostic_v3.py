"""Documents of version 3 as gnostic's protobuf message (`openapi.v3.Document`). Pure; called by the package's `OpenAPI`.

Answers the messages of github.com/google/gnostic-models openapiv3/OpenAPIv3.proto.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from kcompat.api.openapi.gnostic import Fields, any_value, named_values, text, wrapped
from kcompat.apimachinery.schema.protobuf_writer import delimited, number

JSON = Any
Tree = dict[str, Any]

_DOUBLE: Final = 1


def encode(document: Tree) -> bytes:
    """The message of a version 3 document; the fields that the API's own documents use."""
    return _DOCUMENT(document)


def _schema_or_reference(value: JSON) -> bytes:
    """SchemaOrReference: schema = 1, reference = 2."""
    return delimited(2, _REFERENCE(value)) if "$ref" in value else delimited(1, _SCHEMA(value))


def _items(value: JSON) -> bytes:
    return delimited(1, _schema_or_reference(value))


def _additional(value: JSON) -> bytes:
    """AdditionalPropertiesItem: schema = 1, boolean = 2."""
    return b"\x10" + number(value) if isinstance(value, bool) else delimited(1, _schema_or_reference(value))


def _default(value: JSON) -> bytes:
    """DefaultType: number = 1, boolean = 2, string = 3; it has no place for objects."""
    if isinstance(value, bool):
        return b"\x10" + number(value)
    if isinstance(value, int | float):
        return number(_DOUBLE << 3 | 1) + struct.pack("<d", value)
    return delimited(3, text(value)) if isinstance(value, str) else b""


def _either(write: Fields) -> Any:
    """A message that holds the thing itself or a reference to it."""
    return lambda value: delimited(2, _REFERENCE(value)) if "$ref" in value else delimited(1, write(value))


_REFERENCE = Fields({"$ref": (1, text), "summary": (2, text), "description": (3, text)})
_SCHEMA = Fields(
    {
        "nullable": (1, None),
        "example": (7, any_value),
        "title": (9, text),
        "maxLength": (15, None),
        "minLength": (16, None),
        "pattern": (17, text),
        "maxItems": (18, None),
        "minItems": (19, None),
        "uniqueItems": (20, None),
        "maxProperties": (21, None),
        "minProperties": (22, None),
        "required": (23, text),
        "enum": (24, any_value),
        "type": (25, text),
        "allOf": (26, _schema_or_reference),
        "oneOf": (27, _schema_or_reference),
        "anyOf": (28, _schema_or_reference),
        "items": (30, _items),
        "properties": (31, named_values(1, _schema_or_reference)),
        "additionalProperties": (32, _additional),
        "default": (33, _default),
        "description": (34, text),
        "format": (35, text),
    },
    36,
)
_CONTENT = named_values(1, Fields({"schema": (1, _schema_or_reference)}))
_PARAMETER = _either(
    Fields({"name": (1, text), "in": (2, text), "description": (3, text), "required": (4, None), "schema": (10, _schema_or_reference)}, 14)
)
_BODY = _either(Fields({"description": (1, text), "content": (2, _CONTENT), "required": (3, None)}, 4))
_RESPONSE = _either(Fields({"description": (1, text), "content": (3, _CONTENT)}, 5))
_OPERATION = Fields(
    {
        "tags": (1, text),
        "summary": (2, text),
        "description": (3, text),
        "operationId": (5, text),
        "parameters": (6, _PARAMETER),
        "requestBody": (7, _BODY),
        "responses": (8, named_values(2, _RESPONSE)),
        "deprecated": (10, None),
    },
    13,
)
_PATH_ITEM = Fields(
    {
        "get": (4, _OPERATION),
        "put": (5, _OPERATION),
        "post": (6, _OPERATION),
        "delete": (7, _OPERATION),
        "options": (8, _OPERATION),
        "head": (9, _OPERATION),
        "patch": (10, _OPERATION),
        "parameters": (13, _PARAMETER),
    },
    14,
)
_SECURITY = named_values(1, wrapped(1, Fields({"type": (1, text), "description": (2, text), "name": (3, text), "in": (4, text)}, 9)))
_DOCUMENT = Fields(
    {
        "openapi": (1, text),
        "info": (2, Fields({"title": (1, text), "description": (2, text), "version": (6, text)})),
        "paths": (4, named_values(1, _PATH_ITEM)),
        "components": (5, Fields({"schemas": (1, named_values(1, _schema_or_reference)), "securitySchemes": (7, _SECURITY)})),
    },
    9,
)
