"""The Transport to any Kubernetes API server: HTTP/1.1 and JSON over a pool of kept connections. Used by parts that run alone.

aiohttp is imported when the first transport is made, so that a process that never leaves itself does not pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections.abc import AsyncGenerator, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError
from kcompat.client.agent import user_agent
from kcompat.client.interface import Answer, Tree, WatchEvent
from kcompat.client.kubeconfig import Connection

if TYPE_CHECKING:
    import aiohttp

JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

MAX_RETRIES = 10
"""Times a request is sent again when the server asked for that with Retry-After (upstream: client-go rest.Request)."""
TOKEN_SECONDS = 60.0
CONNECT_SECONDS = 30.0


class TokenSource(Protocol):
    """Gives a bearer token that is good now. `reject` is told when the server refused the last one."""

    async def token(self) -> str: ...

    def reject(self) -> None: ...


class HttpTransport:
    """Requests under the identity of a Connection. Safe for any number of concurrent requests on one event loop."""

    def __init__(self, connection: Connection, *, agent: str = "") -> None:
        self._pool = _Pool(connection)
        self._agent = agent or user_agent()
        self._accept, self._accept_list = JSON, JSON
        self._tokens: TokenSource | None = None
        self._more: Mapping[str, str] = {}

    def metadata_only(self) -> HttpTransport:
        """A view of this transport, sharing its connections, whose objects are PartialObjectMetadata."""
        view = copy(self)
        view._accept, view._accept_list = METADATA, METADATA_LIST
        return view

    def acting_as(self, *, agent: str = "", tokens: TokenSource | None = None, headers: Mapping[str, str] | None = None) -> HttpTransport:
        """A view of this transport, sharing its connections, under another user agent, with tokens of its own or with more headers."""
        view = copy(self)
        view._agent, view._tokens, view._more = agent or self._agent, tokens or self._tokens, {**self._more, **(headers or {})}
        return view

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Answer:
        headers = await self._headers(self._accept_list if method == "GET" and _is_collection(path) else self._accept)
        data = None
        if body is not None:
            data, headers["Content-Type"] = orjson.dumps(body), content_type
        for tries in range(MAX_RETRIES + 1):
            status, answered, content = await self._pool.send(method, path, query, data, headers)
            wait = answered.get("Retry-After", "")
            if tries == MAX_RETRIES or not wait.isdigit() or not (status == 429 or status >= 500):
                break
            await asyncio.sleep(int(wait))
        if status >= 400:
            self._refused(status)
            raise _failure(status, method, path, content, answered)
        return Answer(status, _object(content))

    async def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncGenerator[WatchEvent, None]:
        lines = self._pool.lines(path, {**(query or {}), "watch": "true"}, await self._headers(self._accept))
        async with contextlib.aclosing(lines):
            async for line in lines:
                event = orjson.loads(line)
                if event["type"] == "ERROR":
                    raise errors.from_status(event["object"])
                yield WatchEvent(event["type"], event["object"])

    async def close(self) -> None:
        """Closes the connections, also of the views that share them."""
        await self._pool.close()

    async def _headers(self, accept: str) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": self._agent, **self._more}
        if self._tokens is not None:
            headers["Authorization"] = f"Bearer {await self._tokens.token()}"
        return headers

    def _refused(self, status: int) -> None:
        if status == 401 and self._tokens is not None:
            self._tokens.reject()


def _is_collection(path: str) -> bool:
    """`/api/v1[/namespaces/x]/y` or `/apis/g/v[/namespaces/x]/y`: it answers a list, which has a metadata-only kind of its own."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    return len(parts) == 1 or (len(parts) == 3 and parts[0] == "namespaces")


def _object(content: bytes) -> Tree:
    tree = orjson.loads(content)
    if not isinstance(tree, dict):
        raise ValueError("the answer is not a JSON object")
    return tree


def _failure(status: int, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> StatusError:
    """The Status in the body, else one made of the code alone, as client-go makes it."""
    try:
        tree = orjson.loads(content)
    except ValueError:
        tree = None
    if isinstance(tree, dict) and tree.get("kind") == "Status":
        return errors.from_status({"code": status, **tree})
    wait = headers.get("Retry-After", "")
    text = content[:2048].decode("utf-8", "replace").strip() or "unknown"
    return errors.generic(status, method.lower(), "", "", path, text, int(wait) if wait.isdigit() else 0, unexpected=True)


class _Pool:
    """The aiohttp session of one Connection, made at first use, and its credentials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None
        self._token, self._token_until = connection.token, 0.0

    async def send(
        self, method: str, path: str, query: Mapping[str, str] | None, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises ConnectionError when there is no answer."""
        import aiohttp

        try:
            async with self._open(method, path, query, data, headers) as answer:
                return answer.status, answer.headers, await answer.read()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise ConnectionError(f"{method} {self._connection.server}{path}: {error}") from error

    async def lines(self, path: str, query: Mapping[str, str], headers: dict[str, str]) -> AsyncGenerator[bytes, None]:
        """The lines of an endless answer. Ends when the server ends it; raises ConnectionError when it breaks."""
        import aiohttp

        try:
            async with self._open("GET", path, query, None, headers) as answer:
                if answer.status >= 400:
                    raise _failure(answer.status, "GET", path, await answer.read(), answer.headers)
                rest = b""
                async for chunk in answer.content.iter_any():
                    *complete, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
                    for line in complete:
                        if line:
                            yield line
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise ConnectionError(f"watch {self._connection.server}{path}: {error}") from error

    def _open(self, method: str, path: str, query: Mapping[str, str] | None, data: bytes | None, headers: dict[str, str]) -> Any:
        from multidict import CIMultiDict

        sent = CIMultiDict(headers)
        if token := self._bearer():
            sent["Authorization"] = f"Bearer {token}"
        for name, value in self._connection.impersonate:
            sent.add(name, value)
        url = self._connection.server + path
        return self._open_session().request(
            method,
            url,
            params=query,
            data=data,
            headers=sent,
            allow_redirects=False,
            server_hostname=self._connection.server_name or None,
            proxy=self._connection.proxy or None,
        )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            secure = self._connection.server.startswith("https:")
            connector = aiohttp.TCPConnector(limit=0, ssl=ssl_context(self._connection) if secure else True)
            auth = aiohttp.BasicAuth(self._connection.username, self._connection.password) if self._connection.username else None
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, auth=auth, timeout=timeout, read_bufsize=2**18)
        return self._session

    def _bearer(self) -> str:
        """The token; one from a file is read again every minute, for it is rotated."""
        if not self._connection.token_file:
            return self._token
        now = asyncio.get_running_loop().time()
        if not self._token or now >= self._token_until:
            self._token = Path(self._connection.token_file).read_text().strip()
            self._token_until = now + TOKEN_SECONDS
        return self._token

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def ssl_context(connection: Connection) -> ssl.SSLContext:
    """Checks the server against the connection's CA (the system's if it has none) and shows the client certificate, if any."""
    context = ssl.create_default_context(cadata=connection.ca.decode() if connection.ca else None)
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if connection.certificate:
        _load_certificate(context, connection.certificate + b"\n" + connection.key)
    return context


def _load_certificate(context: ssl.SSLContext, pem: bytes) -> None:
    """Python reads certificates from files only: this one, readable by us alone, is gone at once."""
    descriptor, name = tempfile.mkstemp(prefix="kcompat-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        context.load_cert_chain(name)
    finally:
        os.unlink(name)
