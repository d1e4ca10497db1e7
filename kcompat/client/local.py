"""The transport within the process: the server's own pipeline, without sockets, TLS or encoding. Built by `cluster.py`, which hands in
the pipeline as a callable, so that nothing here knows of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from kcompat.apimachinery import errors
from kcompat.apimachinery.user import UserInfo
from kcompat.client.interface import Answer, Tree, WatchEvent


@dataclass(slots=True)
class LocalAnswer:
    """What the pipeline answered: a tree, or the events of a watch."""

    status: int
    tree: Any = None
    events: AsyncIterator[tuple[str, Tree]] | None = None


class Pipeline(Protocol):
    """Carries out one request under an identity."""

    async def __call__(self, user: UserInfo, method: str, path: str, query: str, body: Any, content_type: str) -> LocalAnswer: ...


class LocalTransport:
    """client.interface.Transport in process, as one user. Authorization, admission and limits apply as over HTTP."""

    def __init__(self, pipeline: Pipeline, user: UserInfo) -> None:
        self._pipeline = pipeline
        self.user = user

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Answer:
        raw = urlencode(query) if query else ""
        answer = await self._pipeline(self.user, method, path, raw, body, content_type)
        return Answer(answer.status, _checked(answer, method))

    async def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncIterator[WatchEvent]:
        raw = urlencode({**(query or {}), "watch": "true"})
        answer = await self._pipeline(self.user, "GET", path, raw, None, "application/json")
        if answer.events is None:
            _checked(answer, "GET")
            return
        async with aclosing(answer.events):  # type: ignore[type-var]
            async for kind, tree in answer.events:
                yield WatchEvent(kind, tree)

    async def close(self) -> None:
        """Nothing is held open."""


def _checked(answer: LocalAnswer, method: str) -> Tree:
    """The tree, or the failure it stands for, raised; a failure in plain text becomes a Status as client-go makes one."""
    if answer.status >= 400:
        if not isinstance(answer.tree, dict):
            raise errors.generic(answer.status, method.lower(), "", "", "", str(answer.tree).strip() or "unknown", unexpected=True)
        raise errors.from_status(answer.tree)
    tree: Tree = answer.tree
    return tree
