"""The etcd backend where things break: members and connections lost, no quorum, no space; TLS; compaction with others."""

import asyncio
import contextlib
import datetime
import ipaddress
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import etcd3
import etcd_server
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends import open_backend
from kcompat.storage.backends.etcd import EtcdBackend, Tls, connection
from kcompat.storage.interface import Backend, Compacted, Event, Revision, StorageError, Unavailable, Watch

pytestmark = pytest.mark.skipif(etcd_server.binary() is None, reason="no etcd binary: set KCOMPAT_ETCD or put etcd on PATH")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[etcd_server.EtcdServer]:
    server = etcd_server.EtcdServer(tmp_path / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def store(server: etcd_server.EtcdServer) -> AsyncIterator[Backend]:
    store = open_backend(server.endpoint, clock=SystemClock())
    await store.start()
    yield store
    await store.close()


async def events_to(watch: Watch, revision: Revision) -> list[Event]:
    events: list[Event] = []
    while True:
        batch = await asyncio.wait_for(anext(watch), 20)
        events += batch.events
        if batch.revision >= revision:
            return events


async def write_until(store: Backend, stop: asyncio.Event) -> dict[int, int]:
    """Writes numbers one by one through all trouble. Returns those acknowledged, by revision."""
    acknowledged = {}
    number = 0
    while not stop.is_set():
        number += 1
        with contextlib.suppress(Unavailable):
            acknowledged[await store.write("/n", b"%d" % number)] = number
    return acknowledged


async def test_a_watch_outlives_its_server(server: etcd_server.EtcdServer, store: Backend) -> None:
    """Three restarts during writes: every event once, in order."""
    start = await store.revision()
    watch = store.watch("/", after=start)
    stop = asyncio.Event()
    writing = asyncio.create_task(write_until(store, stop))
    events: list[Event] = []
    for _ in range(3):
        events += await events_to(watch, start + len(events) + 20)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    stop.set()
    acknowledged = await writing
    end = await store.revision()
    if not events or events[-1].revision < end:
        events += await events_to(watch, end)
    assert [event.revision for event in events] == list(range(start + 1, end + 1))
    values = {event.revision: int(event.value or b"0") for event in events}
    assert acknowledged.items() <= values.items()
    await watch.aclose()


@pytest.mark.slow
async def test_a_cluster_outlives_any_member(tmp_path: Path) -> None:
    """Each of three members is killed in turn while writes and a watch go on."""
    members = await asyncio.to_thread(etcd_server.cluster, tmp_path, 3)
    store = open_backend(",".join(member.endpoint for member in members), clock=SystemClock())
    await store.start()
    start = await store.revision()
    watch = store.watch("/", after=start)
    stop = asyncio.Event()
    writing = asyncio.create_task(write_until(store, stop))
    events: list[Event] = []
    try:
        for member in members:
            events += await events_to(watch, start + len(events) + 20)
            await asyncio.to_thread(member.kill)
            events += await events_to(watch, start + len(events) + 20)
            await asyncio.to_thread(member.start)
        stop.set()
        acknowledged = await writing
        end = await store.revision()
        if events[-1].revision < end:
            events += await events_to(watch, end)
        assert [event.revision for event in events] == list(range(start + 1, end + 1))
        assert acknowledged.items() <= {event.revision: int(event.value or b"0") for event in events}.items()
    finally:
        stop.set()
        await watch.aclose()
        await store.close()
        for member in members:
            member.kill()


@pytest.mark.slow
async def test_without_quorum_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.3)
    members = await asyncio.to_thread(etcd_server.cluster, tmp_path, 3)
    store = open_backend(",".join(member.endpoint for member in members), clock=SystemClock())
    await store.start()
    revision = await store.write("/a", b"1")
    try:
        for member in members[:2]:
            await asyncio.to_thread(member.kill)
        for call in (store.get("/a"), store.revision(), store.write("/a", b"2", expect=revision)):
            with pytest.raises(Unavailable):
                await call
        members[0].start()
        while True:
            with contextlib.suppress(Unavailable):
                item, _ = await store.get("/a")
                break
        assert item is not None and item.value in (b"1", b"2")
    finally:
        await store.close()
        for member in members:
            member.kill()


async def test_no_server_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    store = open_backend(f"http://127.0.0.1:{etcd_server.free_port()}", clock=SystemClock())
    with pytest.raises(Unavailable) as caught:
        await store.start()
    assert not caught.value.maybe_applied
    with pytest.raises(Unavailable) as caught:
        await store.write("/a", b"")
    assert not caught.value.maybe_applied
    await store.close()


