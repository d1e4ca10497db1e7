"""A control plane in process, without controllers, scheduler and nodes: the API over a memory store, reached through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from kcompat.api.request import Peer, Pieces, Query, Request, Response, StreamResponse
from kcompat.cluster import ControlPlane


@dataclass
class Api:
    """Sends requests as over HTTP, below the socket: bytes in, bytes out."""

    control_plane: ControlPlane
    agent: str = "test"
    seen: list[Response] = field(default_factory=list)

    async def raw(self, method: str, url: str, body: Any = None, **headers: str) -> Response | StreamResponse:
        path, _, query = url.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {"User-Agent": self.agent, "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}

        async def read() -> bytes:
            return data

        headers = {"Authorization": "Bearer admin-token", **sent}
        return await self.control_plane.handler(Request(method, path, Query(query), headers, read, Peer("127.0.0.1")))

    async def send(self, method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """(status, decoded JSON)."""
        answer = await self.raw(method, url, body, **headers)
        assert isinstance(answer, Response)
        if isinstance(answer.body, Pieces):
            body = b"".join(answer.body.pieces)
            assert len(body) == answer.body.length
            answer.body = body
        self.seen.append(answer)
        return answer.status, orjson.loads(answer.body) if answer.content_type == "application/json" and answer.body else answer.body

    async def ok(self, method: str, url: str, body: Any = None, **headers: str) -> Any:
        """The answer of a request that must succeed."""
        status, tree = await self.send(method, url, body, **headers)
        assert status < 300, tree
        return tree

    async def watch(self, url: str, count: int) -> list[dict[str, Any]]:
        """The first `count` events of a watch."""
        answer = await self.raw("GET", url)
        assert isinstance(answer, StreamResponse), answer
        events: list[dict[str, Any]] = []
        assert answer.chunks is not None
        async for chunk in answer.chunks:
            events += [orjson.loads(line) for line in chunk.splitlines()]
            if len(events) >= count:
                break
        await answer.chunks.aclose()  # type: ignore[attr-defined]
        return events
