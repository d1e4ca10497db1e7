"""The same with the `kubernetes` package of Python: watches the ConfigMaps of a namespace and prints every event as a line of JSON.

    python conformance/informer/watch.py KUBECONFIG NAMESPACE

Called by tests/wire/observers.py. Takes up again from the last resourceVersion whenever the connection ends, never lists twice.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import urllib3
from kubernetes import client, config, watch


def show(**line: str) -> None:
    print(json.dumps(line), flush=True)


def describe(kind: str, found: client.V1ConfigMap) -> None:
    metadata = found.metadata
    show(type=kind, name=metadata.name, uid=metadata.uid, revision=metadata.resource_version, value=(found.data or {}).get("value", ""))


def follow(api: client.CoreV1Api, namespace: str) -> None:
    """Until the process ends, or the server no longer knows the revision (GONE)."""
    listed = api.list_namespaced_config_map(namespace)
    for item in listed.items:
        describe("ADDED", item)
    revision = listed.metadata.resource_version
    show(type="SYNCED", revision=revision)
    while True:
        watcher = watch.Watch()
        watcher.resource_version = revision
        try:
            for event in watcher.stream(api.list_namespaced_config_map, namespace, resource_version=revision):
                describe(event["type"], event["object"])
        except client.ApiException as error:
            if error.status == 410:
                show(type="GONE", message=str(error.reason))
                return
        except urllib3.exceptions.HTTPError:
            pass
        revision = watcher.resource_version
        time.sleep(0.02)


if __name__ == "__main__":
    config.load_kube_config(sys.argv[1])
    threading.Thread(target=follow, args=(client.CoreV1Api(), sys.argv[2]), daemon=True).start()
    sys.stdin.read()
