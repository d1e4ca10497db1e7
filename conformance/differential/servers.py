"""The two servers compared, started fresh with the same settings: kube-apiserver with etcd, and kcompat in process. Called by runner.py."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from conformance.tools import build

TOKENS = 'admin-token,admin,admin-uid,"system:masters"\nuser-token,bob,bob-uid\n'
_START_SECONDS = 60


@dataclass(frozen=True)
class Setup:
    """Flags in which servers differ."""

    networks: str = "10.96.0.0/16"
    ports: str = "30000-32767"
    disabled: str = "ServiceAccount"
    """An admission plugin: without controllers nobody makes service accounts."""
    privileged: bool = True
    enabled: str = ""
    """An admission plugin that is off by default."""


SETUPS = {
    "": Setup(),
    "accounts": Setup(disabled=""),
    "alone": Setup(),
    "dual": Setup(networks="10.96.0.0/16,fd00:96::/112"),
    "confined": Setup(privileged=False),
    "nodes": Setup(enabled="NodeRestriction"),
    "small": Setup(networks="10.96.0.0/29", ports="30000-30003"),
}


@asynccontextmanager
async def etcd() -> AsyncIterator[str]:
    """The URL of an etcd of its own, empty."""
    program = build("etcd")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        client, peer = (f"http://127.0.0.1:{port}" for port in _free_ports(2))
        process = _start(
            place / "etcd.log", program, "--data-dir", place / "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--unsafe-no-fsync",
        )  # fmt: skip
        try:
            await _ready(f"{client}/health")
            yield client
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def upstream(store: str = "", setup: str = "", coverage: Path | None = None) -> AsyncIterator[str]:
    """The URL of a kube-apiserver of its own: nothing but what it makes itself is in it. `store`: its etcd (default: one of its own).

    `coverage`: where it leaves what of its code it ran; it is ended gently then.
    """
    if not store:
        async with etcd() as own, upstream(own, setup, coverage) as url:
            yield url
        return
    flags = SETUPS[setup]
    apiserver = build("kube-apiserver-cover" if coverage else "kube-apiserver")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "tokens.csv").write_text(TOKENS)
        subprocess.run(["openssl", "genrsa", "-out", place / "sa.key", "2048"], check=True, capture_output=True)
        (secure,) = _free_ports(1)
        process = _start(
            place / "apiserver.log", apiserver, "--etcd-servers", store, "--secure-port", secure, "--bind-address", "127.0.0.1",
            "--cert-dir", place / "certs", "--service-account-key-file", place / "sa.key",
            "--service-account-signing-key-file", place / "sa.key", "--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range", flags.networks, "--service-node-port-range", flags.ports, "--authorization-mode", "Node,RBAC",
            "--token-auth-file", place / "tokens.csv", f"--allow-privileged={str(flags.privileged).lower()}", "--enable-admission-plugins", flags.enabled,
            *(("--disable-admission-plugins", flags.disabled) if flags.disabled else ()), GOCOVERDIR=coverage or "",
        )  # fmt: skip
        try:
            url = f"https://127.0.0.1:{secure}"
            await _ready(f"{url}/readyz")
            yield url
        finally:
            process.send_signal(signal.SIGTERM if coverage else signal.SIGKILL)
            process.wait()


@asynccontextmanager
async def kcompat(store: str = "memory://", setup: str = "") -> AsyncIterator[str]:
    """The URL of a kcompat in this process, with the same flags."""
    from kcompat.cluster import ControlPlane
    from kcompat.config import Settings

    flags = SETUPS[setup]
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "tokens.csv").write_text(TOKENS)
        settings = Settings(
            token_auth_file=str(place / "tokens.csv"),
            listen="127.0.0.1:0",
            data_dir=directory,
            datastore_endpoint=store,
            disable=("controllers", "scheduler", "nodes"),
            disable_admission_plugins=(flags.disabled,) if flags.disabled else (),
            enable_admission_plugins=(flags.enabled,) if flags.enabled else (),
            service_cluster_ip_range=flags.networks,
            allow_privileged=flags.privileged,
            service_node_port_range=flags.ports,
        )
        control_plane = ControlPlane(settings)
        await control_plane.start()
        try:
            yield f"https://127.0.0.1:{control_plane.listener.port}"
        finally:
            await control_plane.stop()


def _start(log: Path, *command: str | Path | int, **environment: str | Path) -> subprocess.Popen[bytes]:
    variables = os.environ | {"GOMAXPROCS": "2"} | {name: str(value) for name, value in environment.items()}
    with log.open("wb") as output:
        return subprocess.Popen([str(part) for part in command], stdout=output, stderr=output, env=variables)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
        for _ in range(_START_SECONDS * 5):
            with suppress(aiohttp.ClientError):
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise RuntimeError(f"{url} did not become ready")
