"""Where a cluster is and who we are there: kubeconfig files and the environment of a pod. Read by HttpTransport's makers.

Meanings as client-go tools/clientcmd. Credential plugins (`exec`, `auth-provider`) are refused, not ignored.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SERVICE_ACCOUNT_DIRECTORY = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Section = dict[str, Any]


class KubeconfigError(ValueError):
    """The configuration is missing something, names what is not there, or asks for what is not supported."""


@dataclass(frozen=True, slots=True)
class Connection:
    """All that HttpTransport needs. Certificates and keys are PEM; token_file is read again as it changes."""

    server: str
    namespace: str = "default"
    ca: bytes = b""
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    impersonate: tuple[tuple[str, str], ...] = ()


def load(path: str | Path | None = None, context: str = "") -> Connection:
    """The connection of a context (default: the current one) of `path`, else of the files of $KUBECONFIG, else of ~/.kube/config."""
    files = [Path(path)] if path else _default_files()
    config = _merged([file for file in files if path or file.exists()])
    name = context or config["current-context"]
    if not name:
        raise KubeconfigError("no configuration has been provided, try setting KUBECONFIG")
    chosen = _named(config, "contexts", name).get("context") or {}
    cluster = _named(config, "clusters", chosen.get("cluster", ""))
    user = _named(config, "users", chosen["user"]) if chosen.get("user") else {}
    return _connection(cluster, user, chosen.get("namespace") or "default")


def in_cluster() -> Connection:
    """The connection of a pod's own service account (upstream: rest.InClusterConfig)."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token_file = SERVICE_ACCOUNT_DIRECTORY / "token"
    if not host or not port or not token_file.exists():
        message = "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
        raise KubeconfigError(message)
    namespace = (SERVICE_ACCOUNT_DIRECTORY / "namespace").read_text().strip()
    ca = (SERVICE_ACCOUNT_DIRECTORY / "ca.crt").read_bytes()
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Connection(f"https://{authority}", namespace=namespace, ca=ca, token_file=str(token_file))


def _default_files() -> list[Path]:
    if listed := os.environ.get("KUBECONFIG"):
        return [Path(item) for item in listed.split(os.pathsep) if item]
    return [Path.home() / ".kube" / "config"]


def _merged(files: list[Path]) -> Section:
    """The first file to name something wins (upstream: ClientConfigLoadingRules). Relative paths are taken from their file's directory."""
    merged: Section = {"current-context": "", "contexts": {}, "clusters": {}, "users": {}}
    for file in files:
        content = yaml.safe_load(file.read_bytes()) or {}
        if not isinstance(content, dict):
            raise KubeconfigError(f"error loading config file {file}: not a mapping")
        merged["current-context"] = merged["current-context"] or content.get("current-context") or ""
        for kind in ("contexts", "clusters", "users"):
            for entry in content.get(kind) or ():
                merged[kind].setdefault(entry["name"], {**entry, "directory": file.parent})
    return merged


def _named(config: Section, kind: str, name: str) -> Section:
    found = config[kind].get(name)
    if found is None:
        raise KubeconfigError(f"{kind[:-1]} {name!r} does not exist")
    return dict(found)


def _connection(cluster_entry: Section, user_entry: Section, namespace: str) -> Connection:
    cluster, user = cluster_entry.get("cluster") or {}, user_entry.get("user") or {}
    for plugin in ("exec", "auth-provider"):
        if user.get(plugin):
            raise KubeconfigError(f"credential plugins are not supported: users[].user.{plugin}")
    directory = user_entry.get("directory", Path())
    token_file = user.get("tokenFile") or ""
    return Connection(
        server=(cluster.get("server") or "http://localhost:8080").rstrip("/"),
        namespace=namespace,
        ca=_pem(cluster, "certificate-authority", cluster_entry["directory"]),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=cluster.get("tls-server-name") or "",
        proxy=cluster.get("proxy-url") or "",
        certificate=_pem(user, "client-certificate", directory),
        key=_pem(user, "client-key", directory),
        token="" if token_file else user.get("token") or "",
        token_file=str(directory / token_file) if token_file else "",
        username=user.get("username") or "",
        password=user.get("password") or "",
        impersonate=_impersonation(user),
    )


def _pem(section: Section, name: str, directory: Path) -> bytes:
    if data := section.get(f"{name}-data"):
        return base64.b64decode(data)
    return (directory / section[name]).read_bytes() if section.get(name) else b""


def _impersonation(user: Section) -> tuple[tuple[str, str], ...]:
    headers = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    headers += [("Impersonate-Group", group) for group in user.get("as-groups") or ()]
    headers += [(f"Impersonate-Extra-{key}", value) for key, values in (user.get("as-user-extra") or {}).items() for value in values]
    return tuple((name, value) for name, value in headers if value)
