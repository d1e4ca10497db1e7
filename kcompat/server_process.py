"""Runs a control plane, or one part of it, as a process: event loop, signals, pid file. Called by `__main__.py`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from kcompat.config import Settings

Announce = Callable[[Path, float], None]
_STARTED = time.monotonic()


def serve(settings: Settings, announce: Announce) -> int:
    """Serves until SIGINT or SIGTERM. Returns the exit code."""
    gc.disable()  # what a start makes, it keeps: looking for garbage would only cost time
    return _loop(_serve(settings, announce))


def run_part(part: str, kubeconfig: str, settings: Settings) -> int:
    """Controllers, scheduler or nodes alone, over HTTP."""
    return _loop(_serve_part(part, kubeconfig, settings))


def _loop(work: Coroutine[Any, Any, None]) -> int:
    try:
        import uvloop
    except ImportError:  # no wheels for this platform
        asyncio.run(work)
    else:
        uvloop.run(work)
    return 0


async def _serve(settings: Settings, announce: Announce) -> None:
    from kcompat.cluster import ControlPlane

    stopping = _on_signals()
    allow_many_connections()
    control_plane = ControlPlane(settings)
    pid_file = settings.directory / "kcompat.pid"
    try:
        await control_plane.start()
        pid_file.write_text(str(os.getpid()))
        tune_garbage_collector()
        share_the_interpreter()
        announce(settings.kubeconfig, time.monotonic() - _STARTED)
        await stopping.wait()
    finally:
        await control_plane.stop()
        pid_file.unlink(missing_ok=True)


def _on_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopping.set)
        except NotImplementedError:  # Windows' loop has none
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
    return stopping


def tune_garbage_collector() -> None:
    """What was made at start stays: it is not looked at again. Young objects are collected less often, old ones rarely."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def share_the_interpreter() -> None:
    """The store's writer thread waits less long for a busy loop to let it in: under load a third more writes, half the tail latency."""
    sys.setswitchinterval(0.001)


def allow_many_connections() -> None:
    """As many open files as the system lets this user have (Go's runtime does the same)."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve_part(part: str, kubeconfig: str, settings: Settings) -> None:
    from kcompat.parts import start_part

    stopping = _on_signals()
    stop = await start_part(part, kubeconfig, settings)
    try:
        await stopping.wait()
    finally:
        await stop()
