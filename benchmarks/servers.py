"""The servers that are compared, each with fresh data and default flags. Used by `benchmarks/__main__.py`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from ssl import CERT_NONE, SSLContext, create_default_context
from types import TracebackType

from conformance.tools import build

_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Processes that together serve an API. `start_seconds` is from the first process started to ready."""

    name = ""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start_seconds = 0.0

    def __enter__(self) -> Server:
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


class Upstream(Server):
    """etcd and kube-apiserver."""

    name = "upstream"

    def start(self) -> None:
        etcd, peer, port = free_port(), free_port(), free_port()
        directory = self.directory
        subprocess.run(["openssl", "genrsa", "-out", str(directory / "sa.key"), "2048"], check=True, capture_output=True)
        (directory / "tokens.csv").write_text('admin-token,admin,admin,"system:masters"\n')
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
            "--token-auth-file", str(directory / "tokens.csv"), "--disable-admission-plugins", "ServiceAccount",
        )  # fmt: skip
        _wait(f"https://127.0.0.1:{port}/readyz")


class Kcompat(Server):
    """kcompat's API server alone, on its default store, as the peer has no controllers, scheduler or nodes either."""

    name = "kcompat"
    command = "apiserver"

    def start(self) -> None:
        port = free_port()
        self.spawn(
            sys.executable, "-m", "kcompat", self.command, "--data-dir", str(self.directory / "data"), "--listen", f"127.0.0.1:{port}",
            "--write-kubeconfig", str(self.kubeconfig), "--disable-admission-plugins", "ServiceAccount",
        )  # fmt: skip
        _wait(f"https://127.0.0.1:{port}/readyz")


class KcompatUp(Kcompat):
    """kcompat with everything on: the rows on start and memory."""

    name = "kcompat (all parts)"
    command = "up"


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
