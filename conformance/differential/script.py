"""Scripts and the session they send requests through. Called by runner.py; used by topics/*.py."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import yarl
from multidict import CIMultiDict

from conformance.differential.normalise import Normaliser

Tree = dict[str, Any]
TOKENS = {"admin": "admin-token", "bob": "user-token"}
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
_EVENT_SECONDS = 4.0
_QUIET_SECONDS = 0.15


@dataclass(frozen=True)
class Script:
    """One script. Its name is unique within the topic; `topic/name` is how the ledger calls it."""

    topic: str
    name: str
    run: Callable[[Session], Awaitable[None]]
    waits: bool = False
    """Mostly waits (for events that do not come): it may run beside the others."""
    setup: str = ""
    """Which of servers.SETUPS it needs; others have servers of their own."""
    brief: bool = False
    """So many requests that only digests of the answers are kept; `show` asks a kube-apiserver for what it said."""

    @property
    def title(self) -> str:
        return f"{self.topic}/{self.name}"


@dataclass
class Answer:
    """What came back, as it came."""

    code: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def tree(self) -> Any:
        """The JSON body; {} when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}

    def at(self, path: str, default: Any = "") -> Any:
        """The value at a dotted path, or the default: scripts must go on when a server answers something else."""
        value = self.tree
        for step in path.split("."):
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return default
        return value


@dataclass
class Session:
    """One run of one script at one server."""

    http: aiohttp.ClientSession
    url: str
    script: Script
    steps: list[Tree] = field(default_factory=list)
    user: str = "admin"
    mark: str = "crud"
    """What the objects are called and labelled by."""

    def __post_init__(self) -> None:
        self.slug = self.script.name.lower().replace("/", "-").replace(".", "-").replace("_", "-")
        self.namespace = f"diff-{self.script.topic}-{self.slug}"[:60]
        self.core = f"/api/v1/namespaces/{self.namespace}"
        self.normaliser = Normaliser(self.url)

    async def open(self) -> None:
        await self.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})

    async def ask(self, method: str, url: str, body: Any = None, *, note: str = "", **headers: str | None) -> Answer:
        """Sends a request and keeps what came back as a step. Header names are given with `_` for `-`; None leaves one out."""
        answer = await self.quiet(method, url, body, **headers)
        self.keep(method, url, body, headers, note, self.normaliser.answer(answer.code, answer.headers, answer.body))
        return answer

    def keep(self, method: str, url: str, body: Any, headers: dict[str, str | None], note: str, said: Tree) -> None:
        shown = self.normaliser.text(f"{method} {url}")
        extra = {name: value for name, value in headers.items() if name != "Content_Type" or method == "PATCH"}
        if extra:
            shown += " " + self.normaliser.tags(json.dumps(extra, sort_keys=True))
        self.steps.append({"ask": shown + (f" # {note}" if note else ""), "sent": self.normaliser.digest(body), **said})

    async def quiet(self, method: str, url: str, body: Any = None, **headers: str | None) -> Answer:
        """Sends a request without keeping it: preparation."""
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if isinstance(metadata, dict) and isinstance(prefix := metadata.get("generateName"), str) and prefix:
            self.normaliser.generates(prefix)
        try:
            return await self._answer(method, url, body, headers)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):  # an idle connection that the server has just given up
            return await self._answer(method, url, body, headers)

    async def _answer(self, method: str, url: str, body: Any, headers: dict[str, str | None]) -> Answer:
        async with self._send(method, url, body, headers) as response:
            return Answer(response.status, CIMultiDict(response.headers), await response.read())

    def _send(self, method: str, url: str, body: Any, headers: dict[str, str | None]) -> Any:
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
        sent: dict[str, str | None] = {"Authorization": f"Bearer {TOKENS.get(self.user, self.user)}", "User-Agent": "differential"}
        if data is not None:
            sent["Content-Type"] = MERGE_PATCH if method == "PATCH" else "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if value is not None}
        skipped = {"Accept", "Accept-Encoding", "Content-Type", "User-Agent"} - set(kept)
        return self.http.request(
            method, yarl.URL(self.url + url, encoded=True), data=data and io.BytesIO(data), headers=kept, skip_auto_headers=skipped, allow_redirects=False
        )

    @asynccontextmanager
    async def watch(self, url: str, *, note: str = "", **headers: str | None) -> AsyncIterator[Watch]:
        """A watch. What it sent until the end of the block is one step."""
        async with self._send("GET", url, None, headers) as response:
            watch = Watch(response)
            try:
                yield watch
            finally:
                said = self.normaliser.answer(response.status, response.headers, await watch.rest())
                if response.status == 200:
                    said.pop("body", None)
                    said["events"] = [self.normaliser.line(line) for line in watch.lines]
                self.keep("WATCH", url, None, headers, note, said)

    async def settle(self, url: str, sign: str = "metadata") -> None:
        """Waits until the server's own controllers have finished with an object; `sign`: the path of what they write first."""
        before = None
        for _ in range(30):
            answer = await self.quiet("GET", url)
            now = answer.at("metadata.resourceVersion")
            if now == before and (answer.code == 404 or answer.at(sign)):
                return
            before = now
            await asyncio.sleep(_QUIET_SECONDS)


    async def gone(self, url: str) -> None:
        """Waits until an object that is being deleted is no more."""
        for _ in range(60):
            if (await self.quiet("GET", url)).code == 404:
                return
            await asyncio.sleep(_QUIET_SECONDS)


@dataclass
class Watch:
    """The lines a watch sent."""

    response: aiohttp.ClientResponse
    lines: list[bytes] = field(default_factory=list)

    async def take(self, count: int = 1, seconds: float = _EVENT_SECONDS) -> None:
        """Waits for so many more events, at most so long."""
        start = len(self.lines)
        try:
            async with asyncio.timeout(seconds):
                while self.response.status == 200 and len(self.lines) < start + count and (line := await self._event()):
                    self.lines.append(line)
        except TimeoutError:
            pass

    async def _event(self) -> bytes:
        """The next line, or protobuf frame without its length; b"" when the watch has ended."""
        content = self.response.content
        if "protobuf" not in self.response.headers.get("Content-Type", ""):
            return await content.readline()
        try:
            return await content.readexactly(int.from_bytes(await content.readexactly(4), "big"))
        except asyncio.IncompleteReadError:
            return b""

    async def rest(self) -> bytes:
        """What a refused watch answered."""
        return b"" if self.response.status == 200 else await self.response.read()
