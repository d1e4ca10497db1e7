"""What the manifests are run against: kcompat over each store, and upstream's binaries with kcompat's simulated nodes.

Called by `__main__.py`. Each is a context manager that answers with the administrator's kubeconfig as a tree.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from conformance.tools import build
from kcompat.apimachinery.clock import SystemClock
from kcompat.auth.certificates import open_pki, serving_hosts
from kcompat.auth.kubeconfig import Kubeconfig

Tree = dict[str, Any]
NODES = "3"
STORES = ("memory", "sqlite", "etcd", "upstream")


class Processes:
    """Processes that log into a directory and end together."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: list[subprocess.Popen[bytes]] = []

    def spawn(self, name: str, *command: str) -> None:
        with (self._directory / f"{name}.log").open("wb") as log:
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(60)


@contextmanager
def started(store: str, directory: Path) -> Iterator[Tree]:
    """A cluster over this store, ready."""
    processes = Processes(directory)
    try:
        yield _upstream(processes, directory) if store == "upstream" else _kcompat(processes, directory, store)
    finally:
        processes.stop()


def _kcompat(processes: Processes, directory: Path, store: str) -> Tree:
    port = free_port()
    endpoint = {"memory": "memory://", "sqlite": f"sqlite://{directory}/state.db"}.get(store) or etcd(processes, directory)
    processes.spawn(
        "kcompat", sys.executable, "-m", "kcompat", "up", "--data-dir", str(directory / "data"), "--listen", f"127.0.0.1:{port}",
        "--nodes", NODES, "--datastore-endpoint", endpoint,
    )  # fmt: skip
    wait_for(f"https://127.0.0.1:{port}/readyz")
    return _read(directory / "data" / "kubeconfig")


def _upstream(processes: Processes, directory: Path) -> Tree:
    port, config = free_port(), directory / "kubeconfig"
    pki = open_pki(directory / "pki", SystemClock(), serving_hosts(hostname="localhost", service_ip="10.96.0.1"))
    at = {name: str(pki.directory / name) for name in ("ca.crt", "ca.key", "sa.key", "apiserver.crt", "apiserver.key")}
    issuer, url = "https://kubernetes.default.svc.cluster.local", f"https://127.0.0.1:{port}"
    processes.spawn(
        "kube-apiserver", str(build("kube-apiserver")), "--etcd-servers", etcd(processes, directory), "--secure-port", str(port),
        "--bind-address", "127.0.0.1", "--tls-cert-file", at["apiserver.crt"], "--tls-private-key-file", at["apiserver.key"],
        "--client-ca-file", at["ca.crt"], "--service-account-key-file", at["sa.key"], "--service-account-signing-key-file", at["sa.key"],
        "--service-account-issuer", issuer, "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "Node,RBAC",
        "--allow-privileged=true",
    )  # fmt: skip
    wait_for(f"{url}/readyz")
    Kubeconfig("upstream", url, pki.ca.certificate_pem, "admin", pki.admin()).write(config, 0o600)
    processes.spawn(
        "kube-controller-manager", str(build("kube-controller-manager")), "--kubeconfig", str(config), "--leader-elect=false",
        "--secure-port=0", "--service-account-private-key-file", at["sa.key"], "--root-ca-file", at["ca.crt"],
        "--cluster-signing-cert-file", at["ca.crt"], "--cluster-signing-key-file", at["ca.key"],
        "--use-service-account-credentials", "--allocate-node-cidrs", "--cluster-cidr", "10.244.0.0/16",
    )  # fmt: skip
    processes.spawn("kube-scheduler", str(build("kube-scheduler")), "--kubeconfig", str(config), "--leader-elect=false", "--secure-port=0")
    processes.spawn("nodes", sys.executable, "-m", "kcompat", "nodes", "--kubeconfig", str(config), "--nodes", NODES)
    return _read(config)


def _read(kubeconfig: Path) -> Tree:
    tree: Tree = yaml.safe_load(kubeconfig.read_text())
    return tree


def etcd(processes: Processes, directory: Path) -> str:
    """Its URL, when it answers."""
    url, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    processes.spawn(
        "etcd", str(build("etcd")), "--data-dir", str(directory / "etcd"), "--listen-client-urls", url, "--advertise-client-urls", url,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", "--log-level", "error",
    )  # fmt: skip
    wait_for(f"{url}/health")
    return url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, seconds: float = 60, token: str = "") -> None:
    """Until the URL answers 200, to who bears the token if one is given. Raises TimeoutError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, context=context, timeout=2):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not become ready")
