"""A request and an answer as the pipeline and the verbs see them, whether they came over HTTP (`api/server.py`) or from
within the process (`cluster.py`'s local transport); and RequestInfo, what a URL asks for (upstream: endpoints/request/requestinfo.go).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from kcompat.apimachinery.user import UserInfo

if TYPE_CHECKING:
    from kcompat.api.hijack import Hijacked

Tree = dict[str, Any]
_MALFORMED = re.compile(";|%(?![0-9a-fA-F]{2})")

ANONYMOUS_USER = UserInfo("system:anonymous", groups=("system:unauthenticated",))


@dataclass(slots=True)
class RequestInfo:
    """What the URL and method ask for. Non-resource requests have only verb and path."""

    verb: str
    path: str
    resource_request: bool = False
    api_prefix: str = ""
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    rest: str = ""
    """What follows a proxy subresource."""

    def with_verb(self, verb: str) -> RequestInfo:
        return RequestInfo(
            verb, self.path, self.resource_request, self.api_prefix, self.group, self.version,
            self.namespace, self.resource, self.subresource, self.name, self.rest,
        )  # fmt: skip


@dataclass(slots=True)
class Peer:
    """The other end of a connection: its address, client certificate (DER) and the certificates that came with it."""

    address: str = ""
    certificate: bytes | None = None
    intermediates: tuple[bytes, ...] = ()


class Query:
    """Query parameters, parsed once when first asked for. Repeated keys keep every value."""

    __slots__ = ("_pairs", "raw")

    def __init__(self, raw: str = "") -> None:
        self.raw = raw
        self._pairs: dict[str, list[str]] | None = None if raw else {}

    @property
    def pairs(self) -> dict[str, list[str]]:
        if self._pairs is None:
            self._pairs = {}
            raw = self.raw
            if _MALFORMED.search(raw):  # such a pair is as good as absent (Go net/url: URL.Query)
                raw = "&".join(pair for pair in raw.split("&") if not _MALFORMED.search(pair))
            for key, value in parse_qsl(raw, keep_blank_values=True, separator="&"):
                self._pairs.setdefault(key, []).append(value)
        return self._pairs

    def get(self, key: str, default: str = "") -> str:
        values = self.pairs.get(key) if self.raw else None
        return values[0] if values else default

    def all(self, key: str) -> list[str]:
        return self.pairs.get(key, []) if self.raw else []

    def __contains__(self, key: str) -> bool:
        return bool(self.raw) and key in self.pairs


@dataclass(slots=True)
class Request:
    """One request on its way through the stages. `object` holds an already decoded body (local transport), else `read` reads the bytes."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]
    read: Callable[[], Awaitable[bytes]]
    peer: Peer
    object: Any = None
    user: UserInfo = ANONYMOUS_USER
    info: RequestInfo = field(default_factory=lambda: RequestInfo("", ""))
    audit_id: str = ""
    local: bool = False
    warnings: list[str] = field(default_factory=list)
    flow_headers: Mapping[str, str] | None = None
    """What priority and fairness has the answer say."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A long body, made piece by piece as the client takes it: it never stands in memory as a whole. `length`: bytes of all pieces."""

    length: int
    pieces: Iterable[bytes]


@dataclass(slots=True)
class Response:
    """A complete answer. For local requests `tree` may stand in for `body`."""

    status: int = 200
    body: bytes | Pieces = b""
    content_type: str = "application/json"
    """"" for an answer that names none."""
    headers: dict[str, str] = field(default_factory=dict)
    tree: Any = None


@dataclass(slots=True)
class StreamResponse:
    """An answer sent piece by piece (watch). `chunks` is closed when the client goes. For local requests `events` yields (type, tree)."""

    chunks: AsyncIterator[bytes] | None = None
    events: AsyncIterator[tuple[str, Tree]] | None = None
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class UpgradeResponse:
    """An answer that takes the connection over from HTTP: `serve` gets it (`api/hijack.py`) and returns when all is said."""

    serve: Callable[[Hijacked], Awaitable[None]]
    status: int = 101
    headers: dict[str, str] = field(default_factory=dict)
    """Of the pipeline; no upgraded answer carries them."""


Answer = Response | StreamResponse | UpgradeResponse
Handler = Callable[[Request], Awaitable[Answer]]
