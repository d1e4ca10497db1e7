"""The programs: what toolchain each needs, how it is built, how it is run. Called by `runner.py`.

Builds go to $XDG_CACHE_HOME/kcompat/clients, never into the checkout, one at a time and with low priority.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.tools import CACHE as PROGRAMS_CACHE
from conformance.tools import go

HERE = Path(__file__).parent
CACHE = PROGRAMS_CACHE.parent / "clients"
Command = Sequence[str | Path]
PACKAGES = {
    "python": "kubernetes==37.0.2",
    "kubernetes-asyncio": "kubernetes_asyncio==36.1.0",
    "lightkube": "lightkube==1.0.1",
    "kopf": "kopf==1.45.2",
}


@dataclass(frozen=True)
class Program:
    """A client program."""

    needs: tuple[str, ...]
    """Toolchain: programs that have to be on PATH."""
    build: Callable[[], Command]
    """Builds it if need be; the command that runs it. Raises CalledProcessError."""

    def missing(self) -> list[str]:
        return [tool for tool in self.needs if shutil.which(tool) is None]


def _run(*command: str | Path, cwd: Path | None = None, **environment: str) -> None:
    subprocess.run(["nice", "-n", "10", *command], cwd=cwd, env=os.environ | environment, check=True, stdout=sys.stderr)


def _python(script: str, *packages: str) -> Callable[[], Command]:
    def build() -> Command:
        home = CACHE / "python"
        if not home.exists():
            _run(sys.executable, "-m", "venv", home)
        _run(home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        return home / "bin" / "python", HERE / "python" / script

    return build


def _go() -> Command:
    target = CACHE / "go"
    _run(go(), "build", "-p", "1", "-o", target, ".", cwd=HERE / "go")
    return (target,)


def _helm(major: str) -> Callable[[], Command]:
    def build() -> Command:
        target = PROGRAMS_CACHE / f"helm{major}"
        if not target.exists():
            package = f"helm.sh/helm/v{major}/cmd/helm"
            _run(
                go(),
                "build",
                "-p",
                "1",
                "-trimpath",
                "-ldflags",
                "-s -w",
                "-o",
                target,
                package,
                cwd=HERE / f"helm{major}",
                CGO_ENABLED="0",
            )
        return sys.executable, "-m", "conformance.clients.helm", f"helm{major}", target

    return build


def _rust() -> Command:
    target = CACHE / "rust"
    _run("cargo", "build", "--quiet", "--locked", "-j1", cwd=HERE / "rust", CARGO_TARGET_DIR=str(target))
    return (target / "debug" / "kcompat-client",)


def _javascript() -> Command:
    home = CACHE / "javascript"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "main.js"):
        shutil.copy(HERE / "javascript" / name, home / name)
    if not (home / "node_modules").exists():
        _run("npm", "install", "--no-audit", "--no-fund", cwd=home)
    return "node", home / "main.js"


def _java(name: str) -> Callable[[], Command]:
    def build() -> Command:
        home, target = HERE / name, CACHE / name
        shutil.rmtree(target / "dependency", ignore_errors=True)  # jars of other versions would stay
        _run("mvn", "-q", "-B", "-f", home / "pom.xml", f"-DbuildDirectory={target}", "package")
        return "java", "-cp", f"{target}/classes:{target}/dependency/*", "Main"

    return build


def _kustomize() -> Command:
    target = PROGRAMS_CACHE / "kustomize"
    if not target.exists():
        package, options = "sigs.k8s.io/kustomize/kustomize/v5", ("-p", "1", "-trimpath", "-ldflags", "-s -w")
        _run(go(), "build", *options, "-o", target, package, cwd=HERE / "kustomize", CGO_ENABLED="0")
    return "env", f"KUSTOMIZE={target}", sys.executable, "-m", "conformance.clients.kustomize"


PROGRAMS: dict[str, Program] = {
    "kubernetes (Python)": Program((), _python("official.py", PACKAGES["python"])),
    "kubernetes_asyncio (Python)": Program((), _python("asynchronous.py", PACKAGES["kubernetes-asyncio"])),
    "lightkube (Python)": Program((), _python("light.py", PACKAGES["lightkube"])),
    "kopf operator (Python)": Program((), _python("operator_run.py", PACKAGES["kopf"], PACKAGES["python"])),
    "client-go, controller-runtime (Go)": Program((), _go),
    "client-node (JavaScript)": Program(("node", "npm"), _javascript),
    "client-java (Java)": Program(("java", "mvn"), _java("java-official")),
    "fabric8 (Java)": Program(("java", "mvn"), _java("java-fabric8")),
    "kube-rs (Rust)": Program(("cargo",), _rust),
    "Helm 3": Program((), _helm("3")),
    "Helm 4": Program((), _helm("4")),
    "kubectl apply -k": Program((), _kustomize),
}
