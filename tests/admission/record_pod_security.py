"""Asks a real kube-apiserver what pod_security_cases.py holds and writes pod_security.json.

    python tests/admission/record_pod_security.py --server https://127.0.0.1:6443 --token TOKEN

The server runs with its default plugins, but without ServiceAccount and without controllers. Namespaces `psa-*` are left behind.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pod_security_cases import BAD_LABELS, EXISTING, LABEL_CHANGES, PODS, POLICIES, WARNED

Tree = dict[str, Any]
PREFIX = "pod-security.kubernetes.io/"


class Server:
    """Requests in; code, body and warnings out."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE

    def __call__(self, method: str, path: str, body: Tree | None = None) -> tuple[int, Tree, list[str]]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self._context) as answer:
                return answer.status, json.load(answer), _warnings(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), _warnings(error.headers)


def _warnings(headers: Any) -> list[str]:
    texts = (value.split(" ", 2)[2][1:-1] for value in headers.get_all("Warning") or [])
    return [text.replace('\\"', '"') for text in texts]


def labels(short: dict[str, str]) -> dict[str, str]:
    return {PREFIX + key: value for key, value in short.items()}


def namespace(name: str, short: dict[str, str]) -> Tree:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels(short)}}


def answer_of(answer: tuple[int, Tree, list[str]]) -> Tree:
    code, body, warnings = answer
    return {"code": code, "message": body.get("message", "") if code >= 400 else "", "warnings": warnings}


def deployment(pod: Tree) -> Tree:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def _pods(server: Server) -> Tree:
    recorded: Tree = {}
    for level, version in POLICIES:
        name = f"psa-{level}-{version.replace('.', '-')}"
        server("POST", "/api/v1/namespaces", namespace(name, {"enforce": level, "enforce-version": version}))
        for case, pod in PODS.items():
            found = answer_of(server("POST", f"/api/v1/namespaces/{name}/pods?dryRun=All", pod))
            recorded.setdefault(case, {})[f"{level}:{version}"] = found["message"]
    return recorded


def _changes(server: Server) -> list[Tree]:
    server("POST", "/api/v1/namespaces", namespace("psa-existing", {}))
    for case in EXISTING:
        pod = PODS[case]
        server("POST", "/api/v1/namespaces/psa-existing/pods", {**pod, "metadata": {"name": case.replace(" ", "-")}})
    recorded = []
    for before, after in LABEL_CHANGES:
        server("PUT", "/api/v1/namespaces/psa-existing", namespace("psa-existing", before))
        recorded.append(answer_of(server("PUT", "/api/v1/namespaces/psa-existing?dryRun=All", namespace("psa-existing", after))))
    return recorded


def _warned(server: Server) -> list[Tree]:
    recorded = []
    for number, short in enumerate(WARNED):
        name = f"psa-warned-{number}"
        server("POST", "/api/v1/namespaces", namespace(name, short))
        pod = PODS["host port"]
        recorded.append({
            "deployment": answer_of(server("POST", f"/apis/apps/v1/namespaces/{name}/deployments?dryRun=All", deployment(pod))),
            "pod": answer_of(server("POST", f"/api/v1/namespaces/{name}/pods?dryRun=All", pod)),
        })  # fmt: skip
    return recorded


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    chosen = parser.parse_args()
    server = Server(chosen.server, chosen.token)
    recorded = {
        "pods": _pods(server),
        "bad labels": {case: answer_of(server("POST", "/api/v1/namespaces?dryRun=All", namespace("psa-bad", short)))
                       for case, short in BAD_LABELS.items()},
        "label changes": _changes(server),
        "warned": _warned(server),
    }  # fmt: skip
    Path(__file__).with_name("pod_security.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
