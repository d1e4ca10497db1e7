"""The streams of a remote command over SPDY. Called by `pod_streams.py`. Upstream: cri-streaming pkg/streaming/remotecommand/httpstream.go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from kcompat.api.channels import Options
from kcompat.api.hijack import Hijacked
from kcompat.api.spdy import Connection, Stream

PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
_RESIZABLE = PROTOCOLS[:2]
_CREATION_SECONDS = 30.0


class HijackedCarrier:
    """spdy.Carrier over a connection."""

    def __init__(self, stream: Hijacked) -> None:
        self.readexactly = stream.reader.readexactly
        self.write = stream.write


class SpdyStreams:
    """apimachinery.remote_command.Streams over SPDY streams; `listen` has to run beside the command."""

    def __init__(self, connection: Connection, protocol: str, options: Options) -> None:
        self.terminal = options.terminal
        self._connection = connection
        self._protocol = protocol
        self._options = options
        self._streams: dict[str, Stream] = {}
        self._complete = asyncio.Event()

    async def listen(self) -> None:
        """Takes the streams that the client makes. Returns when it goes. Raises ConnectionError and IncompleteReadError."""
        wanted = {"error"} | {name for name in ("stdin", "stdout", "stderr") if getattr(self._options, name)}
        if self.terminal and self._protocol in _RESIZABLE:
            wanted.add("resize")
        async for stream in self._connection.streams():
            self._streams[stream.headers.get("streamtype", "")] = stream
            if wanted <= self._streams.keys():
                self._complete.set()

    async def opened(self) -> None:
        """Raises ConnectionError when the client does not make its streams."""
        try:
            async with asyncio.timeout(_CREATION_SECONDS):
                await self._complete.wait()
        except TimeoutError:
            raise ConnectionError("timed out waiting for client to create streams") from None

    async def read(self) -> bytes:
        stream = self._streams.get("stdin")
        return await stream.read() if stream is not None else b""

    async def write(self, data: bytes, *, error: bool = False) -> None:
        stream = self._streams.get("stderr" if error else "stdout")
        if stream is not None and data:
            await stream.write(data)

    async def end(self, status: Mapping[str, Any]) -> None:
        """What came of the command; old protocols have only words for it, and none for success."""
        if self._protocol == PROTOCOLS[0]:
            await self._streams["error"].write(orjson.dumps({key: value for key, value in status.items() if key != "metadata"}))
        elif status["status"] != "Success":
            await self._streams["error"].write(status["message"].encode())
        for name in ("stdout", "stderr", "error"):
            if name in self._streams:
                await self._streams[name].close()
        await self._connection.close()
