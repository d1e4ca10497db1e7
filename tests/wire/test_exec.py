"""kubectl exec, cp, attach, logs, port-forward and proxy on simulated pods, over WebSockets and SPDY."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest
from processes import Kubectl, Server

POD = """
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {app: box}}
spec:
  volumes: [{name: settings, configMap: {name: settings}}, {name: scratch, emptyDir: {}}]
  containers:
  - name: main
    image: busybox
    command: [sh, -c, "echo starting; sleep 100000"]
    env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]
    volumeMounts: [{name: settings, mountPath: /etc/settings}, {name: scratch, mountPath: /scratch}]
  - {name: other, image: busybox, volumeMounts: [{name: scratch, mountPath: /shared}]}
"""


@pytest.fixture
def box(kubectl: Kubectl) -> Kubectl:
    kubectl("create", "configmap", "settings", "--from-literal=color=blue")
    kubectl("apply", "-f", "-", stdin=POD)
    kubectl("wait", "--for=condition=ready", "pod/box", "--timeout=30s")
    return kubectl


def test_exec(box: Kubectl) -> None:
    assert box("exec", "box", "-c", "main", "--", "echo", "hi") == "hi\n"
    assert box("exec", "box", "-c", "main", "--", "sh", "-c", "echo $COLOR; cat /etc/settings/color; hostname") == "blue\nbluebox\n"
    assert "KUBERNETES_SERVICE_HOST=" in box("exec", "box", "-c", "other", "--", "env")
    assert box("exec", "-i", "box", "-c", "main", "--", "cat", stdin="typed") == "typed"
    box("exec", "box", "-c", "main", "--", "sh", "-c", "echo shared > /scratch/file")
    assert box("exec", "box", "-c", "other", "--", "cat", "/shared/file") == "shared\n"


def test_exit_codes_and_what_is_not_there(box: Kubectl) -> None:
    failed = box("exec", "box", "-c", "main", "--", "sh", "-c", "exit 3", fails=True)
    assert "command terminated with exit code 3" in failed
    failed = box("exec", "box", "-c", "main", "--", "java", fails=True)
    assert 'exec: "java": executable file not found in $PATH' in failed
    failed = box("exec", "box", "-c", "main", "--", "sh", "-c", "java", fails=True)
    assert "java: not found" in failed and "exit code 127" in failed


def test_copies(box: Kubectl, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_text("one")
    (source / "b.bin").write_bytes(bytes(range(256)) * 1000)
    box("cp", str(source), "box:/scratch/copied", "-c", "main")
    assert box("exec", "box", "-c", "other", "--", "ls", "/shared/copied") == "a.txt\nb.bin\n"
    box("cp", "box:/scratch/copied", str(tmp_path / "back"), "-c", "main")
    assert (tmp_path / "back" / "b.bin").read_bytes() == (source / "b.bin").read_bytes()


def test_logs(box: Kubectl) -> None:
    assert box("logs", "box", "-c", "main") == "starting\n"
    assert box("logs", "box", "-c", "other") == ""
    assert box("logs", "-l", "app=box", "--all-containers", "--prefix") == "[pod/box/main] starting\n"


def test_the_way_to_a_port_ends_at_the_pod(box: Kubectl) -> None:
    namespace = box("get", "pod", "box", "-o", "jsonpath={.metadata.namespace}")
    failed = box("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/box:80/proxy/", fails=True)
    assert "connect: connection refused" in failed


def test_spdy(box: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false")
    assert box("exec", "-i", "box", "-c", "main", "--", "cat", stdin="typed") == "typed"
    assert "exit code 3" in box("exec", "box", "-c", "main", "--", "sh", "-c", "echo wrong >&2; exit 3", fails=True)


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_port_forward(box: Kubectl, server: Server, kubectl_program: str, monkeypatch: pytest.MonkeyPatch, websockets: str) -> None:
    monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets)
    namespace = box("get", "pod", "box", "-o", "jsonpath={.metadata.namespace}")
    command = [kubectl_program, "--kubeconfig", server.kubeconfig, "-n", namespace, "port-forward", "pod/box", ":80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stderr is not None
        found = re.match(r"Forwarding from 127.0.0.1:(\d+) -> 80", running.stdout.readline())
        assert found is not None
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as connection:
            assert connection.recv(1) == b""
        assert "connect: connection refused" in running.stderr.readline()
        running.kill()
