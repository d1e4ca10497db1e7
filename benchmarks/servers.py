"""The servers that are compared, each with fresh data and default flags. Used by `benchmarks/__main__.py`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from ssl import CERT_NONE, SSLContext, create_default_context
from types import TracebackType

from benchmarks.results import Measurement
from conformance.tools import build

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE_SECONDS = 0.1
"""CPU of a second in which nothing is asked of the servers."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Processes that together serve an API. `start_seconds` is from the first process started to ready."""

    disabled_admission = ("ServiceAccount",)
    """Where no controller makes service accounts, no pod can have one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start_seconds = 0.0

    def __enter__(self) -> Server:
        self.prepare()
        started = time.monotonic()
        self.start()
        self.start_seconds = time.monotonic() - started
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def prepare(self) -> None:
        """What a server needs that no start makes."""

    def start(self) -> None:
        raise NotImplementedError

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self.directory / f"{Path(command[0]).name}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def cpu(self) -> float:
        """Seconds of user and system time of all processes so far."""
        total = 0
        for process in self.processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def memory(self) -> float:
        """Resident MiB of all processes."""
        pages = sum(int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) for process in self.processes)
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def settle(self) -> None:
        """Until the processes do next to nothing, 30 s at most."""
        for _ in range(30):
            before = self.cpu()
            time.sleep(1)
            if self.cpu() - before < _IDLE_SECONDS:
                return

    def idle(self) -> Measurement:
        """How long the start took and what it cost, and the memory once it has settled."""
        started = self.cpu()
        self.settle()
        return Measurement(1, self.start_seconds, started, self.memory(), os.getloadavg()[0])


class Upstream(Server):
    """etcd and kube-apiserver."""

    def prepare(self) -> None:
        subprocess.run(["openssl", "genrsa", "-out", str(self.directory / "sa.key"), "2048"], check=True, capture_output=True)
        (self.directory / "tokens.csv").write_text('admin-token,admin,admin,"system:masters"\n')

    def start(self) -> None:
        etcd, peer, port = free_port(), free_port(), free_port()
        directory = self.directory
        self.kubeconfig.write_text(_KUBECONFIG.format(port=port))
        url, peers = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
        self.spawn(
            str(build("etcd")), "--data-dir", str(directory / "etcd"), "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}", "--log-level", "error",
        )  # fmt: skip
        self.spawn(
            str(build("kube-apiserver")), "--etcd-servers", url, "--secure-port", str(port), "--bind-address", "127.0.0.1",
            "--cert-dir", str(directory / "certs"), "--service-account-key-file", str(directory / "sa.key"),
            "--service-account-signing-key-file", str(directory / "sa.key"), "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "Node,RBAC",
            "--token-auth-file", str(directory / "tokens.csv"), *_disabling(self.disabled_admission),
        )  # fmt: skip
        _wait(f"https://127.0.0.1:{port}/readyz")


class UpstreamScheduling(Upstream):
    """With kube-scheduler, its client's limit of requests a second lifted, as kcompat has none."""

    def start(self) -> None:
        super().start()
        self.spawn(
            str(build("kube-scheduler")), "--kubeconfig", str(self.kubeconfig), "--leader-elect=false", "--secure-port", "0", *_UNLIMITED
        )


class UpstreamAll(UpstreamScheduling):
    """With kube-controller-manager as well."""

    disabled_admission = ()

    def start(self) -> None:
        super().start()
        self.spawn(
            str(build("kube-controller-manager")), "--kubeconfig", str(self.kubeconfig), "--leader-elect=false", "--secure-port", "0",
            "--service-account-private-key-file", str(self.directory / "sa.key"), *_UNLIMITED,
        )  # fmt: skip


class Kcompat(Server):
    """kcompat's API server alone, on its default store, as the peer has no controllers, scheduler or nodes either."""

    command: tuple[str, ...] = ("apiserver",)

    def start(self) -> None:
        port = free_port()
        self.spawn(
            sys.executable, "-m", "kcompat", *self.command, "--data-dir", str(self.directory / "data"), "--listen", f"127.0.0.1:{port}",
            "--write-kubeconfig", str(self.kubeconfig), *_disabling(self.disabled_admission),
        )  # fmt: skip
        _wait(f"https://127.0.0.1:{port}/readyz")


class KcompatScheduling(Kcompat):
    command = ("up", "--disable", "controllers,nodes")


class KcompatAll(Kcompat):
    """With everything on, and as many simulated nodes as the peer has Node objects."""

    command = ("up", "--nodes", "100")
    disabled_admission = ()


class KcompatStart(Kcompat):
    """With everything on as it comes: the rows on start and memory."""

    command = ("up",)
    disabled_admission = ()


SETS: Mapping[str, Mapping[str, type[Server]]] = {
    "api": {"upstream": Upstream, "kcompat": Kcompat},
    "scheduling": {"upstream": UpstreamScheduling, "kcompat": KcompatScheduling},
    "all": {"upstream": UpstreamAll, "kcompat": KcompatAll},
    "start": {"upstream": UpstreamAll, "kcompat": KcompatStart},
}
"""What is compared with what. In all sets upstream is first ready when its API server is: its other parts are not waited for."""

_UNLIMITED = ("--kube-api-qps", "10000", "--kube-api-burst", "10000")


def _disabling(plugins: Sequence[str]) -> list[str]:
    return ["--disable-admission-plugins", ",".join(plugins)] if plugins else []


_KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: u, user: {{token: admin-token}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
current-context: c
"""


def _wait(url: str, seconds: float = 60) -> None:
    """Until the URL answers 200. Raises TimeoutError."""
    context: SSLContext = create_default_context()
    context.check_hostname, context.verify_mode = False, CERT_NONE
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, context=context, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.02)
    raise TimeoutError(f"{url} did not become ready")