async def test_a_full_database_is_unavailable(tmp_path: Path) -> None:
    server = etcd_server.EtcdServer(tmp_path / "data", "--quota-backend-bytes=2000000")
    await asyncio.to_thread(server.start)
    store = open_backend(server.endpoint, clock=SystemClock())
    await store.start()
    try:
        with pytest.raises(Unavailable, match="space exceeded") as caught:
            for number in range(5000):  # etcd measures its file every 100 ms
                await store.write(f"/{number}", b"x" * 100_000)
        assert not caught.value.maybe_applied
        assert (await store.range("/")).count == await store.revision() - 1
    finally:
        await store.close()
        server.kill()


async def test_a_value_too_large_for_etcd(store: Backend) -> None:
    with pytest.raises(StorageError, match="too large") as caught:
        await store.write("/a", b"x" * 1_600_000)
    assert not isinstance(caught.value, Unavailable)
    assert await store.write("/a", b"x") == 2


async def test_another_client_reads_what_we_write(server: etcd_server.EtcdServer, store: Backend) -> None:
    """etcd3-py shares no code with us: keys, values, revisions and leases are where etcd's own clients expect them, and the other way."""
    lease = await store.grant_lease(60)
    created = await store.write("/other/a", b"\0\xff", lease=lease)
    updated = await store.write("/other/a", b"2", lease=lease)
    watch = store.watch("/other/", after=updated)
    host, port = server.endpoint.removeprefix("http://").split(":")

    def other() -> tuple[object, ...]:
        client = etcd3.Client(host, int(port))
        [kv] = client.range("/other/", prefix=True).kvs
        client.put("/other/b", "theirs")
        client.close()
        return kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.lease

    assert await asyncio.to_thread(other) == (b"/other/a", b"2", created, updated, lease)
    assert await events_to(watch, updated + 1) == [Event("/other/b", b"theirs", updated + 1, None)]
    await watch.aclose()


async def test_servers_compact_in_turn(server: etcd_server.EtcdServer) -> None:
    """As kube-apiservers do: of two one moves the time on, the other learns of it and takes over when the first is gone."""
    first, second = EtcdBackend([server.endpoint]), EtcdBackend([server.endpoint])
    one, two = first._compaction, second._compaction

    async def is_forgotten(revision: Revision) -> bool:
        try:
            await first.get("/a", at=revision)
        except Compacted:
            return True
        return False

    seen = []
    for compaction in (one, two, one, two):
        seen.append(await first.write("/a", b""))
        await compaction.turn()
    assert [await is_forgotten(revision) for revision in seen] == [True, False, False, False]
    seen.append(await first.write("/a", b""))
    await one.turn()
    assert [await is_forgotten(revision) for revision in seen] == [True, True, True, False, False]
    await two.turn()
    await two.turn()  # the first does no more: the second goes on where it stood one interval ago
    assert [await is_forgotten(revision) for revision in seen] == [True, True, True, True, True]
    await first.close()
    await second.close()


async def test_compaction_runs_by_itself(server: etcd_server.EtcdServer) -> None:
    store = EtcdBackend([server.endpoint], compaction_interval=0.02)
    await store.start()
    old = await store.write("/a", b"1")
    await store.write("/a", b"2")
    with pytest.raises(Compacted):
        async with asyncio.timeout(10):
            while True:
                await store.get("/a", at=old)
    await store.close()


def pem(path: Path, *parts: bytes) -> str:
    path.write_bytes(b"".join(parts))
    return str(path)


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate for 127.0.0.1 that is its own authority, server's and client's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "etcd")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), today, today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Tls(pem(tmp_path / "ca.crt", certificate), pem(tmp_path / "tls.crt", certificate), pem(tmp_path / "tls.key", private))


async def test_tls_with_client_certificates(tmp_path: Path, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    options = (f"--cert-file={tls.cert_file}", f"--key-file={tls.key_file}", f"--trusted-ca-file={tls.ca_file}", "--client-cert-auth")
    server = etcd_server.EtcdServer(tmp_path / "data", *options, scheme="https")
    await asyncio.to_thread(server.start)
    good = open_backend(server.endpoint, clock=SystemClock(), ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file)
    await good.start()
    assert await good.write("/a", b"1") == 2
    await good.close()
    for endpoint, ca in ((server.endpoint, tls.ca_file), (server.endpoint, None), (server.endpoint.replace("https", "http"), None)):
        bad = open_backend(endpoint, clock=SystemClock(), ca_file=ca)
        with pytest.raises(Unavailable):
            await bad.start()
        await bad.close()
    server.kill()
