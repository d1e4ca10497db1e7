"""The servers that hack/make-rules/test-cmd.sh starts: an API server and controllers; no scheduler, no nodes. Called by `__main__.py`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from conformance.manifests.servers import Processes, etcd, free_port, wait_for
from conformance.tools import build

STORES = ("memory", "sqlite", "etcd", "upstream")
_TOKEN = "admin-token"
"""In hack/testdata/auth-tokens.csv."""
_OFF = (
    "ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,"
    "StorageObjectInUseProtection"
)


@contextmanager
def started(store: str, directory: Path, tree: Path) -> Iterator[int]:
    """The port of a server over this store, when it and its controllers are up. `tree` is the copy of Kubernetes with keys and tokens."""
    processes = Processes(directory)
    port = free_port()
    try:
        (_upstream if store == "upstream" else _kcompat)(processes, directory, tree, port, store)
        yield port
    finally:
        processes.stop()


def _flags(tree: Path) -> list[str]:
    data = tree / "hack" / "testdata"
    return [
        "--authorization-mode=RBAC,AlwaysAllow", "--enable-admission-plugins=LimitRanger,ResourceQuota", f"--disable-admission-plugins={_OFF}",
        "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
        f"--client-ca-file={data}/ca/ca.crt", f"--token-auth-file={data}/auth-tokens.csv",
    ]  # fmt: skip


def _kcompat(processes: Processes, directory: Path, tree: Path, port: int, store: str) -> None:
    endpoint = {"memory": "memory://", "sqlite": f"sqlite://{directory}/state.db"}.get(store) or etcd(processes, directory)
    processes.spawn(
        "kcompat", sys.executable, "-m", "kcompat", "up", "--data-dir", str(directory / "data"), "--listen", f"127.0.0.1:{port}",
        "--nodes=0", "--disable=scheduler,nodes", "--datastore-endpoint", endpoint, *_flags(tree),
    )  # fmt: skip
    wait_for(f"https://127.0.0.1:{port}/readyz", token=_TOKEN)
    _certificate(tree, directory / "data" / "pki" / "apiserver.crt")


def _certificate(tree: Path, file: Path) -> None:
    """Where the scripts look for the server's certificate: in TMPDIR."""
    shutil.copyfile(file, tree / "tmp" / "apiserver.crt")


def _upstream(processes: Processes, directory: Path, tree: Path, port: int, store: str) -> None:
    key, config = directory / "sa.key", directory / "kubeconfig"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    processes.spawn(
        "kube-apiserver", str(build("kube-apiserver")), "--bind-address=127.0.0.1", f"--secure-port={port}",
        f"--etcd-servers={etcd(processes, directory)}", "--runtime-config=api/v1", f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}", f"--cert-dir={directory}/certs", *_flags(tree),
    )  # fmt: skip
    wait_for(f"https://127.0.0.1:{port}/readyz", token=_TOKEN)
    _certificate(tree, directory / "certs" / "apiserver.crt")
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "local", "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": _TOKEN}}],
                "contexts": [{"name": "local", "context": {"cluster": "local", "user": "admin"}}],
                "current-context": "local",
            }
        )
    )
    authority = tree / "hack" / "testdata" / "ca"
    processes.spawn(
        "kube-controller-manager", str(build("kube-controller-manager")), f"--kubeconfig={config}", "--secure-port=0",
        f"--cluster-signing-cert-file={authority}/ca.crt", f"--cluster-signing-key-file={authority}/ca.key",
    )  # fmt: skip
