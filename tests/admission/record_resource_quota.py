"""Asks a real kube-apiserver what quota_cases.py holds and writes resource_quota.json.

    python tests/admission/record_resource_quota.py --server https://127.0.0.1:6443 --token TOKEN

The server runs with its default plugins, but without ServiceAccount and without controllers. Namespaces `quota-*` are deleted again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from quota_cases import CASES, Tree
from record_pod_security import Server


def record(server: Server, namespace: str, case: str) -> Tree:
    """The message to each creation, and what is used of each quota in the end."""
    server("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    root = f"/api/v1/namespaces/{namespace}/resourcequotas"
    quotas, objects = CASES[case]
    for number, (spec, used) in enumerate(quotas):
        made = {"metadata": {"name": f"q{number}"}, "spec": spec}
        code, stored, _ = server("POST", root, made)
        assert code == 201, stored
        if used is not None:
            code, stored, _ = server("PUT", f"{root}/q{number}/status", {**stored, "status": {"hard": spec["hard"], "used": used}})
            assert code == 200, stored
    time.sleep(1)  # admission reads its own cache
    messages = []
    for (group, version, resource, _), tree in objects:
        base = f"/apis/{group}/{version}" if group else f"/api/{version}"
        code, body, _ = server("POST", f"{base}/namespaces/{namespace}/{resource}", tree)
        messages.append(body.get("message", "") if code >= 400 else "")
    used_now = [server("GET", f"{root}/q{number}")[1]["status"].get("used", {}) for number in range(len(quotas))]
    server("DELETE", f"/api/v1/namespaces/{namespace}")
    return {"messages": messages, "used": used_now}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    chosen = parser.parse_args()
    server = Server(chosen.server, chosen.token)
    stamp = int(time.time())
    recorded = {case: record(server, f"quota-{stamp}-{number}", case) for number, case in enumerate(CASES)}
    Path(__file__).with_name("resource_quota.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
