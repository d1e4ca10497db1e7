"""A kubeconfig's administrator over plain HTTP. Used by `storage.py`."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

Tree = dict[str, Any]


class Http:
    """One connection, JSON in and out."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pair:
                pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n" + base64.b64decode(user["client-key-data"]))
                pair.flush()
                context.load_cert_chain(pair.name)
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        address = urlsplit(cluster["server"])
        self._connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=60)

    def __call__(self, method: str, path: str, body: Tree | None = None, content_type: str = "application/json") -> tuple[int, Tree]:
        """Code and answer."""
        headers = self._headers | {"Content-Type": content_type, "Accept": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body, separators=(",", ":")), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content.startswith(b"{") else {"message": content.decode(errors="replace")}
