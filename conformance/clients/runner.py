"""Starts kcompat over an etcd, forgets its history up to now, and runs client programs in namespaces of their own. Called by `__main__.py`.

etcd, because its history can be compacted from outside: a watch from revision 1 then gets 410, as clients meet it in old clusters.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.clients.programs import Command
from conformance.swap.kubectl import Kubectl
from conformance.swap.servers import Parts
from conformance.tools import build

TIMEOUT = 300
_LINE = re.compile(r"^(?P<step>[^:]+): (?P<said>pass|fail: .*)$")


class Cluster:
    """One kcompat with two nodes for all programs."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        self._kubeconfig = kubeconfig
        self._directory = directory
        self._kubectl = str(build("kubectl"))

    def run(self, name: str, command: Command) -> dict[str, str]:
        """Steps and what came of them; a program that ends badly adds a step `ends well`."""
        namespace = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        admin = Kubectl(self._kubectl, self._kubeconfig, namespace, self._directory / "cache")
        admin("create", "namespace", namespace)
        admin.becomes("configmaps", "{.items[*].metadata.name}", "kube-root-ca.crt")
        environment = os.environ | {"KUBECONFIG": str(self._kubeconfig), "NAMESPACE": namespace, "KUBECTL": self._kubectl}
        log = self._directory / f"{namespace}.client.log"
        with log.open("w") as errors:
            try:
                done = subprocess.run(
                    command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=TIMEOUT, check=False
                )
                output, ended = done.stdout, "" if done.returncode == 0 else f"exit code {done.returncode}"
            except subprocess.TimeoutExpired as expired:
                output, ended = (expired.stdout or b"").decode(), f"not done after {TIMEOUT} s"
        steps = {match["step"]: match["said"] for match in map(_LINE.match, output.splitlines()) if match}
        if ended or not steps:
            last = (log.read_text().strip().splitlines() or [""])[-1]
            steps["ends well"] = f"fail: {ended}: {last}"
        admin("delete", "namespace", namespace, "--wait=false")
        return steps


@contextmanager
def cluster(directory: Path) -> Iterator[Cluster]:
    with Parts(directory) as parts:
        etcd = parts.etcd()
        kubeconfig = parts.kcompat("--datastore-endpoint", etcd, "--nodes", "2")
        _compact(etcd)
        yield Cluster(kubeconfig, directory)


def _compact(etcd: str) -> None:
    """etcd forgets all revisions before the present one."""
    revision = _post(f"{etcd}/v3/kv/range", {"key": "AA=="})["header"]["revision"]
    _post(f"{etcd}/v3/kv/compaction", {"revision": revision})


def _post(url: str, body: dict[str, str]) -> dict[str, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST"), timeout=10) as answer:
        content: dict[str, dict[str, str]] = json.load(answer)
    return content
