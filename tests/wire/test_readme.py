"""README's first session, run as it stands there, and the life of a detached control plane."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def session() -> list[str]:
    """The commands of README's first session."""
    text = README.read_text().split("## A first session")[1]
    block = re.search(r"```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    return [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")]


def test_the_first_session(tmp_path: Path, kubectl_program: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").symlink_to(kubectl_program)
    kcompat = tools / "kcompat"
    kcompat.write_text(f'#!/bin/sh\nexec {sys.executable} -m kcompat "$@"\n')
    kcompat.chmod(0o755)
    environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "PATH": f"{tools}:{os.environ['PATH']}"}
    kubeconfig = tmp_path / "data" / "kcompat" / "default" / "kubeconfig"
    commands = session()
    assert commands[0].startswith("kcompat up") and commands[-1] == "kcompat down"
    commands[0] += " --listen 127.0.0.1:0"
    output = ""
    try:
        for command in commands:
            command = command.replace("/home/you/.local/share/kcompat/default/kubeconfig", str(kubeconfig))
            if command.startswith("export KUBECONFIG="):
                environment["KUBECONFIG"] = command.partition("=")[2]
                continue
            done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, f"{command}: {done.stderr}"
            output += done.stdout
    finally:
        subprocess.run([str(kcompat), "down"], env=environment, capture_output=True, check=False)
    assert f"export KUBECONFIG={kubeconfig}" in output
    assert 'deployment "web" successfully rolled out' in output
    assert not (kubeconfig.parent / "kcompat.pid").exists()
    again = subprocess.run([str(kcompat), "down"], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "is not running" in again.stderr
