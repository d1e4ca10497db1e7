"""Input that no client library would send, over the real socket: upstream's answer, nothing stored, the server alive.

The answers are those of a kube-apiserver 1.37.1, but where a comment says otherwise.
"""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connections import Api, client_context
from cryptography import x509
from processes import Server, start

from kcompat.auth.certificates import KeyPair, issue_client, load_private_key, new_authority

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
JSON = b"Content-Type: application/json\r\n"
REFUSED = (400, "400 Bad Request")
NOT_ALLOWED = (405, "the server does not allow this method on the requested resource")
TOO_LARGE = (413, "Request entity too large: limit is 3145728")
HEADERS_TOO_LARGE = (431, "431 Request Header Fields Too Large")
NO_RESOURCE = (404, "the server could not find the requested resource")
NO_PAGE = (404, "404 page not found\n")


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that works on six requests at a time, but for those of administrators and its own."""
    directory = tmp_path_factory.mktemp("bad-input") / "cluster"
    tokens = directory.parent / "tokens.csv"
    tokens.write_text("hasty-token,hasty,hasty-uid\n")
    few = ("--max-requests-inflight", "3", "--max-mutating-requests-inflight", "3")
    running = start(directory, "--nodes", "0", "--token-auth-file", str(tokens), *few)
    while not names(Api(running.kubeconfig)):  # the controllers' own, which patches are tried on
        time.sleep(0.05)
    yield running
    running.stop()


@pytest.fixture
def api(limited: Server) -> Iterator[Api]:
    """After each test the server lives and has stored nothing."""
    api = Api(limited.kubeconfig)
    before = names(api)
    yield api
    assert api.request("GET", "/livez") == (200, {"text": "ok"})
    assert names(api) == before
    assert limited.process.poll() is None


def names(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in api.get(CONFIG_MAPS)["items"]}


def request(line: str, headers: bytes = b"", body: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return line.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + length + b"\r\n" + body


def exchange(connection: socket.socket, sent: bytes, *, answers: int = 1) -> bytes:
    """What is answered, until so many answers are complete or the connection ends; the server may stop listening half-way."""
    received = b""
    with suppress(OSError):
        connection.sendall(sent)
    with suppress(ConnectionError, ssl.SSLError):
        while not is_complete(received, answers) and (chunk := connection.recv(1 << 16)):
            received += chunk
    return received


def is_complete(received: bytes, answers: int) -> bool:
    """Only the first answer's length is looked at; the others end with the connection."""
    head, blank, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return answers == 1 and bool(blank) and length is not None and len(body) >= int(length[1])


