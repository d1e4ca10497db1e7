"""A real server process on a real socket, and stock kubectl. One cluster for the session; a namespace for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kcompat" / "bin"

@dataclass
class Server:
    """A `kcompat up` process."""

    process: subprocess.Popen[str]
    directory: Path
    kubeconfig: str
    arguments: tuple[str, ...]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def start(directory: Path, *arguments: str) -> Server:
    """Starts a server and waits for the line it prints when it is ready."""
    command = [sys.executable, "-m", "kcompat", "up", "--data-dir", str(directory), *arguments]
    if not any(a.startswith("--listen") for a in arguments):
        command += ["--listen", "127.0.0.1:0"]
    with (directory.parent / f"{directory.name}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("export KUBECONFIG="), (directory.parent / f"{directory.name}.log").read_text()
    return Server(process, directory, line.strip().removeprefix("export KUBECONFIG="), arguments)


def kubectl_program() -> str | None:
    """kubectl 1.37 of the cache, $KCOMPAT_KUBECTL, or the one on PATH; None: there is none."""
    built = TOOLS / "kubectl"
    return os.environ.get("KCOMPAT_KUBECTL") or (str(built) if built.exists() else shutil.which("kubectl"))


Kubectl = Callable[..., str]


def kubectl_for(program: str, kubeconfig: str, namespace: str, cache: Path) -> Kubectl:
    def kubectl(*arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        """Runs kubectl; answers with stdout, or with stderr when it must fail."""
        command = [program, "--kubeconfig", kubeconfig, "--cache-dir", str(cache), "--namespace", namespace, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode != 0) is fails, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    return kubectl
