"""The OpenAPI documents of the server: `/openapi/v2`, `/openapi/v3` and `/openapi/v3/<path>`.

Called by the API's documents endpoint. Everything is built from the facts at the first request for it and kept compressed; a server that
nobody asks for them pays nothing. Building takes up to some tenths of a second: call it in a thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha512
from importlib import metadata
from typing import Any, Final

import orjson

from kcompat.api.openapi import documents, gnostic, gnostic_v3, operations
from kcompat.api.openapi.schemas import Schemas, descriptions
from kcompat.apimachinery.clock import Clock, SystemClock
from kcompat.apimachinery.schema import facts
from kcompat.version import __version__

_ROOTS: Final = (".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version")


class OpenAPI:
    """The documents of the built-in resources."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._built: dict[str, bytes] = {}
        self.modified = (clock or SystemClock()).now()
        """Since when the documents are as they are, UTC."""

    def v2_json(self) -> bytes:
        """The Swagger 2.0 document as JSON."""
        return self._cached("v2.json", lambda: orjson.dumps(_v2()))

    def v2_protobuf(self) -> bytes:
        """The same document as the gnostic protobuf message, which client-go asks for."""
        return self._cached("v2.pb", lambda: gnostic.encode(orjson.loads(self.v2_json())))

    def v2_etag(self) -> str:
        """The entity tag of both forms of version 2, without quotes; costs no building."""
        return _digest("v2")

    def v3_index(self) -> dict[str, Any]:
        """`{"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=…"}}}`."""
        return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_digest(path)}"} for path in _paths()}}

    def v3_document(self, path: str) -> bytes | None:
        """One document of version 3 as JSON; None if there is none at the path."""
        if path not in _paths():
            return None
        return self._cached(path, lambda: orjson.dumps(_v3(path)))

    def v3_protobuf(self, path: str) -> bytes:
        """The document at one of the index's paths as gnostic's message."""
        return self._cached(f"{path}.pb", lambda: gnostic_v3.encode(orjson.loads(self.v3_document(path) or b"")))

    def v3_etag(self, path: str) -> str:
        """The hash in the index, which is the document's entity tag too."""
        return _digest(path)

    def _cached(self, key: str, build: Callable[[], bytes]) -> bytes:
        if key not in self._built:
            self._built[key] = zlib.compress(build(), 1)
        return zlib.decompress(self._built[key])


@cache
def _paths() -> tuple[str, ...]:
    """Every path of version 3 in the index's order."""
    versions = {(r["group"], r["version"]) for r in facts.resources()}
    found = [operations.base_path(g, v)[1:] for g, v in versions] + [f"apis/{g}" for g, _ in versions if g]
    return tuple(sorted({*found, *_ROOTS}))


@cache
def _digest(path: str) -> str:
    """A hash of all that a document is made of: our version with its facts, and the descriptions' package."""
    return sha512(f"{_sources()} {path}".encode()).hexdigest().upper()


@cache
def _sources() -> str:
    try:
        described = metadata.version("kubernetes-validate")
    except metadata.PackageNotFoundError:
        described = "undescribed"
    return f"{__version__} {described}"


def _v2() -> documents.Tree:
    found: list[operations.Operation] = []
    for path in _paths():
        found += _operations(path)
    return documents.v2(found, Schemas(descriptions(), version=2))


def _v3(path: str) -> documents.Tree:
    parts = path.split("/")
    served = (parts[1], parts[2]) if parts[0] == "apis" and len(parts) == 3 else ("", "v1")
    return documents.v3(_operations(path), Schemas(descriptions(), version=3, served=served))


def _operations(path: str) -> Iterable[operations.Operation]:
    match path.split("/"):
        case ["apis", group, version]:
            return operations.of_version(group, version)
        case ["api", version]:
            return operations.of_version("", version)
    return operations.of_root(path)
