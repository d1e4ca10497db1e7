"""A terminal between a person and a command: echoes what is typed, gives it on by the line, and ends lines as terminals do. Called by remote.py."""

from __future__ import annotations

from collections import deque

from kcompat.apimachinery.remote_command import Streams

_INTERRUPT, _END, _BACKSPACES = "\x03", "\x04", ("\x7f", "\b")


class Terminal:
    """Reads lines from streams and writes to their output, errors too."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._typed: deque[str] = deque()
        self._ended = False

    async def read(self) -> bytes:
        """The next line; b"" when the input ends, or the person ends it."""
        line = ""
        while not self._ended:
            if not self._typed:
                chunk = await self._streams.read()
                self._ended = not chunk
                self._typed.extend(chunk.decode(errors="replace").replace("\r\n", "\n"))
                continue
            typed = self._typed.popleft()
            if typed in ("\r", "\n"):
                await self.write(b"\n")
                return f"{line}\n".encode()
            if typed == _END and not line:
                self._ended = True
            elif typed == _INTERRUPT:
                await self.write(b"^C\n")
                return b"\n"
            elif typed in _BACKSPACES:
                if line:
                    line = line[:-1]
                    await self.write(b"\b \b")
            elif typed.isprintable():
                line += typed
                await self.write(typed.encode())
        return line.encode()

    async def write(self, data: bytes) -> None:
        await self._streams.write(data.replace(b"\n", b"\r\n"))
