"""The streams of a remote command over a WebSocket: a byte at the front of each message names the channel. Called by `pod_streams.py`.

Upstream: cri-streaming pkg/streaming/remotecommand/websocket.go, apiserver pkg/util/proxy/websocket.go.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kcompat.api.websocket import BINARY, TEXT, WebSocket

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
V5 = "v5.channel.k8s.io"
OLDER = ("", "channel.k8s.io", "base64.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io")
_CLOSE_SIGNAL = 255
_WAITING = 64
"""Messages that may wait for the command to read them."""


@dataclass(frozen=True, slots=True)
class Options:
    """Which streams there are."""

    stdin: bool
    stdout: bool
    stderr: bool
    terminal: bool


class Channels:
    """apimachinery.remote_command.Streams over a WebSocket; `listen` has to run beside the command."""

    def __init__(self, socket: WebSocket, options: Options) -> None:
        self.terminal = options.terminal
        self._socket = socket
        self._options = options
        self._text = "base64" in socket.protocol
        self._input: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._ended = not options.stdin

    async def open(self) -> None:
        """An empty message tells the client that the command runs."""
        await self._send(STDOUT if self._options.stdout else STDERR if self._options.stderr else ERROR, b"")

    async def listen(self) -> None:
        """Returns when the client closes. Raises ConnectionError and IncompleteReadError when it is gone."""
        while (message := await self._socket.receive()) is not None:
            if not message:
                continue
            if message[0] == _CLOSE_SIGNAL and self._socket.protocol == V5:
                if len(message) != 2 or message[1] > RESIZE:
                    return
                if message[1] == STDIN:
                    await self._input.put(b"")
                continue
            channel, data = (message[0] - ord("0"), b64decode(message[1:])) if self._text else (message[0], message[1:])
            if channel == STDIN and data and self._options.stdin:
                await self._input.put(data)

    async def read(self) -> bytes:
        if self._ended:
            return b""
        data = await self._input.get()
        self._ended = not data
        return data

    async def write(self, data: bytes, *, error: bool = False) -> None:
        if self._options.stderr if error else self._options.stdout:
            await self._send(STDERR if error else STDOUT, data)

    async def end(self, status: Mapping[str, Any]) -> None:
        """What came of the command; old protocols have only words for it, and none for success."""
        if self._socket.protocol.startswith(("v4.", V5)):
            await self._send(ERROR, orjson.dumps(status))
        elif status["status"] != "Success":
            await self._send(ERROR, status["message"].encode())
        await self._socket.close()

    async def _send(self, channel: int, data: bytes) -> None:
        if self._text:
            await self._socket.send(str(channel).encode() + b64encode(data), TEXT)
        else:
            await self._socket.send(bytes((channel,)) + data, BINARY)


class PortChannels:
    """Ports over a WebSocket: channel 2n carries the bytes of the nth, channel 2n+1 what went wrong (portforward/websocket.go)."""

    def __init__(self, socket: WebSocket, ports: Sequence[int]) -> None:
        self._socket = socket
        self._ports = ports
        self._text = "base64" in socket.protocol
        self._inputs: list[asyncio.Queue[bytes]] = [asyncio.Queue(_WAITING) for _ in ports]

    async def open(self) -> None:
        for index, port in enumerate(self._ports):
            for channel in (2 * index, 2 * index + 1):
                await self.send(channel, port.to_bytes(2, "little"))

    async def listen(self) -> None:
        """Returns when the client closes. Raises ConnectionError and IncompleteReadError when it is gone."""
        while (message := await self._socket.receive()) is not None:
            if not message:
                continue
            channel, data = (message[0] - ord("0"), b64decode(message[1:])) if self._text else (message[0], message[1:])
            if channel % 2 == 0 and 0 <= channel // 2 < len(self._inputs) and data:
                await self._inputs[channel // 2].put(data)

    def data(self, index: int) -> PortStreams:
        return PortStreams(self, index, self._inputs[index])

    async def send(self, channel: int, data: bytes) -> None:
        if self._text:
            await self._socket.send(str(channel).encode() + b64encode(data), TEXT)
        else:
            await self._socket.send(bytes((channel,)) + data, BINARY)


class PortStreams:
    """apimachinery.remote_command.Streams of one port."""

    terminal = False

    def __init__(self, channels: PortChannels, index: int, waiting: asyncio.Queue[bytes]) -> None:
        self.read = waiting.get
        self._channels = channels
        self._index = index

    async def write(self, data: bytes, *, error: bool = False) -> None:
        await self._channels.send(2 * self._index, data)
