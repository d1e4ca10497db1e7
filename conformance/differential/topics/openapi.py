"""OpenAPI documents over HTTP: conditional requests, ranges, forms, paths that are none. What is in them is compared by tests/api/test_openapi.py."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.script import Script, Session

_OLD, _LATE = "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2096 15:04:05 GMT"
_GROUP = "/openapi/v3/apis/scheduling.k8s.io/v1"
_PROTOBUF = "application/com.github.proto-openapi.spec.{}+protobuf"
_RANGES = ("bytes=-0", "bytes=999999999-", "bytes=9-5", "bytes=a-b", "items=0-9", "bytes", "bytes=0-x")
_CONDITIONS: tuple[dict[str, str | None], ...] = (
    {"If_Match": '"x"'}, {"If_Match": "*"}, {"If_Unmodified_Since": _OLD}, {"If_Unmodified_Since": _LATE}, {"If_Modified_Since": _OLD},
    {"If_Modified_Since": _LATE}, {"If_Modified_Since": "nonsense"}, {"If_None_Match": "*"}, {"If_None_Match": '"a", *'}, {"If_None_Match": "a, *"},
)  # fmt: skip
_ACCEPTS = (
    "", "*/*", "application/*", "application/json", "application/yaml", "text/html", *(_PROTOBUF.format(f"{version}{mark}v1.0") for version in ("v2", "v3") for mark in ("@", ".")),
    "application/json;as=Table;g=meta.k8s.io;v=v1", "text/html, application/json;q=0.1", "application/vnd.kubernetes.protobuf",
)  # fmt: skip
_NONE = ("/openapi", "/openapi/", "/openapi/v1", "/openapi/v2/", "/openapi/v2/x", "/openapi/v3/", "/openapi/v3/apis/nope/v1", "/openapi/v3/apis/apps/v1/", "/openapi/v3/apis/apps/v9", "/openapi/v3/x")


def scripts() -> Iterator[Script]:
    yield Script("openapi", "conditions", _conditions)
    yield Script("openapi", "ranges", _ranges)
    yield Script("openapi", "forms", _forms)
    yield Script("openapi", "paths", _paths)


async def _conditions(s: Session) -> None:
    for path in ("/openapi/v2", "/openapi/v3", _GROUP):
        for headers in _CONDITIONS:
            await s.ask("HEAD", path, **headers)
        await s.ask("POST", path, If_None_Match='"a", *')


async def _ranges(s: Session) -> None:
    for path in ("/openapi/v2", "/openapi/v3", _GROUP):
        for wanted in _RANGES:
            answer = await s.quiet("GET", path, Range=wanted)
            if len(answer.body) < 100:
                await s.ask("GET", path, Range=wanted)
            else:
                await s.ask("HEAD", path, Range=wanted)
        await s.ask("GET", path, Range="bytes=0-0")
        await s.ask("HEAD", path, Range="bytes=0-0", If_Range='"x"')


async def _forms(s: Session) -> None:
    for path in ("/openapi/v2", "/openapi/v3", _GROUP):
        for accept in _ACCEPTS:
            await s.ask("HEAD", path, Accept=accept)


async def _paths(s: Session) -> None:
    for path in _NONE:
        for method in ("GET", "HEAD", "POST"):
            await s.ask(method, path)
