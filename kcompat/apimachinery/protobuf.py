"""Protobuf bodies (`application/vnd.kubernetes.protobuf`): an envelope, `k8s\\0` and runtime.Unknown, around one message.

Called by the API's content negotiation: stock kubectl and client-go send objects and options this way. The messages themselves are read and
written by schema/protobuf_reader and schema/protobuf_writer from the facts.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery.schema import DecodeError, UnrecognizedError, type_of, unknown_kind
from kcompat.apimachinery.schema import decode as decode_tree
from kcompat.apimachinery.schema.protobuf_reader import WireError, message_of, read, small
from kcompat.apimachinery.schema.protobuf_writer import delimited, write

Tree = dict[str, Any]

PREFIX: Final = b"k8s\0"


def decode(body: bytes, default: tuple[str, str] = ("", "")) -> tuple[str, str, Tree]:
    """(apiVersion, kind, tree) of an enveloped object; the tree is what `schema.decode` makes of the same object sent as JSON.

    `default` is the (apiVersion, kind) that the request's path implies, for bodies that name none. Raises DecodeError with upstream's text,
    UnknownKindError for kinds without facts (serializer/protobuf/protobuf.go:Decode).
    """
    api_version, kind, raw = unwrap(body)
    api_version, kind = api_version or default[0], kind or default[1]
    if not kind:
        raise DecodeError(f"Object 'Kind' is missing in 'runtime.TypeMeta{{APIVersion:\"{api_version}\", Kind:\"\"}}'")
    if not api_version:
        raise DecodeError(f"Object 'apiVersion' is missing in 'runtime.TypeMeta{{APIVersion:\"\", Kind:\"{kind}\"}}'")
    group, _, version = api_version.rpartition("/")
    type = type_of(group, version, kind)
    if type is None or type.struct is None:
        raise unknown_kind(api_version, kind)
    try:
        sparse = read(message_of(type.struct), raw, 0, len(raw), {})
    except IndexError:
        raise DecodeError("unexpected EOF") from None
    except (WireError, RecursionError) as error:
        raise DecodeError(str(error)) from None
    return api_version, kind, decode_tree(sparse, group, version, kind).tree


def encode(tree: Tree, api_version: str, kind: str) -> bytes:
    """The enveloped object, byte for byte as upstream writes it. The tree must be one that `schema.decode` returned."""
    group, _, version = api_version.rpartition("/")
    type = type_of(group, version, kind)
    if type is None or type.struct is None:
        raise unknown_kind(api_version, kind)
    return wrap(api_version, kind, write(type.struct, tree))


def watch_frame(type: str, tree: Tree) -> bytes:
    """One event of a watch: its length in four bytes, then a bare WatchEvent that holds the enveloped object."""
    event = delimited(1, type.encode()) + delimited(2, delimited(1, encode(tree, tree["apiVersion"], tree["kind"])))
    return len(event).to_bytes(4, "big") + event


def unwrap(body: bytes) -> tuple[str, str, bytes]:
    """(apiVersion, kind, message) of an envelope; raises UnrecognizedError."""
    if not body:
        raise UnrecognizedError("empty data")
    if not body.startswith(PREFIX):
        raise UnrecognizedError(f"provided data does not appear to be a protobuf message, expected prefix [{' '.join(map(str, PREFIX))}]")
    if len(body) == len(PREFIX):
        raise UnrecognizedError("empty body")
    try:
        unknown = dict(small(body[4:]))
        type_meta = dict(small(_bytes(unknown, 1)))
    except (WireError, IndexError) as error:
        raise UnrecognizedError(str(error) if isinstance(error, WireError) else "unexpected EOF") from None
    return _bytes(type_meta, 1).decode(errors="replace"), _bytes(type_meta, 2).decode(errors="replace"), _bytes(unknown, 2)


def wrap(api_version: str, kind: str, message: bytes) -> bytes:
    """The envelope around a message."""
    type_meta = delimited(1, api_version.encode()) + delimited(2, kind.encode())
    return PREFIX + delimited(1, type_meta) + delimited(2, message) + delimited(3, b"") + delimited(4, b"")


def _bytes(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number, b"")
    if isinstance(value, int):
        raise WireError("proto: wrong wireType = 0 for field Raw")
    return value