def told(answer: bytes) -> tuple[int, str]:
    """The status, and the message of a Status or else the text."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if b"application/json" not in head:
        return status, body.decode("utf-8", "replace")
    document = json.loads(body)
    assert document["kind"] == "Status" and document["code"] == status and document["status"] == "Failure", document
    return status, document["message"]


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def config_map(data: bytes) -> bytes:
    return b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":' + data + b"}}"


UNREADABLE: dict[str, tuple[bytes, tuple[int, str]]] = {
    "noise": (b"\x00\x01\x02noise\r\n\r\n", REFUSED),
    "one word": (b"GET\r\n\r\n", REFUSED),
    "no version": (b"GET /\r\n\r\n", REFUSED),
    "three words": (b"GET / x HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED),
    "space in the path": (request(f"GET {CONFIG_MAPS}/a b"), REFUSED),
    "version 9.9": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (505, "505 HTTP Version Not Supported: unsupported protocol version")),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", (400, "400 Bad Request: missing required Host header")),
    "two hosts": (request("GET /livez", b"Host: y\r\n"), REFUSED),
    "method that is no word": (request("G(T /livez"), REFUSED),
    "header without colon": (request("GET /livez", b"nothing\r\n"), REFUSED),
    "control character": (request("GET /livez", b"X: a\x01b\r\n"), REFUSED),
    "NUL in a header": (request("GET /livez", b"X: a\x00b\r\n"), REFUSED),
    "two lengths": (request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n"), REFUSED),
    "length in letters": (request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: abc\r\n"), REFUSED),
    "negative length": (request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: -1\r\n"), REFUSED),
    # upstream reads the chunks and ignores the length
    "length and chunks": (
        request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
        REFUSED,
    ),
    "percent and letters": (request("GET /api/%zz"), REFUSED),
    "a line of 2 MB": (request("GET /livez?" + "a" * 2_000_000), HEADERS_TOO_LARGE),
    "a header of 2 MB": (request("GET /livez", b"X: " + b"a" * 2_000_000 + b"\r\n"), HEADERS_TOO_LARGE),
    "headers of 2 MB": (request("GET /livez", b"".join(b"X-%d: %b\r\n" % (i, b"a" * 1000) for i in range(2000))), HEADERS_TOO_LARGE),
    # upstream takes the preface for a request of method PRI, which nobody may
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", REFUSED),
}

ROUTED: dict[str, tuple[bytes, tuple[int, str]]] = {
    "unknown method": (request("BREW /api/v1/namespaces"), NOT_ALLOWED),
    "known method": (request("PROPFIND /api/v1/namespaces"), NOT_ALLOWED),
    "method for another path": (request(f"PUT {CONFIG_MAPS}", JSON, b"{}"), NOT_ALLOWED),
    "unknown resource": (request("GET /api/v1/nonsense"), NO_RESOURCE),
    "unknown version": (request("GET /api/v9/pods"), NO_RESOURCE),
    "unknown group": (request("GET /apis/nonsense/v1/pods"), NO_PAGE),
    "unknown subresource": (request("GET /api/v1/namespaces/default/pods/a/nonsense"), NO_RESOURCE),
    "unknown page": (request("GET /nonsense"), NO_PAGE),
    "way up": (request("GET /api/v1/../../livez"), NO_RESOURCE),
    "two slashes at the front": (request("GET //api/v1/namespaces"), NO_PAGE),
    "two slashes within": (request("GET /api/v1//namespaces"), NO_RESOURCE),
    "NUL in the path": (request("GET /api/v1/namespaces/%00"), (404, 'namespaces "\\x00" not found')),
}

UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "
NO_KIND = UNRECOGNIZED + "couldn't get version/kind; json parse error: "
YAML = b"Content-Type: application/yaml\r\n"
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%b]\n" % (98 + level, 98 + level, b",".join([b"*%c" % (97 + level)] * 9)) for level in range(8)
)

BODIES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "10 MB": (request(f"POST {CONFIG_MAPS}", JSON, config_map(b'"' + b"x" * 10_000_000 + b'"')), TOO_LARGE),
    "10 MB in chunks": (
        request(f"POST {CONFIG_MAPS}", JSON + b"Transfer-Encoding: chunked\r\n") + chunked(config_map(b'"' + b"x" * 10_000_000 + b'"')),
        TOO_LARGE,
    ),
    "10 MB announced": (request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: 10000000\r\n"), TOO_LARGE),
    "10 MB announced, waiting": (
        request(f"POST {CONFIG_MAPS}", JSON + b"Content-Length: 10000000\r\nExpect: 100-continue\r\n"), TOO_LARGE,
    ),
    "deep object": (
        request(f"POST {CONFIG_MAPS}", JSON, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        (400, NO_KIND + "invalid character '{' exceeded max depth (" + '{"a":' * 6 + " ...)"),
    ),
    "deep list": (
        request(f"POST {CONFIG_MAPS}", JSON, b"[" * 100_000 + b"]" * 100_000),
        (400, NO_KIND + "invalid character '[' exceeded max depth (" + "5b" * 30 + " ...)"),
    ),
    "deep YAML": (
        request(f"POST {CONFIG_MAPS}", YAML, b"[" * 20_000 + b"]" * 20_000),
        (400, UNRECOGNIZED + "yaml: exceeded max depth of 10000 (" + "5b" * 30 + " ...)"),
    ),
    "YAML bomb": (
        request(f"POST {CONFIG_MAPS}", YAML, BOMB),
        (400, f"{UNRECOGNIZED}yaml: document contains excessive aliasing ({BOMB[:30].hex()} ...)"),
    ),
    "deep delete options": (
        request(f"DELETE {CONFIG_MAPS}/a", JSON, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        (400, "couldn't get version/kind; json parse error: invalid character '{' exceeded max depth"),
    ),
    "UTF-16": (
        request(f"POST {CONFIG_MAPS}", JSON, "{}".encode("utf-16")),
        (400, NO_KIND + "invalid character 'ÿ' looking for beginning of value (fffe7b007d00)"),
    ),
    "byte order mark": (
        request(f"POST {CONFIG_MAPS}", JSON, b"\xef\xbb\xbf{}"),
        (400, NO_KIND + "invalid character 'ï' looking for beginning of value (efbbbf7b7d)"),
    ),
    "NULs": (
        request(f"POST {CONFIG_MAPS}", JSON, bytes(4)),
        (400, NO_KIND + "invalid character '\\x00' looking for beginning of value (00000000)"),
    ),
    "compressed": (
        request(f"POST {CONFIG_MAPS}", JSON + b"Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\x00"),
        (400, NO_KIND + "invalid character '\\x1f' looking for beginning of value (1f8b0800)"),
    ),
    "plain text": (
        request(f"POST {CONFIG_MAPS}", b"Content-Type: text/plain\r\n", b"hello"),
        (415, "the body of the request was in an unknown format - accepted media types include: "
              "application/json, application/yaml, application/vnd.kubernetes.protobuf"),
    ),
    "duplicate keys": (
        request(f"POST {CONFIG_MAPS}?fieldValidation=Strict", JSON, config_map(b'"1","a":"2"')),
        (400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"'),
    ),
}  # fmt: skip


CASES = UNREADABLE | ROUTED | BODIES


@pytest.mark.parametrize(("sent", "expected"), CASES.values(), ids=CASES)
def test_answers(api: Api, sent: bytes, expected: tuple[int, str]) -> None:
    with api.tls() as connection:
        assert told(exchange(connection, sent)) == expected


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch", "json-patch"])
def test_deep_patches(api: Api, kind: str) -> None:
    """Upstream reads ten thousand levels, in up to minutes; here a patch that calls of Python cannot follow is refused."""
    deep = b'{"data":' * 9_000 + b"1" + b"}" * 9_000
    body = b'[{"op":"add","path":"/data","value":%b}]' % deep if kind == "json-patch" else deep
    with api.tls() as connection:
        sent = request(f"PATCH {CONFIG_MAPS}/kube-root-ca.crt", b"Content-Type: application/%b+json\r\n" % kind.encode(), body)
        assert told(exchange(connection, sent))[0] in (400, 422)


@pytest.mark.parametrize("body", [b'{"kind":', b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"cut"}}'], ids=["cut", "whole"])
def test_connections_that_end_within_a_body(api: Api, body: bytes) -> None:
    """The second body could be stored, had the length not announced more."""
    for headers, sent in (
        (b"Content-Length: 1000\r\n", body),
        (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n" % (len(body), body)),
    ):
        with api.tls() as connection:
            connection.sendall(request(f"POST {CONFIG_MAPS}", JSON + headers) + sent)
            connection.shutdown(socket.SHUT_RDWR)


def test_long_headers_are_fine(api: Api) -> None:
    with api.tls() as connection:
        many = b"".join(b"X-%d: a\r\n" % number for number in range(5000))
        answer = exchange(connection, request("GET /livez?a=" + "a" * 200_000, b"X: " + b"a" * 500_000 + b"\r\n" + many))
    assert told(answer) == (200, "ok")


def test_pipelined_requests_are_answered_in_order(api: Api) -> None:
    paths = ["/livez", "/nonsense", "/readyz", f"{CONFIG_MAPS}/none", "/version"] * 20
    sent = b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths) + request("GET /none")
    with api.tls() as connection:
        answers = exchange(connection, sent, answers=len(paths) + 1)
    statuses = re.findall(rb"HTTP/1\.[01] (\d+) ", answers)
    assert statuses == [b"200", b"404", b"200", b"404", b"200"] * 20 + [b"404"]


def test_plain_http(api: Api) -> None:
    with socket.create_connection((api.host, api.port)) as connection:
        answer = exchange(connection, request("GET /livez"))
    assert told(answer) == (400, "Client sent an HTTP request to an HTTPS server.\n")


def test_silent_connections_do_no_harm(api: Api) -> None:
    """A thousand that say nothing, a hundred after their handshake, a hundred within a request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    open_connections: list[socket.socket] = []
    try:
        open_connections += [socket.create_connection((api.host, api.port)) for _ in range(1000)]
        open_connections += [api.tls() for _ in range(200)]
        for connection in open_connections[1100:]:
            connection.sendall(f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nContent-".encode())
        assert api.request("GET", "/livez")[0] == 200
        assert api.request("GET", CONFIG_MAPS)[0] == 200
    finally:
        for connection in open_connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FLOW_CONTROL = "/apis/flowcontrol.apiserver.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
HASTY = JSON + b"Authorization: Bearer hasty-token\r\n"


def test_overload_is_told_and_health_still_answers(api: Api) -> None:
    """A user whose priority level lets nobody wait takes all its seats, and then one more."""
    level = {"type": "Limited", "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}}
    api.request("POST", f"{FLOW_CONTROL}/prioritylevelconfigurations", {"metadata": {"name": "hasty"}, "spec": level})
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    rules = [{"subjects": [{"kind": "User", "user": {"name": "hasty"}}], "resourceRules": [everything]}]
    spec = {"priorityLevelConfiguration": {"name": "hasty"}, "matchingPrecedence": 10, "rules": rules}
    assert api.request("POST", f"{FLOW_CONTROL}/flowschemas", {"metadata": {"name": "hasty"}, "spec": spec})[0] == 201
    slow: list[socket.socket] = []
    answer = b"HTTP/1.1 100 "
    try:
        while answer.startswith(b"HTTP/1.1 100 "):  # it waits for the body
            slow.append(connection := api.tls(client_context(api.authority)))
            assert len(slow) < 10
            connection.sendall(request(f"POST {REVIEWS}", HASTY + b"Content-Length: 100\r\nExpect: 100-continue\r\n"))
            answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 429 ") and b"\r\nRetry-After: 1\r\n" in answer
        assert b"X-Kubernetes-PF-FlowSchema-UID: " in answer
        for path in ("/livez", "/readyz", CONFIG_MAPS):
            assert api.request("GET", path)[0] == 200
    finally:
        for connection in slow:
            connection.close()


def test_certificates_of_others(api: Api, limited: Server) -> None:
    """Upstream lets the handshake pass and answers 401; ours ends it, as Python's TLS checks what it is shown."""
    authority = KeyPair(
        x509.load_pem_x509_certificate((limited.directory / "pki" / "ca.crt").read_bytes()),
        load_private_key((limited.directory / "pki" / "ca.key").read_bytes()),
    )
    now = datetime.now(UTC)
    stranger = issue_client(new_authority("kubernetes", now), now, "admin", ["system:masters"])
    expired = issue_client(authority, now - timedelta(days=400), "admin", ["system:masters"])
    for pair in (stranger, expired):
        with pytest.raises((ssl.SSLError, ConnectionError)), api.tls(shown(api, pair, limited.directory)) as connection:
            connection.sendall(request(f"GET {CONFIG_MAPS}"))
            if not connection.recv(100):
                raise ConnectionError("the server ended it")
    with api.tls(client_context(api.authority)) as connection:
        assert told(exchange(connection, request(f"GET {CONFIG_MAPS}")))[0] == 403
    with api.tls(client_context(api.authority)) as connection:
        assert told(exchange(connection, request(f"GET {CONFIG_MAPS}", b"Authorization: Bearer nonsense\r\n"))) == (401, "Unauthorized")


def shown(api: Api, pair: KeyPair, directory: Path) -> ssl.SSLContext:
    context = client_context(api.authority)
    file = directory / "shown.pem"
    file.write_bytes(pair.certificate_pem + pair.key_pem)
    context.load_cert_chain(str(file))
    return context


def resident_memory(process: Any) -> int:
    """Bytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_watchers_that_never_read_cost_little(limited: Server) -> None:
    """150 MB of events for each of ten watchers who take none of them."""
    api = Api(limited.kubeconfig)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": "x" * 1_000_000}}
    deaf = []
    connection = api.connection()
    try:
        assert api.request("POST", CONFIG_MAPS, body, connection)[0] == 201
        for _ in range(10):
            watcher = api.tls()
            watcher.sendall(f"GET {CONFIG_MAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert watcher.recv(15) == b"HTTP/1.1 200 OK"
            deaf.append(watcher)
        before = resident_memory(limited.process)
        for number in range(150):
            body["data"] = {"a": f"{number:06}" + "x" * 1_000_000}
            assert api.request("PUT", f"{CONFIG_MAPS}/large", body, connection)[0] == 200
        assert resident_memory(limited.process) - before < 250_000_000
        assert api.request("GET", "/livez")[0] == 200
    finally:
        for watcher in deaf:
            watcher.close()
        api.request("DELETE", f"{CONFIG_MAPS}/large", None, connection)
        connection.close()
