"""The API's types compiled from facts: typed decoding, and views of types for patches and structured merge.

- decode(tree, "apps", "v1", "Deployment") → Decoded(tree, strict_errors); raises DecodeError
- type_of("apps", "v1", "Deployment").fields["spec"].type.fields["template"] → Field
- normalise(tree, type), zero(type), interpret(tree), ordered(tree, group, version, kind)
"""

from kcompat.apimachinery.schema.decode import (
    Decoded,
    DecodeError,
    UnknownKindError,
    UnrecognizedError,
    decode,
    interpret,
    normalise,
    unknown_kind,
    zero,
)
from kcompat.apimachinery.schema.order import ordered
from kcompat.apimachinery.schema.types import INTERNAL, Field, Struct, Type, enum_of, is_registered, type_of

__all__ = [
    "INTERNAL",
    "DecodeError",
    "Decoded",
    "Field",
    "Struct",
    "Type",
    "UnknownKindError",
    "UnrecognizedError",
    "decode",
    "enum_of",
    "interpret",
    "is_registered",
    "normalise",
    "ordered",
    "type_of",
    "unknown_kind",
    "zero",
]
