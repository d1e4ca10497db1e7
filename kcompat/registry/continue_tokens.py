"""Continue tokens: where the next page of a list begins, and as of which revision. Called by `registry/listing.py`.

Upstream: apiserver storage/continue.go. Tokens have upstream's form, so that either server goes on with the other's.
"""

from __future__ import annotations

import base64
import posixpath
import string
from typing import Any

import orjson

from kcompat.apimachinery import errors, json_strict
from kcompat.apimachinery.quote import json_text
from kcompat.apimachinery.schema.own_json import Mismatch, describe
from kcompat.storage.interface import Revision

_VERSION = "meta.k8s.io/v1"
_ALPHABET = frozenset(string.ascii_letters + string.digits + "-_\r\n")
_INVALID = "invalid continue token: continue key is not valid: "


def encode(start: str, scope: str, revision: Revision, lead: str = "/") -> str:
    """A token for the key to go on from, kept relative to the list's prefix. Revision -1: as of whenever it is used.

    `lead`: upstream's watch cache writes a slash before the key, its etcd store does not.
    """
    document = {"v": _VERSION, "rv": revision, "start": lead + start.removeprefix(scope)}
    return base64.urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")


def decode(token: str, scope: str) -> tuple[str, Revision]:
    """(key to go on from, revision). Raises BadRequest."""
    try:
        version, revision, start = _fields(_document(token))
    except ValueError as error:
        raise errors.bad_request(f"{_INVALID}{error}") from None
    if version != _VERSION:
        raise errors.bad_request(f"{_INVALID}server does not recognize this encoded version {version}")
    if revision == 0:
        raise errors.bad_request(f"{_INVALID}incorrect encoded start resourceVersion (version {_VERSION})")
    if not start:
        raise errors.bad_request(f"{_INVALID}encoded start key empty (version {_VERSION})")
    key = start if start.startswith("/") else f"/{start}"
    if _cleaned(key) != key:
        raise errors.bad_request(f"{_INVALID}{start}")
    return scope + key[1:], revision


def _document(token: str) -> Any:
    """The JSON in a token. Raises ValueError with Go's text."""
    wrong = next((at for at, letter in enumerate(token) if letter not in _ALPHABET), None)
    token = token.replace("\r", "").replace("\n", "")
    if wrong is None and len(token) % 4 == 1:
        wrong = len(token) - 1
    if wrong is not None:
        raise ValueError(f"illegal base64 data at input byte {wrong}")
    document, _ = json_strict.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    return document


def _fields(document: Any) -> tuple[str, Revision, str]:
    """Version, revision and start, zero where absent. Raises ValueError with Go's text."""
    if document is None:
        return "", 0, ""
    if not isinstance(document, dict):
        raise Mismatch(describe(document), "storage.continueToken")
    document = {name.lower(): value for name, value in document.items()}  # encoding/json minds no case
    found: list[Any] = []
    for name, kind, type_, zero in (("v", str, "string", ""), ("rv", int, "int64", 0), ("start", str, "string", "")):
        value = document.get(name)
        if value is not None and type(value) is not kind:
            raise ValueError(f"json: cannot unmarshal {_described(value)} into Go struct field continueToken.{name} of type {type_}")
        found.append(zero if value is None else value)
    return found[0], found[1], found[2]


def _described(value: Any) -> str:
    return f"number {json_text(value)}" if isinstance(value, float) else describe(value)


def _cleaned(key: str) -> str:
    """Go's path.Clean of a rooted path."""
    return posixpath.normpath("/" + key.lstrip("/"))
