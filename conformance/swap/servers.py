"""Starts the parts of a cluster, upstream's and ours, in any mixture. Called by `__main__.py` and `storage.py`; `conformance.clients` starts kcompat with it."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from conformance.tools import build

NODES = 2


class Parts:
    """Processes over one directory, ended together. Kubeconfigs and keys are made as the API servers start."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def stop(self, name: str) -> None:
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def dead(self) -> list[str]:
        """Parts that ended by themselves."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def etcd(self) -> str:
        """A fresh etcd's URL."""
        url, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self._spawn(
            "etcd", str(build("etcd")), "--data-dir", str(self.directory / "etcd"), "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", "--log-level", "error",
            "--unsafe-no-fsync",
        )  # fmt: skip
        ready(f"{url}/health")
        return url

    def kcompat(self, *arguments: str) -> Path:
        """`kcompat up` with these arguments; the administrator's kubeconfig."""
        port = free_port()
        data, config = self.directory / "data", self.directory / "data" / "kubeconfig"
        self._kcompat("kcompat", "up", "--data-dir", str(data), "--listen", f"127.0.0.1:{port}", *arguments)
        ready(f"https://127.0.0.1:{port}/readyz")
        return config

    def kube_apiserver(self, etcd: str) -> Path:
        """Upstream's API server with its default flags; the administrator's kubeconfig."""
        port, directory = free_port(), self.directory
        self.make_keys()
        (directory / "tokens.csv").write_text('admin-token,admin,admin,"system:masters"\n')
        certificate, key = directory / "pki" / "serving.crt", directory / "pki" / "serving.key"
        self._spawn(
            "kube-apiserver", str(build("kube-apiserver")), "--etcd-servers", etcd, "--secure-port", str(port), "--bind-address", "127.0.0.1",
            "--tls-cert-file", str(certificate), "--tls-private-key-file", str(key), "--client-ca-file", str(directory / "pki" / "ca.crt"),
            "--service-account-key-file", str(directory / "pki" / "sa.key"), "--service-account-signing-key-file", str(directory / "pki" / "sa.key"),
            "--service-account-issuer", "https://kubernetes.default.svc.cluster.local", "--service-cluster-ip-range", "10.96.0.0/16",
            "--authorization-mode", "Node,RBAC", "--token-auth-file", str(directory / "tokens.csv"),
        )  # fmt: skip
        ready(f"https://127.0.0.1:{port}/readyz")
        config = directory / "upstream.kubeconfig"
        config.write_text(yaml.safe_dump(_kubeconfig(port, directory / "pki" / "ca.crt")))
        return config

    def make_keys(self) -> None:
        """A cluster's authority, service account key and serving certificate, unless they are there."""
        pki = self.directory / "pki"
        if pki.exists():
            return
        pki.mkdir()
        _openssl("genrsa", "-out", f"{pki}/sa.key", "2048")
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=ca",
            "-keyout",
            f"{pki}/ca.key",
            "-out",
            f"{pki}/ca.crt",
        )
        _openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", f"{pki}/serving.key", "-out", f"{pki}/serving.csr"
        )
        (pki / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        _openssl(
            "x509", "-req", "-days", "2", "-in", f"{pki}/serving.csr", "-CA", f"{pki}/ca.crt", "-CAkey", f"{pki}/ca.key",
            "-CAcreateserial", "-extfile", f"{pki}/names", "-out", f"{pki}/serving.crt",
        )  # fmt: skip

    def kube_controller_manager(self, kubeconfig: Path) -> None:
        program = str(build("kube-controller-manager"))
        self._spawn(
            "kube-controller-manager", program, "--kubeconfig", str(kubeconfig), "--leader-elect=false", "--secure-port", "0", *self._keys()
        )

    def kube_scheduler(self, kubeconfig: Path) -> None:
        self._spawn(
            "kube-scheduler", str(build("kube-scheduler")), "--kubeconfig", str(kubeconfig), "--leader-elect=false", "--secure-port", "0"
        )

    def part(self, name: str, kubeconfig: Path, *arguments: str) -> None:
        """`kcompat controllers`, `scheduler` or `nodes` as a process of its own."""
        self._kcompat(name, name, "--kubeconfig", str(kubeconfig), *arguments)

    def controllers(self, kubeconfig: Path) -> None:
        """`kcompat controllers` with the flags that upstream's controller manager gets."""
        self.part("controllers", kubeconfig, *self._keys())

    def _keys(self) -> list[str]:
        pki = next(p for p in (self.directory / "data" / "pki", self.directory / "pki") if p.exists())
        return [
            "--use-service-account-credentials=true", "--service-account-private-key-file", f"{pki}/sa.key", "--root-ca-file", f"{pki}/ca.crt",
            "--cluster-signing-cert-file", f"{pki}/ca.crt", "--cluster-signing-key-file", f"{pki}/ca.key",
        ]  # fmt: skip

    def _kcompat(self, name: str, *arguments: str) -> None:
        self._spawn(name, sys.executable, "-m", "kcompat", *arguments)

    def _spawn(self, name: str, *command: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _kubeconfig(port: int, authority: Path) -> dict[str, object]:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": base64.b64encode(authority.read_bytes()).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "admin-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ready(url: str, seconds: float = 90) -> None:
    """Until the URL answers 200. Raises TimeoutError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, context=context, timeout=2):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not become ready")
