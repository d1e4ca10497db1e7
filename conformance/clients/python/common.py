"""What the Python programs share: where they are, what they make. Runs in the clients' own environment, on the path of this folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))
from conformance.clients.steps import expect, step

NAMESPACE = os.environ.get("NAMESPACE", "default")
JSON_PATCH = [{"op": "add", "path": "/data/json", "value": "1"}]

__all__ = ["JSON_PATCH", "NAMESPACE", "config_map", "deployment", "expect", "step"]


def config_map(name: str, value: str = "one") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": "p"}}, "data": {"key": value}}


def deployment(replicas: int) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
