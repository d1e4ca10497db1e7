"""The official Python client: typed, dynamic and watch. Run by `runner.py` with $KUBECONFIG and $NAMESPACE."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from common import JSON_PATCH, NAMESPACE, config_map, deployment, expect, step
from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
from kubernetes.stream import portforward, stream

NAME = "kubernetes"
config.load_kube_config()
core, apps, policy = client.CoreV1Api(), client.AppsV1Api(), client.PolicyV1Api()


def refused(code: int, work: Callable[[], object]) -> None:
    try:
        work()
    except ApiException as error:
        expect(error.status == code, f"{error.status} {error.body}")
    else:
        raise AssertionError(f"expected {code}")


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        expect(time.monotonic() < deadline, "did not come true")
        time.sleep(0.1)


def version() -> None:
    expect(client.VersionApi().get_code().minor == "37", "version")
    expect(len(client.ApisApi().get_api_versions().groups) > 15, "groups")


def creates() -> None:
    for number in range(5):
        core.create_namespaced_config_map(NAMESPACE, config_map(f"p-{number}"))
    seen, token = 0, None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="app=p", limit=2, **({"_continue": token} if token else {}))
        seen, token = seen + len(page.items), page.metadata._continue
        if not token:
            break
    expect(seen == 5, seen)


def updates() -> None:
    old = core.read_namespaced_config_map("p-0", NAMESPACE)
    new = core.read_namespaced_config_map("p-0", NAMESPACE)
    new.data["key"] = "two"
    core.replace_namespaced_config_map("p-0", NAMESPACE, new)
    refused(409, lambda: core.replace_namespaced_config_map("p-0", NAMESPACE, old))


def patches() -> None:
    core.patch_namespaced_config_map("p-1", NAMESPACE, JSON_PATCH)
    core.patch_namespaced_config_map("p-1", NAMESPACE, {"data": {"strategic": "1"}})
    resource = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    merge = {"data": {"merge": "1"}}
    now = resource.patch(body=merge, name="p-1", namespace=NAMESPACE, content_type="application/merge-patch+json")
    expect(sorted(now.data.to_dict()) == ["json", "key", "merge", "strategic"], now.data)


def applies() -> None:
    resource = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager: str, value: str, force: bool) -> object:
        body = config_map("applied", value)
        return resource.server_side_apply(body=body, name="applied", namespace=NAMESPACE, field_manager=manager, force_conflicts=force)

    apply("one", "1", False)
    refused(409, lambda: apply("two", "2", False))
    apply("two", "2", True)


def watches() -> None:
    revision = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.create_namespaced_config_map(NAMESPACE, config_map("watched"))
    core.delete_namespaced_config_map("watched", NAMESPACE)
    seen = []
    watcher = watch.Watch()
    for event in watcher.stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=revision, field_selector="metadata.name=watched", timeout_seconds=20
    ):
        seen.append(event["type"])
        if event["type"] == "DELETED":
            watcher.stop()
    expect(seen == ["ADDED", "DELETED"], seen)


def expires() -> None:
    answer = core.list_namespaced_config_map(NAMESPACE, watch=True, resource_version="1", timeout_seconds=5, _preload_content=False)
    expect('"code":410' in answer.read().decode(), "expected 410")


def informs() -> None:
    """List, then watch on from there, as the client's users write it."""
    known = {item.metadata.name for item in core.list_namespaced_config_map(NAMESPACE).items}
    revision, ready = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version, threading.Event()
    seen: list[str] = []

    def follow() -> None:
        for event in watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, resource_version=revision, timeout_seconds=10):
            seen.append(event["object"].data["key"])
            ready.set()
            return

    thread = threading.Thread(target=follow)
    thread.start()
    core.patch_namespaced_config_map("p-2", NAMESPACE, {"data": {"key": "seen"}})
    expect(ready.wait(15) and seen == ["seen"] and "p-2" in known, seen)
    thread.join()


def rolls_out() -> None:
    apps.create_namespaced_deployment(NAMESPACE, deployment(2))
    until(lambda: apps.read_namespaced_deployment("web", NAMESPACE).status.ready_replicas == 2)
    apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 3}})
    until(lambda: apps.read_namespaced_deployment_status("web", NAMESPACE).status.ready_replicas == 3)


def logs() -> None:
    pod = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0]
    core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE)


def executes() -> None:
    name = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    once = {"stdin": False, "stdout": True, "stderr": True, "tty": False}
    said = stream(core.connect_get_namespaced_pod_exec, name, NAMESPACE, command=["sh", "-c", "echo out; echo err >&2"], **once)
    expect(said == "out\nerr\n", said)
    shell = stream(core.connect_get_namespaced_pod_exec, name, NAMESPACE, command=["sh"], _preload_content=False, **{**once, "stdin": True})
    shell.write_stdin("echo $((6 * 7))\n")
    expect(shell.readline_stdout(timeout=10) == "42", "the shell does not answer")
    shell.write_stdin("exit 5\n")
    shell.run_forever(timeout=10)
    expect(shell.returncode == 5, shell.returncode)


def forwards() -> None:
    """Simulated pods listen nowhere: the way there is what is tried."""
    name = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, name, NAMESPACE, ports="80")
    forwarded.socket(80).recv(1)
    expect("connection refused" in (forwarded.error(80) or ""), forwarded.error(80))


def evicts() -> None:
    pod = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    core.create_namespaced_pod_eviction(pod, NAMESPACE, client.V1Eviction(metadata=client.V1ObjectMeta(name=pod, namespace=NAMESPACE)))
    until(lambda: pod not in [p.metadata.name for p in core.list_namespaced_pod(NAMESPACE).items])


class Elected(Exception):
    """Ends the election's loop."""


def elects() -> None:
    def lead() -> None:
        leading.set()

    leading = threading.Event()
    lock = LeaseLock("leader", NAMESPACE, "one")
    settings = electionconfig.Config(lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=lead, onstopped_leading=None)
    threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True).start()
    expect(leading.wait(20), "never led")
    expect(client.CoordinationV1Api().read_namespaced_lease("leader", NAMESPACE).spec.holder_identity == "one", "lease names another")


def deletes() -> None:
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Foreground")
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="app=p")
    expect(not core.list_namespaced_config_map(NAMESPACE, label_selector="app=p").items, "ConfigMaps are left")
    until(lambda: not apps.list_namespaced_deployment(NAMESPACE).items)
    refused(404, lambda: apps.read_namespaced_deployment("web", NAMESPACE))


STEPS = {
    "version and groups": version, "create, list in pages": creates, "update and conflict": updates, "patches": patches,
    "apply and its conflict": applies, "watch": watches, "watch of a compacted revision": expires, "list and watch on": informs,
    "deployment to running pods, scale": rolls_out, "logs": logs, "exec": executes, "port-forward": forwards, "evict": evicts, "leader election": elects, "delete, deletecollection": deletes,
}  # fmt: skip
for name, work in STEPS.items():
    step(NAME, name, work)
