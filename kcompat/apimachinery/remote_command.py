"""What the API server asks of a node for exec, attach, port-forward and logs. `nodes/` answers for simulated nodes; `api/` calls.

Upstream: the kubelet's server and the container runtime's streaming server behind it (cri-streaming).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Tree = Mapping[str, Any]


class Refused(Exception):
    """The node's plain answer to a request that it does not take up."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class CommandFailed(Exception):
    """A command could not be run at all, or a port not be reached; the text is the runtime's."""


class Streams(Protocol):
    """A command's input and output. `terminal`: both are one, and a person is at the other end."""

    terminal: bool

    async def read(self) -> bytes:
        """What stands on the input; b"" at its end."""
        ...

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """To the output, or the error output. Raises ConnectionError when nobody is there any more."""
        ...


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of a container's log. since_time: RFC 3339, or ""."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    limit: int | None = None
    since_seconds: int | None = None
    since_time: str = ""


class Kubelet(Protocol):
    """One node. Raises Refused for pods and containers that do not run there."""

    def check(self, pod: Tree, container: str, action: str) -> None:
        """May the action (exec, attach, port-forward) begin?"""
        ...

    async def exec(self, pod: Tree, container: str, command: Sequence[str], streams: Streams) -> int:
        """The exit code. Raises CommandFailed."""
        ...

    async def attach(self, pod: Tree, container: str, streams: Streams) -> None:
        """Returns when the container has ended. Raises CommandFailed."""
        ...

    async def forward(self, pod: Tree, port: int, streams: Streams) -> None:
        """Carries bytes to and from a port of the pod. Raises CommandFailed."""
        ...

    def log(self, pod: Tree, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """What the container has printed; goes on while it prints if following."""
        ...

    def page(self, path: str) -> tuple[str, bytes] | None:
        """Content type and body of a path of the kubelet's own server; None: there is none."""
        ...
