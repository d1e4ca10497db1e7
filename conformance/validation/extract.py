"""Takes the cases out of upstream's validation tests: runs them as they are, on copies of the modules in which each validation function tells what it is called with.

    python -m conformance.validation extract        (into the cache outside the checkout; about ten minutes the first time)

Tests and cases stay in caches; nothing of them is kept in this project. Each line of a file is a call: test, function and those
arguments that are objects of the API, in the version a server serves, as given and with defaults. Called by __main__.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from conformance.tools import CACHE, KUBERNETES, go

HERE = Path(__file__).parent
UPSTREAM = HERE.parent / "upstream"
CASES = CACHE.parent / f"validation-cases-{KUBERNETES}"
PACKAGES = [
    *(f"k8s.io/kubernetes/pkg/apis/{group}/validation" for group in (
        "admissionregistration", "apps", "authentication", "authorization", "autoscaling", "batch", "certificates", "coordination", "core",
        "discovery", "flowcontrol", "networking", "node", "policy", "rbac", "resource", "scheduling", "storage",
    )),
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation",
]  # fmt: skip
DECLARATIVE = "k8s.io/kubernetes/test/declarative_validation"
_EQUIVALENCE = "k8s.io/kubernetes/pkg/api/testing"
_HOOK, _RECORDING = "k8s.io/kubernetes/pkg/kcompatrecorder", "k8s.io/kubernetes/pkg/kcompatrecording"
_MODULES = ("k8s.io/kubernetes", "k8s.io/apiextensions-apiserver")
_FUNCTION = re.compile(
    r"^func (?P<name>[vV]alidate\w*|VerifyVersionedValidationEquivalence)\((?P<parameters>[^\n]*?)\) ([^\n]* )?\{$", re.M
)


def _go(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs Go in the module that names upstream's. Its output is text."""
    settings = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=mod"} | environment
    return subprocess.run([go(), *arguments], cwd=UPSTREAM, env=settings, check=False, capture_output=True, text=True)


def _copies(work: Path) -> tuple[Path, dict[str, Path]]:
    """Copies of the modules as hard links (Go takes no overlay in its cache), and a go.mod that names them."""
    places: dict[str, Path] = {}
    alternative = work / "go.mod"
    shutil.copy(UPSTREAM / "go.mod", alternative)
    shutil.copy(UPSTREAM / "go.sum", work / "go.sum")
    for module in _MODULES:
        listed = _go("mod", "download", "-json", f"{module}@{'v' + KUBERNETES if module.endswith('kubernetes') else 'v0' + KUBERNETES[1:]}")
        listed.check_returncode()
        places[module] = work / module.rpartition("/")[2]
        if not places[module].exists():
            subprocess.run(["cp", "-al", json.loads(listed.stdout)["Dir"], places[module]], check=True)
        _go("mod", "edit", f"-replace={module}={places[module]}", str(alternative)).check_returncode()
    return alternative, places


def _told(source: str, reporter: str) -> str:
    """Go source whose validation functions report their calls."""

    def reported(found: re.Match[str]) -> str:
        name, parameters = found["name"], found["parameters"]
        if "func(" in parameters:
            return found[0]
        names = [part.split()[0] for part in parameters.split(", ") if part and part.split()[0] not in ("_", "t")]
        quoted = ", ".join(f'"{part}"' for part in names)
        return f'{found[0]}\n\trecorder.{reporter}("{name}", []string{{{quoted}}}, {", ".join(names)})' if names else found[0]

    told = _FUNCTION.sub(reported, source)
    if told == source:
        return source
    return re.sub(r"^import \(", f'import (\n\trecorder "{_HOOK}"', told, count=1, flags=re.M)


def _overlay(work: Path, places: dict[str, Path], packages: list[str]) -> Path:
    """The overlay file of `go -overlay`: changed sources and added packages."""
    replaced: dict[str, str] = {}

    def place(package: str) -> Path:
        module = next(module for module in _MODULES if package.startswith(f"{module}/"))
        return places[module] / package.removeprefix(f"{module}/")

    def lay(target: Path, text: str) -> None:
        file = work / "overlay" / f"{len(replaced)}.go"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        replaced[str(target)] = str(file)

    lay(place(_HOOK) / "hook.go", (HERE / "recorder" / "hook.go").read_text())
    lay(place(_RECORDING) / "recording.go", (HERE / "recorder" / "recording.go").read_text())
    lay(place(_EQUIVALENCE) / "validation.go", _told((place(_EQUIVALENCE) / "validation.go").read_text(), "Checked"))
    for package in packages:
        directory = place(package)
        name = re.search(r"^package (\w+)", next(directory.glob("*_test.go")).read_text(), re.M)
        assert name, directory
        lay(directory / "zz_recording_test.go", f'package {name[1].removesuffix("_test")}_test\n\nimport _ "{_RECORDING}"\n')
        for file in [] if package.startswith(DECLARATIVE) else sorted(directory.glob("*.go")):
            source = file.read_text()
            if not file.name.endswith("_test.go") and (told := _told(source, "Called")) != source:
                lay(file, told)
    overlay = work / "overlay.json"
    overlay.write_text(json.dumps({"Replace": replaced}))
    return overlay


def _declarative(places: dict[str, Path]) -> list[str]:
    root = places["k8s.io/kubernetes"]
    found = {file.parent.relative_to(root) for file in (root / DECLARATIVE.removeprefix("k8s.io/kubernetes/")).rglob("*_test.go")}
    return sorted(f"k8s.io/kubernetes/{path}" for path in found)


def extract(chosen: str = "") -> Iterator[tuple[str, int, str]]:
    """(package, calls heard, what went wrong) of each package, or of those whose path has `chosen` in it."""
    work = CASES / "modules"
    work.mkdir(parents=True, exist_ok=True)
    alternative, places = _copies(work)
    packages = [package for package in [*PACKAGES, *_declarative(places)] if chosen in package]
    overlay = _overlay(work, places, packages)
    for package in packages:
        file = CASES / (package.split("/", 1)[1].replace("/", "_") + ".jsonl")
        file.unlink(missing_ok=True)
        ran = _go("test", "-vet=off", "-count=1", f"-modfile={alternative}", "-overlay", str(overlay), package, KCOMPAT_RECORDING=str(file))
        heard = file.read_text().count("\n") if file.exists() else 0
        yield package, heard, "" if ran.returncode == 0 else (ran.stdout + ran.stderr)[-1500:]
