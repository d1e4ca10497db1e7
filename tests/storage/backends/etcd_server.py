"""Real etcd servers for tests: found by KCOMPAT_ETCD, on PATH or where `make` builds it."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

FAST = ("--heartbeat-interval=10", "--election-timeout=100")
"""Elections within a fraction of a second, and leases of one second (etcd's minimum follows the election timeout)."""


def binary() -> str | None:
    """The etcd binary, None when there is none."""
    built = Path.home() / ".cache/kcompat/bin/etcd"
    return os.environ.get("KCOMPAT_ETCD") or shutil.which("etcd") or (str(built) if built.exists() else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EtcdServer:
    """One member. Its data stays when it is killed, and it comes back at the same address."""

    def __init__(self, data: Path, *options: str, name: str = "default", fsync: bool = False, scheme: str = "http") -> None:
        self.name = name
        self.data = data
        self.endpoint = f"{scheme}://127.0.0.1:{free_port()}"
        self.health = f"http://127.0.0.1:{free_port()}"
        self.peer = f"http://127.0.0.1:{free_port()}"
        self.cluster = f"{name}={self.peer}"
        self._options = (*FAST, *options, *(() if fsync else ("--unsafe-no-fsync",)))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        etcd = binary()
        assert etcd is not None
        command = [
            etcd, "--name", self.name, "--data-dir", str(self.data), "--initial-cluster", self.cluster, "--log-level", "fatal",
            "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
            "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer, "--listen-metrics-urls", self.health,
            *self._options,
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            self.wait()

    def wait(self, seconds: float = 30) -> None:
        """Until the member serves linearizable reads."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{self.health}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
            assert self._process is not None and self._process.poll() is None, "etcd exited"
            time.sleep(0.02)
        raise TimeoutError("etcd did not become healthy")

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def cluster(directory: Path, members: int) -> list[EtcdServer]:
    """Members that form one cluster, started."""
    servers = [EtcdServer(directory / f"m{number}", name=f"m{number}") for number in range(members)]
    everybody = ",".join(server.cluster for server in servers)
    for server in servers:
        server.cluster = everybody
        server.start(wait=False)
    for server in servers:
        server.wait()
    return servers
