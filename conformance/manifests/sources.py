"""The manifests: found in the Go module cache, their templates filled in. Called by `__main__.py`."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from conformance.tools import HERE, KUBERNETES, go

FOLDERS = ("hack/testdata", "test/fixtures/doc-yaml")
_CUSTOM = frozenset(("CustomResourceDefinition", "Foo", "Bar", "Example", "Widget", "Kind"))
_NEEDED = {
    "secrets/secret-pod.yaml.in": "secrets/secret.yaml",
    "secrets/secret-env-pod.yaml": "secrets/secret.yaml",
}
"""What pods mount, by the ends of the manifests' names."""

_IMAGES = {
    "AgnhostImage": "registry.k8s.io/e2e-test-images/agnhost:2.66.1",
    "BusyBoxImage": "registry.k8s.io/e2e-test-images/busybox:1.37.0-1",
    "NautilusImage": "registry.k8s.io/e2e-test-images/nautilus:1.7",
    "KittenImage": "registry.k8s.io/e2e-test-images/kitten:1.7",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """An object a manifest names."""

    kind: str
    group: str
    namespace: str
    name: str

    @property
    def argument(self) -> str:
        """What kubectl takes for it: deployment.apps/web."""
        return f"{self.kind.lower()}{'.' + self.group if self.group else ''}/{self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file. `name` is its path in the module; `text` is what kubectl is given."""

    name: str
    text: str
    refs: tuple[Ref, ...]
    broken: str = ""
    """Why it cannot be read, if it cannot."""
    needed: str = ""
    """What must be there first."""

    @property
    def kinds(self) -> list[str]:
        return sorted({ref.kind for ref in self.refs})

    @property
    def needs(self) -> str:
        """What it needs that kcompat has not yet."""
        return "" if _CUSTOM.isdisjoint(self.kinds) else "custom resources"


def module() -> Path:
    """The Kubernetes module's directory, downloaded if absent. Raises CalledProcessError."""
    if (present := in_cache()) is not None:
        return present
    command = [go(), "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES}"]
    printed = subprocess.run(command, cwd=HERE / "upstream", capture_output=True, text=True, check=True).stdout
    return Path(json.loads(printed)["Dir"])


def in_cache() -> Path | None:
    """Where Go keeps the module, if it has it."""
    cache = os.environ.get("GOMODCACHE") or Path(os.environ.get("GOPATH") or Path.home() / "go") / "pkg" / "mod"
    directory = Path(cache) / "k8s.io" / f"kubernetes@v{KUBERNETES}"
    return directory if (directory / FOLDERS[-1]).is_dir() else None


def manifests() -> tuple[list[Manifest], list[str]]:
    """Upstream's manifests in order of their names, then ours; and upstream's files that are something else."""
    root = module()
    found, others = [], []
    for path in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*") if file.is_file()):
        name = str(path.relative_to(root))
        manifest = read(name, path.read_text(errors="replace"))
        for end, other in _NEEDED.items():
            if manifest is not None and name.endswith(end):
                manifest = replace(manifest, needed=(root / name.removesuffix(end) / other).read_text())
        if manifest is None:
            others.append(name)
        else:
            found.append(manifest)
    return [*found, *_own()], others


def _own() -> Iterator[Manifest]:
    """One manifest for each document of kinds.yaml."""
    for text in (Path(__file__).parent / "kinds.yaml").read_text().split("\n---\n"):
        tree = yaml.load(text, yaml.BaseLoader)
        yield Manifest(f"kinds/{tree['kind']}-{tree['metadata']['name']}".lower(), text, tuple(_refs(tree)))


def read(name: str, raw: str) -> Manifest | None:
    """The manifest; None when the file is something else."""
    if not re.search(r"\.(ya?ml|json)(\.in)?$", name):
        return None
    text = re.sub(r"{{\.(\w+)}}", lambda match: _IMAGES[match[1]], raw)
    try:
        documents = list(_json_documents(text)) if text.startswith("{") else [tree for tree in yaml.load_all(text, yaml.BaseLoader) if tree]
    except (yaml.YAMLError, ValueError) as error:
        return Manifest(name, text, (), str(error).splitlines()[0])
    if not any(isinstance(tree, dict) and "apiVersion" in tree for tree in documents) or ("kustomize" in name and "kustomization" in name):
        return None
    return Manifest(name, text, tuple(ref for tree in documents for ref in _refs(tree)))


def _json_documents(text: str) -> Iterator[Any]:
    """kubectl reads several JSON documents one after another."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        tree, end = decoder.raw_decode(text)
        yield tree
        text = text[end:]


def _refs(tree: Any) -> Iterator[Ref]:
    for item in tree.get("items", [tree]):
        metadata = item.get("metadata") or {}
        kind = item.get("kind") or tree.get("kind", "").removesuffix("List")
        version = item.get("apiVersion") or tree.get("apiVersion", "")
        yield Ref(kind, version.rpartition("/")[0], metadata.get("namespace", ""), metadata.get("name", ""))
