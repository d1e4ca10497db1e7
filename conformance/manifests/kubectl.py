"""Runs stock kubectl and keeps what it printed. Called by `steps.py`, `commands.py` and `runner.py`."""

from __future__ import annotations

import contextlib
import copy
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from conformance.manifests.compare import PROMPT

TIMEOUT = 60


class Failed(Exception):
    """A command ended otherwise than it should; the text says how."""


class Kubectl:
    """kubectl on one cluster, in one namespace. `printed` is the transcript of the commands so far."""

    def __init__(self, program: str, kubeconfig: dict[str, Any], namespace: str, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        own = copy.deepcopy(kubeconfig)
        own["contexts"][0]["context"]["namespace"] = namespace
        self._config = directory / "kubeconfig"
        self._config.write_text(yaml.safe_dump(own))
        self._command = [program, "--kubeconfig", str(self._config), "--cache-dir", str(directory.parent / "kubectl-cache")]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "KUBECTL_KYAML": "false"}
        self.directory = directory
        self.namespace = namespace
        self.printed: list[str] = []

    def __call__(
        self, *arguments: str, stdin: str | None = None, codes: Sequence[int] = (0,), editor: str = "", quiet: bool = False
    ) -> str:
        """Answers with stdout. Raises Failed unless the exit code is one of `codes`. `quiet` keeps it out of the transcript."""
        environment = self._environment | ({"KUBE_EDITOR": editor} if editor else {})
        command = [*self._command, *arguments]
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd=self.directory, env=environment
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{shown(arguments)}: no answer in {TIMEOUT} s") from None
        if not quiet:
            self.printed.append(f"{PROMPT}{shown(arguments)}\n{done.stdout}{done.stderr}".rstrip("\n") + "\n")
        if done.returncode not in codes:
            raise Failed(f"{shown(arguments)}: {done.stderr.strip() or done.stdout.strip() or f'exit code {done.returncode}'}")
        return done.stdout

    def watch(self, *arguments: str) -> None:
        """Runs `get -w` until it printed a line. Raises Failed when it printed none."""
        command = [*self._command, *arguments]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.directory, env=self._environment
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            end = threading.Timer(TIMEOUT, process.kill)
            end.start()
            line = process.stdout.readline()
            end.cancel()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            if not line:
                raise Failed(f"{shown(arguments)}: {process.stderr.read().strip() or 'no output'}")


def shown(arguments: Sequence[str]) -> str:
    return " ".join(Path(argument).name if argument.startswith("/") else argument for argument in arguments)
