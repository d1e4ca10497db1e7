"""How the Python programs report: a line for each step. They run in environments of their own, so this imports nothing."""

from __future__ import annotations

import traceback
from collections.abc import Callable


def step(client: str, name: str, work: Callable[[], object]) -> None:
    """Runs work; `client name: pass`, or `client name: fail: why`."""
    try:
        work()
    except Exception as error:
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(f"{client} {name}: fail: {said}", flush=True)
    else:
        print(f"{client} {name}: pass", flush=True)


def expect(holds: object, message: object) -> None:
    if not holds:
        raise AssertionError(str(message))
