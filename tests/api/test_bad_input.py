"""Bad input of any kind gets upstream's Status and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import Api

MAPS = "/api/v1/namespaces/default/configmaps"
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
NOT_HANDLED = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '

BODIES: list[tuple[str, bytes, int, str]] = [
    ("truncated", b'{"kind":"ConfigMap"', 400, UNRECOGNIZED + 'unexpected end of JSON input ({"kind":"ConfigMap")'),
    ("empty", b"", 400, UNRECOGNIZED + "unexpected end of JSON input (<empty>)"),
    ("other kind", b'{"kind":"Pod","apiVersion":"v1"}', 400,
     'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion'),
    ("unknown kind", b'{"kind":"Foo","apiVersion":"v1"}', 400,
     'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"'),
    ("unknown version", b'{"kind":"ConfigMap","apiVersion":"v2"}', 400,
     'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/runtime/scheme.go:111"'),
    ("wrong type", b'{"metadata":{"name":"a"},"data":{"x":1}}', 400,
     NOT_HANDLED + "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
    ("no name", b"{}", 422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "message"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
async def test_bodies(api: Api, body: bytes, status: int, message: str) -> None:
    before = await api.ok("GET", MAPS)
    found, answer = await api.send("POST", MAPS, body)
    assert (found, answer["message"]) == (status, message)
    assert answer["kind"] == "Status" and answer["code"] == status
    assert (await api.ok("GET", MAPS))["items"] == before["items"]


async def test_unknown_and_duplicate_fields(api: Api) -> None:
    body = b'{"metadata":{"name":"a"},"foo":1,"data":{"a":"b","a":"c"}}'
    status, answer = await api.send("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert (status, answer["message"]) == (400, NOT_HANDLED + 'strict decoding error: unknown field "foo", duplicate field "data.a"')
    await api.ok("POST", f"{MAPS}?dryRun=All", body)
    assert api.seen[-1].headers["Warning"].split("\n") == ['299 - "unknown field \\"foo\\""', '299 - "duplicate field \\"data.a\\""']
    await api.ok("POST", f"{MAPS}?fieldValidation=Ignore", body)
    assert "Warning" not in api.seen[-1].headers


async def test_content_types(api: Api) -> None:
    known = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    status, answer = await api.send("POST", MAPS, b"x", Content_Type="text/plain")
    assert (status, answer["reason"]) == (415, "UnsupportedMediaType")
    assert answer["message"] == f"the body of the request was in an unknown format - accepted media types include: {known}"
    status, answer = await api.send("PATCH", f"{MAPS}/a", b"{}", Content_Type="text/plain")
    assert (status, answer["message"]) == (415, "415: Unsupported Media Type")
    status, answer = await api.send("GET", MAPS, Accept="text/html")
    assert status == 406 and answer["message"].startswith("406: Not Acceptable\n\nAvailable representations: application/json, ")


async def test_options_of_writes(api: Api) -> None:
    status, answer = await api.send("POST", f"{MAPS}?dryRun=x&fieldValidation=foo", {"metadata": {"name": "a"}})
    assert status == 422
    assert answer["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: [dryRun: Unsupported value: ["x"]: supported values: "All", '
        'fieldValidation: Unsupported value: "foo": supported values: "", "Ignore", "Strict", "Warn"]'
    )


NOT_FOUND = (404, "the server could not find the requested resource")
NOT_ALLOWED = (405, "the server does not allow this method on the requested resource")


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "/api/v1/foo", NOT_FOUND),
        ("GET", "/apis/apps/v2/deployments", NOT_FOUND),
        ("GET", "/api/v1/pods/x", NOT_FOUND),
        ("GET", "/api/v1/namespaces/default/nodes", NOT_FOUND),
        ("GET", "/api/v1/nodes/x/foo", NOT_FOUND),
        ("GET", "/api/v2", NOT_FOUND),
        ("POST", "/api/v1/configmaps", NOT_ALLOWED),
        ("POST", f"{MAPS}/a", NOT_ALLOWED),
        ("PUT", MAPS, NOT_ALLOWED),
        ("FOO", "/api/v1/pods", NOT_ALLOWED),
        ("DELETE", "/api/v1/configmaps", NOT_ALLOWED),
        ("HEAD", "/api/v1/namespaces/default", NOT_ALLOWED),
        ("POST", "/version", NOT_ALLOWED),
    ],
)
async def test_unknown_paths_and_methods(api: Api, method: str, url: str, expected: tuple[int, str]) -> None:
    status, answer = await api.send(method, url)
    assert (status, answer["message"], answer["details"]) == (*expected, {})


@pytest.mark.parametrize("url", ["/apis/foo.bar/v1/x", "/nope", "/apis/foo", "/healthz/nope"])
async def test_paths_nobody_serves(api: Api, url: str) -> None:
    status, body = await api.send("GET", url)
    assert (status, body) == (404, b"404 page not found\n")


@pytest.mark.parametrize("depth", [200, 5_000, 50_000])
async def test_deep_nesting(api: Api, depth: int) -> None:
    body: Any = b'{"metadata":{"name":"a"},"data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    status, answer = await api.send("POST", MAPS, body)
    assert status == 400 and answer["reason"] == "BadRequest"


async def test_invalid_utf8_is_replaced(api: Api) -> None:
    created = await api.ok("POST", MAPS, b'{"metadata":{"name":"u"},"data":{"x":"\xff"}}')
    assert created["data"] == {"x": "\ufffd"}
