"""Helm with the chart that `helm create` makes: install, upgrade, roll back, uninstall. Run by `runner.py`: `python -m conformance.clients.helm NAME HELM`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from conformance.clients.steps import expect, step

NAME, HELM = sys.argv[1:3]
NAMESPACE, KUBECTL = os.environ["NAMESPACE"], os.environ["KUBECTL"]


def helm(*arguments: str) -> str:
    return _run(HELM, "--namespace", NAMESPACE, *arguments)


def kubectl(template: str, *arguments: str) -> str:
    return _run(KUBECTL, "--namespace", NAMESPACE, "get", *arguments, "-o", f"jsonpath={template}")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise AssertionError((done.stderr or done.stdout).strip().replace("\n", " "))
    return done.stdout


def create(chart: str) -> None:
    helm("create", chart)
    helm("lint", chart)


def install(chart: str) -> None:
    helm("install", "shop", chart, "--wait", "--timeout", "90s", "--set", "replicaCount=2")
    expect(kubectl("{.items[0].status.readyReplicas}", "deployments") == "2", "deployment is not ready")
    expect(json.loads(helm("list", "-o", "json"))[0]["status"] == "deployed", "release is not deployed")


def upgrade(chart: str) -> None:
    helm("upgrade", "shop", chart, "--wait", "--timeout", "90s", "--set", "replicaCount=3,image.tag=2,autoscaling.enabled=false")
    expect(kubectl("{.items[0].status.readyReplicas}", "deployments") == "3", "deployment has not three replicas")


def upgrade_with_autoscaler(chart: str) -> None:
    helm(
        "upgrade",
        "shop",
        chart,
        "--set",
        "autoscaling.enabled=true,ingress.enabled=true",
        "--atomic" if NAME == "helm3" else "--rollback-on-failure",
    )
    expect(kubectl("{.items[*].metadata.name}", "ingresses,hpa") != "", "no ingress and autoscaler")


def rollback(_: str) -> None:
    helm("rollback", "shop", "1", "--wait", "--timeout", "90s")
    expect(kubectl("{.items[0].spec.replicas}", "deployments") == "2", "replicas are not those of revision 1")
    expect(len(json.loads(helm("history", "shop", "-o", "json"))) == 4, "history has not four revisions")
    expect(kubectl("{.items[*].metadata.name}", "ingresses,hpa") == "", "ingress and autoscaler are still there")


def get(_: str) -> None:
    expect("kind: Deployment" in helm("get", "manifest", "shop"), "manifest has no Deployment")
    expect("STATUS: deployed" in helm("status", "shop"), "status is not deployed")


def test_hook(_: str) -> None:
    """The chart's test pod is a hook that helm waits for to succeed; simulated pods run on, so it is left in the template but not run."""
    expect("helm.sh/hook" in helm("get", "hooks", "shop"), "no hooks")


def uninstall(_: str) -> None:
    helm("uninstall", "shop", "--wait", "--timeout", "90s")
    expect(kubectl("{.items[*].metadata.name}", "deployments,services,pods") == "", "objects are left")
    expect(helm("list", "-q").strip() == "", "release is still there")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        chart = str(Path(directory) / "shop")
        for work in (create, install, upgrade, upgrade_with_autoscaler, get, test_hook, rollback, uninstall):
            step(NAME, work.__name__.replace("_", " "), lambda work=work: work(chart))  # type: ignore[misc]


main()
