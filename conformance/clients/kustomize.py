"""`kubectl kustomize` and `kubectl apply -k` with a base, an overlay and generators. Run by `runner.py`: `python -m conformance.clients.kustomize`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from conformance.clients.steps import expect, step

BASE = {
    "kustomization.yaml": "resources: [deployment.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
    "deployment.yaml": json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "nginx", "envFrom": [{"configMapRef": {"name": "settings"}}]}]},
                },
            },
        }
    ),
}
OVERLAY = "resources: [../base]\nnamePrefix: my-\nreplicas: [{name: web, count: 2}]\nimages: [{name: nginx, newTag: '2'}]\n"


def kubectl(*arguments: str) -> str:
    command = [os.environ["KUBECTL"], "--namespace", os.environ["NAMESPACE"], *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    if done.returncode:
        raise AssertionError(done.stderr.strip())
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        base, overlay = Path(name) / "base", Path(name) / "overlay"
        for directory in (base, overlay):
            directory.mkdir()
        for file, content in BASE.items():
            (base / file).write_text(content)
        (overlay / "kustomization.yaml").write_text(OVERLAY)
        overlaid = str(overlay)

        def rolled_out() -> None:
            kubectl("rollout", "status", "deployment/my-web", "--timeout=60s")
            seen = kubectl(
                "get", "deployment", "my-web", "-o", "jsonpath={.status.readyReplicas} {.spec.template.spec.containers[0].image}"
            )
            expect(seen == "2 nginx:2", seen)

        def changed() -> None:
            (base / "kustomization.yaml").write_text(BASE["kustomization.yaml"].replace("a=b", "a=c"))
            said = kubectl("apply", "-k", overlaid)
            expect("deployment.apps/my-web configured" in said, said)
            kubectl("rollout", "status", "deployment/my-web", "--timeout=60s")

        def plugin() -> None:
            """An executable on PATH is a command, and calls kubectl itself."""
            file = Path(name) / "kubectl-count_pods"
            file.write_text('#!/bin/sh\nexec "$KUBECTL" --namespace "$NAMESPACE" get pods -o name "$@"\n')
            file.chmod(0o755)
            os.environ["PATH"] = f"{name}{os.pathsep}{os.environ['PATH']}"
            expect(str(file) in kubectl("plugin", "list"), "kubectl does not list it")
            said = subprocess.run([os.environ["KUBECTL"], "count-pods", "--selector=app=web"], capture_output=True, text=True, timeout=90, check=True)
            expect(said.stdout.count("pod/my-web-") == 2, said.stdout)

        def standalone() -> None:
            """Upstream's own program makes what kubectl's copy of it makes, and `kubectl apply` takes it."""
            built = subprocess.run([os.environ["KUSTOMIZE"], "build", overlaid], capture_output=True, text=True, timeout=90, check=True)
            expect(built.stdout == kubectl("kustomize", overlaid), built.stdout)
            (Path(name) / "built.yaml").write_text(built.stdout)
            kubectl("apply", "-f", str(Path(name) / "built.yaml"))

        step("kubectl", "kustomize", lambda: expect("name: my-web" in kubectl("kustomize", overlaid), "no my-web"))
        step("kubectl", "apply -k", lambda: kubectl("apply", "-k", overlaid))
        step("kubectl", "rollout", rolled_out)
        step("kubectl", "apply -k of a change", changed)
        step("kubectl", "apply -k --server-side", lambda: kubectl("apply", "-k", overlaid, "--server-side", "--force-conflicts"))
        step("kubectl", "apply of what kustomize builds", standalone)
        step("kubectl", "a plugin", plugin)
        step("kubectl", "delete -k", lambda: kubectl("delete", "-k", overlaid, "--ignore-not-found"))


main()
