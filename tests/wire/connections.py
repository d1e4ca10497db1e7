"""The API over plain HTTPS connections, for tests that need more of the wire than a client library shows."""

from __future__ import annotations

import base64
import http.client
import json
import random
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

Tree = dict[str, Any]
CONNECTION_ERRORS = (OSError, http.client.HTTPException)


class Api:
    """The server a kubeconfig names, as its user."""

    def __init__(self, kubeconfig: str) -> None:
        content = yaml.safe_load(Path(kubeconfig).read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self.host, port = cluster["server"].removeprefix("https://").split(":")
        self.port = int(port)
        self.authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = client_context(self.authority, user)

    def connection(self, timeout: float = 30.0) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=timeout)

    def tls(self, context: ssl.SSLContext | None = None, timeout: float = 30.0) -> ssl.SSLSocket:
        """A socket after the handshake."""
        plain = socket.create_connection((self.host, self.port), timeout=timeout)
        return (context or self.context).wrap_socket(plain, server_hostname=self.host)

    def request(self, method: str, path: str, body: Any = None, connection: http.client.HTTPSConnection | None = None) -> tuple[int, Tree]:
        """One request, on a connection of its own if none is given. Raises CONNECTION_ERRORS."""
        used = connection or self.connection()
        try:
            used.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = used.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith(b"{") else {"text": text.decode()}
        finally:
            if connection is None:
                used.close()

    def get(self, path: str) -> Tree:
        status, tree = self.request("GET", path)
        assert status == 200, tree
        return tree

    def watch(self, path: str) -> Iterator[Tree]:
        """Events until the connection ends."""
        connection = self.connection(timeout=120)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            while line := answer.readline():
                yield json.loads(line)
        finally:
            connection.close()


def client_context(authority: str, user: Tree | None = None) -> ssl.SSLContext:
    """Trusts the cluster; shows the user's certificate, if there is one."""
    context = ssl.create_default_context(cadata=authority)
    if user is not None:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
    return context


def free_port() -> int:
    """A port for a server that is to come back on it. None that the system gives to clients: while the server is down, one of those
    who try to reach it could be given its very port, and would be talking to itself."""
    for port in random.sample(range(15_000, 30_000), 50):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")
