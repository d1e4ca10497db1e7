"""Typed decoding: a JSON tree as upstream's types would decode and encode it again. The public face of the package.

Called by the API's verbs (request bodies, after patches), storage reads of foreign data and webhooks' answers.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.schema import compiler, walk
from kcompat.apimachinery.schema.own_json import Mismatch, describe
from kcompat.apimachinery.schema.types import Type, type_of

Tree = dict[str, Any]


class DecodeError(ValueError):
    """The tree cannot become the kind; the message is what upstream says after `… cannot be handled as a …: `."""


class Decoded(NamedTuple):
    """`tree` is a new dict that may share unchanged lists and maps with the input; `strict_errors` are those of fieldValidation."""

    tree: Tree
    strict_errors: list[str]


class UnrecognizedError(DecodeError):
    """Not even the kind can be read: upstream then says `the object provided is unrecognized (must be of type …): …`."""


class UnknownKindError(DecodeError):
    """The facts have no such kind in this group version."""


def decode(tree: Any, group: str, version: str, kind: str) -> Decoded:
    """The tree as Go's round trip through the versioned type leaves it, with this kind and apiVersion.

    Unknown fields are dropped and reported in `strict_errors` (`unknown field "spec.foo"`), zero values stand or fall as their tags
    say, quantities and times are canonical. Raises DecodeError with Go's text on a wrong type or value, UnknownKindError for kinds
    without facts.
    """
    entry = _decoders.get((group, version, kind)) or _prepare(group, version, kind)
    type, plain, api_version = entry
    try:
        result = Decoded(plain(tree), [])
    except (compiler.NotPlain, ValueError, RecursionError):
        result = _walk(tree, type)
    decoded = result.tree
    if decoded.get("kind") != kind or decoded.get("apiVersion") != api_version:
        return Decoded({**_HEAD, **decoded, "kind": kind, "apiVersion": api_version}, result.strict_errors)
    return result


def interpret(tree: Any) -> tuple[str, str]:
    """(apiVersion, kind) as the document has them, "" where absent; raises UnrecognizedError (serializer/json/meta.go:Interpret)."""
    if tree is None:
        return "", ""
    if tree.__class__ is not dict:
        wanted = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
        raise UnrecognizedError(f"couldn't get version/kind; json parse error: {Mismatch(describe(tree), wanted)}")
    for field in (k for k in tree if k in _HEAD and tree[k] is not None and tree[k].__class__ is not str):
        raise UnrecognizedError(f"couldn't get version/kind; json parse error: {Mismatch(describe(tree[field]), 'string', field=field)}")
    api_version: str = tree.get("apiVersion") or ""
    if api_version.count("/") > 1:
        raise UnrecognizedError(f"unexpected GroupVersion string: {api_version}")
    return api_version, tree.get("kind") or ""


def unknown_kind(api_version: str, kind: str) -> UnknownKindError:
    """The error for a kind without facts (runtime/error.go:notRegisteredErr)."""
    return UnknownKindError(f"no kind {quote(kind)} is registered for version {quote(api_version)} in scheme {_SCHEME}")


def normalise(tree: Any, type: Type) -> Any:
    """The same round trip for a value of any struct type, for code that changed a tree; unknown fields are dropped silently."""
    try:
        return compiler.decoder(type)(tree)
    except (compiler.NotPlain, ValueError, RecursionError):
        return _walk(tree, type).tree


def zero(type: Type) -> Any:
    """A type's zero value as Go encodes it: `{}` with `status: {}` and so on for structs."""
    return walk.zero(type)


_HEAD: Final = {"kind": "", "apiVersion": ""}
_SCHEME: Final = '"pkg/runtime/scheme.go:111"'  # upstream names the line that made its registry
_decoders: dict[tuple[str, str, str], tuple[Type, compiler.Decoder, str]] = {}


def _prepare(group: str, version: str, kind: str) -> tuple[Type, compiler.Decoder, str]:
    type, api_version = type_of(group, version, kind), f"{group}/{version}" if group else version
    if type is None:
        raise unknown_kind(api_version, kind)
    entry = (type, compiler.compiled(type), api_version)
    _decoders[group, version, kind] = entry
    return entry


def _walk(tree: Any, type: Type) -> Decoded:
    try:
        return Decoded(*walk.decode(tree, type))
    except ValueError as error:
        raise DecodeError(str(error)) from None
    except RecursionError:
        raise DecodeError("exceeded max depth") from None
