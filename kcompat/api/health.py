"""/livez, /readyz, /healthz: named checks, each addressable, `?verbose` and `?exclude=`. Called by `api/documents.py`.

Upstream: apiserver pkg/server/healthz.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from kcompat.api.request import Request, Response
from kcompat.apimachinery import errors

Check = Callable[[], Awaitable[None]]
"""Raises when unhealthy."""
_TEXT = "text/plain; charset=utf-8"
_NOSNIFF = {"X-Content-Type-Options": "nosniff"}


async def answer(request: Request, endpoint: str, checks: Mapping[str, Check], rest: str) -> Response:
    """`/livez` runs all checks, `/livez/etcd` one. 500 with the failures when one fails."""
    if rest and rest not in checks:
        raise errors.StatusError(404, "", "")
    if rest:
        return await _single(endpoint, rest, checks[rest])
    excluded = set(request.query.all("exclude"))
    chosen = {name: check for name, check in checks.items() if name not in excluded}
    lines, failed = [], []
    for name, check in chosen.items():
        try:
            await check()
            lines.append(f"[+]{name} ok")
        except Exception:
            failed.append(name)
            lines.append(f"[-]{name} failed: reason withheld")
    lines += [f"[+]{name} excluded: ok" for name in checks if name in excluded]
    if unknown := sorted(excluded - set(checks)):
        lines.append("warn: some health checks cannot be excluded: no matches for " + ",".join(f'"{name}"' for name in unknown))
    if failed:
        return Response(500, ("\n".join(lines) + f"\n{endpoint} check failed\n").encode(), _TEXT, dict(_NOSNIFF))
    if "verbose" in request.query:
        return Response(200, ("\n".join(lines) + f"\n{endpoint} check passed\n").encode(), _TEXT, dict(_NOSNIFF))
    return Response(200, b"ok", _TEXT, dict(_NOSNIFF))


async def _single(endpoint: str, name: str, check: Check) -> Response:
    """One check: no list, and no word of why."""
    try:
        await check()
    except Exception:
        return Response(500, b"internal server error: reason withheld\n", _TEXT, dict(_NOSNIFF))
    return Response(200, b"ok", _TEXT)
