"""A control plane in process, without controllers, scheduler and nodes: the API over a memory store, reached through the pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from kcompat.api.request import Peer, Query, Request, Response, StreamResponse
from kcompat.cluster import ControlPlane
from kcompat.config import Settings

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


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\nuser-token,bob,bob-uid\n')
    settings = Settings(
        token_auth_file=str(tokens),
        listen="127.0.0.1:0",
        data_dir=str(tmp_path),
        datastore_endpoint="memory://",
        disable=("controllers", "scheduler", "nodes"),
        disable_admission_plugins=("ServiceAccount",),
    )
    control_plane = ControlPlane(settings)
    await control_plane.start()
    try:
        yield Api(control_plane)
    finally:
        await control_plane.stop()


@pytest.fixture
def config_maps() -> str:
    return "/api/v1/namespaces/default/configmaps"
