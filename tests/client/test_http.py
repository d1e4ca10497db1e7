"""The HTTP transport against a real server on a real socket, and kubeconfig files."""

from __future__ import annotations

import asyncio
import base64

import orjson
import pytest
import yaml
from aiohttp import web

from kcompat.apimachinery.errors import StatusError
from kcompat.client import kubeconfig
from kcompat.client.client import Client
from kcompat.client.http import HttpTransport
from kcompat.client.kubeconfig import Connection, KubeconfigError
from kcompat.client.resources import PODS


class Server:
    """Answers as told, remembers the requests."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.answers: list[web.Response] = []
        self.lines: list[bytes] = []
        self.connections: set[object] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        self.connections.add(request.transport)
        if request.query.get("watch"):
            stream = web.StreamResponse()
            await stream.prepare(request)
            for line in self.lines:
                await stream.write(line)
            return stream
        return self.answers.pop(0) if self.answers else web.json_response({"kind": "Pod", "metadata": {"name": "p"}})


@pytest.fixture
async def server():
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def transport(server):
    transport = HttpTransport(Connection(server.url, token="secret"))
    yield transport
    await transport.close()


async def test_requests(server, transport):
    pods = Client(transport, "me").of(PODS)
    assert (await pods.get("p", "shop"))["metadata"]["name"] == "p"
    await pods.patch("p", {"a": 1}, "shop")
    get, patch = server.seen
    assert get.headers["Authorization"] == "Bearer secret" and get.headers["User-Agent"].startswith("kcompat/v")
    assert get.headers["Accept"] == "application/json" and "Content-Type" not in get.headers
    assert (patch.method, patch.path, patch.query_string) == ("PATCH", "/api/v1/namespaces/shop/pods/p", "fieldManager=me")
    assert patch.headers["Content-Type"] == "application/merge-patch+json" and orjson.loads(server.bodies[1]) == {"a": 1}
    assert len(server.connections) == 1


async def test_status_bodies_become_errors(server, transport):
    status = {"kind": "Status", "status": "Failure", "reason": "NotFound", "message": 'pods "p" not found', "details": {"kind": "pods"}}
    server.answers = [web.json_response({**status, "code": 404}, status=404), web.Response(status=502, text="bad gateway")]
    pods = Client(transport).of(PODS)
    with pytest.raises(StatusError) as raised:
        await pods.get("p", "shop")
    assert (raised.value.code, raised.value.reason, str(raised.value)) == (404, "NotFound", 'pods "p" not found')
    with pytest.raises(StatusError) as raised:
        await pods.get("p", "shop")
    assert raised.value.code == 502 and raised.value.details["causes"][0]["message"] == "bad gateway"


async def test_a_busy_server_is_asked_again(server, transport):
    server.answers = [web.Response(status=429, headers={"Retry-After": "0"}), web.Response(status=503, headers={"Retry-After": "0"})]
    await Client(transport).of(PODS).get("p", "shop")
    assert len(server.seen) == 3


async def test_watch_lines_may_come_in_any_pieces(server, transport):
    events = [{"type": "ADDED", "object": {"metadata": {"name": f"p{i}", "x": "y" * 100_000}}} for i in range(3)]
    whole = b"".join(orjson.dumps(event) + b"\n" for event in events)
    server.lines = [whole[:7], whole[7:150_000], whole[150_000:]]
    names = [event.object["metadata"]["name"] async for event in Client(transport).of(PODS).watch()]
    assert names == ["p0", "p1", "p2"]


async def test_watch_errors_are_raised(server, transport):
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    server.lines = [orjson.dumps(gone) + b"\n"]
    with pytest.raises(StatusError) as raised:
        _ = [event async for event in Client(transport).of(PODS).watch()]
    assert raised.value.code == 410


async def test_metadata_only_asks_for_it_and_shares_the_connection(server, transport):
    pods = Client(transport).metadata_only().of(PODS)
    await pods.get("p", "shop")
    await pods.list("shop")
    asked = [request.headers["Accept"].split(";")[1] for request in server.seen]
    assert asked == ["as=PartialObjectMetadata", "as=PartialObjectMetadataList"]
    assert len(server.connections) == 1


async def test_an_unreachable_server_is_a_connection_error():
    transport = HttpTransport(Connection("http://127.0.0.1:1"))
    with pytest.raises(ConnectionError):
        await Client(transport).of(PODS).get("p", "shop")
    await transport.close()


async def test_a_token_file_is_read_again(server, tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    transport = HttpTransport(Connection(server.url, token_file=str(file)))
    pods = Client(transport).of(PODS)
    await pods.get("p", "shop")
    file.write_text("two\n")
    await pods.get("p", "shop")
    transport._pool._token_until = asyncio.get_running_loop().time()
    await pods.get("p", "shop")
    assert [request.headers["Authorization"] for request in server.seen] == ["Bearer one", "Bearer one", "Bearer two"]
    await transport.close()


def config(**user: object) -> dict:
    return {
        "current-context": "c",
        "contexts": [
            {"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "shop"}},
            {"name": "bad", "context": {"cluster": "?"}},
        ],
        "clusters": [{"name": "k", "cluster": {"server": "https://k:6443/", "certificate-authority": "ca.pem"}}],
        "users": [{"name": "u", "user": user}],
    }


def test_kubeconfig(tmp_path):
    (tmp_path / "ca.pem").write_text("CA")
    file = tmp_path / "config"
    key = base64.b64encode(b"KEY").decode()
    file.write_text(yaml.safe_dump(config(**{"client-key-data": key, "as": "bob", "as-groups": ["a", "b"]})))
    found = kubeconfig.load(file)
    assert (found.server, found.namespace, found.ca, found.key) == ("https://k:6443", "shop", b"CA", b"KEY")
    assert found.impersonate == (("Impersonate-User", "bob"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))


def test_kubeconfig_refusals(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("CA")
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config(exec={"command": "x"})))
    with pytest.raises(KubeconfigError, match="exec"):
        kubeconfig.load(file)
    with pytest.raises(KubeconfigError, match="does not exist"):
        kubeconfig.load(file, "bad")
    with pytest.raises(KubeconfigError, match="does not exist"):
        kubeconfig.load(file, "missing")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(KubeconfigError, match="no configuration"):
        kubeconfig.load()


def test_the_first_of_several_files_wins(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("CA")
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(yaml.safe_dump({"users": [{"name": "u", "user": {"token": "first"}}]}))
    two.write_text(yaml.safe_dump(config(token="second")))
    monkeypatch.setenv("KUBECONFIG", f"{one}:{two}:{tmp_path / 'missing'}")
    assert kubeconfig.load().token == "first"
