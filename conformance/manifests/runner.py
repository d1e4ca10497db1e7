"""Runs the manifests and the commands on one cluster. Called by `__main__.py`.

A result is a mapping of group → "ok", or the reason why not; groups that concern nothing in the manifest are absent.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from conformance.manifests.commands import CREATE, OTHERS, Command
from conformance.manifests.kubectl import Failed, Kubectl
from conformance.manifests.sources import FOLDERS, Manifest, manifests, module
from conformance.manifests.steps import FILE, STEPS, Skip

_CREATED = re.compile(r" created$", re.MULTILINE)

Result = dict[str, str]
OK = "ok"


class Runner:
    """One cluster and one kubectl. What kubectl printed is kept below `outputs`, a file for each manifest and story."""

    def __init__(self, program: str, kubeconfig: dict[str, Any], directory: Path, outputs: Path) -> None:
        self._program = program
        self._kubeconfig = kubeconfig
        self._directory = directory
        self._outputs = outputs

    def manifest(self, number: int, manifest: Manifest) -> Result:
        """All groups on one manifest, in a namespace of its own."""
        namespaces = {ref.namespace for ref in manifest.refs} - {"", *(ref.name for ref in manifest.refs if ref.kind == "Namespace")}
        with self._namespace(f"m-{number:03}", manifest.name, namespaces) as kubectl:
            (kubectl.directory / FILE).write_text(manifest.text)
            if manifest.needed:
                kubectl("apply", "-f", "-", stdin=manifest.needed, quiet=True)
            return _steps(kubectl, manifest)

    def stories(self, only: str) -> Iterator[tuple[str, str]]:
        """The commands without manifests: a name that `only` fits, and its result."""
        stories = {f"create {name}": commands for name, commands in CREATE.items()} | OTHERS | {"explain kinds": _explain()}
        for name in (name for name in stories if re.search(only, name)):
            commands = stories[name]
            with self._namespace("s-" + name.replace(" ", "-"), f"stories/{name}", set()) as kubectl:
                _files(kubectl.directory)
                yield name, _story(kubectl, commands)

    @contextmanager
    def _namespace(self, namespace: str, name: str, more: set[str]) -> Iterator[Kubectl]:
        kubectl = Kubectl(self._program, self._kubeconfig, namespace, self._directory / namespace)
        for each in (namespace, *sorted(more)):
            kubectl("create", "namespace", each, codes=(0, 1), quiet=True)
        kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=20s", quiet=True)
        try:
            yield kubectl
        finally:
            output = self._outputs / f"{name}.txt"
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text("".join(kubectl.printed))
            own = sorted(each for each in (namespace, *more) if each not in ("default", "kube-system"))
            with suppress(Failed):
                kubectl("delete", "namespace", *own, "--ignore-not-found", "--wait=false", quiet=True)


def _steps(kubectl: Kubectl, manifest: Manifest) -> Result:
    result: Result = {}
    for name, step in STEPS.items():
        try:
            step(kubectl, manifest)
            result[name] = OK
        except Skip:
            continue
        except Failed as failure:
            result[name] = str(failure)
            if name == "apply" and not _CREATED.search(kubectl.printed[0]):
                break  # nothing to work with
    return result


def _story(kubectl: Kubectl, commands: tuple[Command, ...]) -> str:
    """Every command is run; the answer is the first failure."""
    failures = []
    for command in commands:
        arguments = [part for part in command if isinstance(part, str)]
        code = next((part for part in command if isinstance(part, int)), 0)
        try:
            kubectl(*arguments, codes=(code,))
        except Failed as failure:
            failures.append(str(failure))
    return failures[0] if failures else OK


def _explain() -> tuple[Command, ...]:
    """The kinds of all manifests that a server has without being told of them (and one example has a bogus kind)."""
    kinds = sorted({kind.lower() for manifest in manifests()[0] if not manifest.needs for kind in manifest.kinds} - {"", "bogus"})
    return tuple(command for kind in kinds for command in (("explain", kind), ("explain", kind, "--recursive")))


def _files(directory: Path) -> None:
    """What the stories name."""
    data = module() / FOLDERS[0]
    for name in ("kustomize", "recursive", "prune"):
        shutil.copytree(data / name, directory / name, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for folder in (directory / name, *(directory / name).rglob("*/")):
            folder.chmod(0o755)
    for name in ("tls.crt", "tls.key", "csr.yml"):
        shutil.copyfile(data / name, directory / name)
