"""Writes kubeconfig files that stock clients read. Called by `cluster.py` and the `kubeconfig` command."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from json import dumps
from pathlib import Path

from kcompat.auth.certificates import KeyPair, write_private


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """One cluster, one user, one context. Everything is embedded, so the file can be moved to another machine."""

    name: str
    server: str
    authority_pem: bytes
    user: str
    client: KeyPair | None = None
    token: str = ""

    def text(self) -> str:
        """YAML with every scalar quoted: no reader takes a name for a number or a boolean."""
        context = f"{self.user}@{self.name}"
        return (
            "apiVersion: v1\nkind: Config\nclusters:\n"
            f"- cluster:\n    certificate-authority-data: {_embedded(self.authority_pem)}\n    server: {dumps(self.server)}\n"
            f"  name: {dumps(self.name)}\n"
            f"contexts:\n- context:\n    cluster: {dumps(self.name)}\n    user: {dumps(self.user)}\n  name: {dumps(context)}\n"
            f"current-context: {dumps(context)}\npreferences: {{}}\n"
            f"users:\n- name: {dumps(self.user)}\n  user:{self._credentials()}\n"
        )

    def write(self, path: Path, mode: int = 0o600) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, self.text().encode(), mode)

    def _credentials(self) -> str:
        if self.client is not None:
            certificate, key = _embedded(self.client.certificate_pem), _embedded(self.client.key_pem)
            return f"\n    client-certificate-data: {certificate}\n    client-key-data: {key}"
        return f"\n    token: {dumps(self.token)}" if self.token else " {}"


def _embedded(content: bytes) -> str:
    return b64encode(content).decode()
