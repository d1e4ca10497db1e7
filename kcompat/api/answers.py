"""aiohttp's responses without what a kube-apiserver does not send: a Server header, a Content-Type nobody named. Used by `server.py` and `connection.py`."""

from __future__ import annotations

from aiohttp import web


class Whole(web.Response):
    """An answer sent in one piece."""

    typed = True

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        del self._headers["Server"]
        if not self.typed:
            self._headers.pop("Content-Type", None)


class Untyped(Whole):
    """An answer without Content-Type."""

    typed = False


class Streamed(web.StreamResponse):
    """An answer sent piece by piece."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        del self._headers["Server"]
