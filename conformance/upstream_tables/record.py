"""Runs upstream's unit tests with hooks and keeps what they asked and were answered.

    python -m conformance.upstream_tables.record [NAME ...]

Files below the module cache may not be laid over, so the module is reached through a link in our own cache: $XDG_CACHE_HOME/kcompat/tables.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from conformance.tools import CACHE, KUBERNETES, go

HERE = Path(__file__).parent
TABLES = CACHE.parent / "tables"
MODULE = TABLES / "kubernetes"
_RECORD = "k8s.io/kubernetes/pkg/kcompatrecord"


@dataclass(frozen=True)
class Table:
    """A package of upstream's whose tests are recorded: which of its files is hooked, and how."""

    package: str
    file: str
    hook: Callable[[str], str]


def _imported(source: str) -> str:
    return source if f'record "{_RECORD}"' in source else re.sub(r"^import \(", f'import (\n\trecord "{_RECORD}"', source, count=1, flags=re.MULTILINE)


def _ungated(source: str) -> str:
    """A test file that leaves the feature gates alone, as they are on a server without flags; what it then asserts does not matter."""
    if "featuregatetesting." not in source:
        return source
    return _imported(re.sub(r"\bfeaturegatetesting\.Set\w+\(", "record.Ignore(", source)) + "\nvar _ featuregatetesting.FeatureOverrides\n"


def _wrapped(source: str, signature: str, wrapper: str) -> str:
    """Renames each function that `signature` matches (groups: name, parameters, results) to asked_NAME; `wrapper` takes its place."""
    wrappers = []

    def rename(match: re.Match[str]) -> str:
        arguments = [part.split()[0] for part in match["parameters"].split(", ")]
        wrappers.append(Template(wrapper).substitute(match.groupdict(), arguments=", ".join(arguments), objects=", ".join(_VERSIONED.format(a) for a in arguments)))
        return f"func asked_{match['name']}({match['parameters']}) {match['results']} {{"

    return _imported(re.sub(signature, rename, source, flags=re.MULTILINE)) + "\n" + "\n".join(wrappers)


_VERSIONED = "record.Versioned({})"
_PRINTER = r"^func (?P<name>print\w+)\((?P<parameters>\w+ \*(?!metav1)\w+\.\w+, options printers\.GenerateOptions)\) (?P<results>\([^)]*\)) \{"
_PRINT = """func $name($parameters) $results {
	entry := map[string]any{"function": "$name", "objects": []any{$objects}}
	narrow := options
	options.Wide = true
	entry["answer"], _ = asked_$name($arguments)
	record.Line(entry)
	options = narrow
	return asked_$name($arguments)
}
"""
_ROUND_TRIP = r"^func (?P<name>roundTrip)\((?P<parameters>t \*testing\.T, \w+ runtime\.Object)\) (?P<results>runtime\.Object) \{"
_ROUND = """func $name($parameters) $results {
	entry := map[string]any{"function": "$name", "objects": []any{$objects}}
	result := asked_$name($arguments)
	entry["answer"] = record.Versioned(result)
	record.Line(entry)
	return result
}
"""
_WARNER = r"^func (?P<name>(?:Get)?WarningsFor\w+)\((?P<parameters>[^)]*)\) (?P<results>\[\]string) \{"
_WARN = """func $name($parameters) $results {
	entry := map[string]any{"function": "$name", "objects": []any{$objects}}
	result := asked_$name($arguments)
	entry["answer"] = result
	record.Line(entry)
	return result
}
"""
_DROPPER = r"^func (?P<name>dropDisabledFields)\((?P<parameters>[^)]*)\)(?P<results>) \{"
_DROP = """func $name(podSpec *api.PodSpec, podAnnotations map[string]string, oldPodSpec *api.PodSpec, oldPodAnnotations map[string]string) {
	pod := func(spec *api.PodSpec) any {
		if spec == nil {
			return nil
		}
		return record.Versioned(&api.Pod{Spec: *spec})
	}
	entry := map[string]any{"function": "$name", "objects": []any{pod(podSpec), pod(oldPodSpec)}}
	asked_$name(podSpec, podAnnotations, oldPodSpec, oldPodAnnotations)
	entry["answer"] = pod(podSpec)
	record.Line(entry)
}
"""


def _printers(source: str) -> str:
    """Every print function: the object, and its rows for a server, which always asks for the wide columns too."""
    return _wrapped(source, _PRINTER, _PRINT)


def _round_trips(source: str) -> str:
    """The tests' roundTrip: an object as a client sends it, and as the server answers; and what they default alone."""
    return re.sub(r"\b(legacyscheme\.Scheme|scheme)\.Default\((\w+)\)", r"record.Default(\1, \2)", _wrapped(source, _ROUND_TRIP, _ROUND))


def _warnings(source: str) -> str:
    """Every GetWarningsFor…: the objects, old one last, and the warnings."""
    return _wrapped(source, _WARNER, _WARN)


def _dropped(source: str) -> str:
    """The dropping of fields whose gates are off, from pods."""
    return _wrapped(source, _DROPPER, _DROP)


_PREPARES = re.compile(
    r"^func \((?:\w+ )?(?P<type>\*?\w+)\) (?P<name>PrepareFor(?:Create|Update))\(ctx context\.Context, (?P<arguments>\w+(?:, \w+)?) runtime\.Object\) \{", re.M
)
_PREPARE = """func (strategy $type) $name(ctx context.Context, $arguments runtime.Object) {
	entry := map[string]any{"function": "$name", "strategy": "$type", "objects": []any{$objects}}
	strategy.asked_$name(ctx, $arguments)
	entry["answer"] = record.Versioned($first)
	record.Line(entry)
}
"""


def _strategies(source: str) -> str:
    """What strategies make of an object before it is checked: the objects, new one first, and the new one then."""
    wrappers = []

    def rename(match: re.Match[str]) -> str:
        arguments = match["arguments"].split(", ")
        objects = ", ".join(_VERSIONED.format(argument) for argument in arguments)
        wrappers.append(Template(_PREPARE).substitute(match.groupdict(), objects=objects, first=arguments[0]))
        return match[0].replace(match["name"], f"asked_{match['name']}")

    return _imported(_PREPARES.sub(rename, source)) + "\n" + "\n".join(wrappers)


# flowcontrol is not here: its tests are inside the package that the recorder imports
DEFAULTED = tuple(
    f"{group}/{version}"
    for group, version in [
        *((group, "v1") for group in ("admissionregistration", "apps", "autoscaling", "batch", "core", "discovery", "networking")),
        *((group, "v1") for group in ("resource", "scheduling", "storage")),
        ("autoscaling", "v2"),
    ]
)
WARNED = {"job": "warnings", "node": "util", "persistentvolume": "util", "persistentvolumeclaim": "util", "pod": "warnings", "service": "warnings", "storage": "util"}
PREPARED = (
    *(f"admissionregistration/{kind}" for kind in (
        "mutatingadmissionpolicy", "mutatingadmissionpolicybinding", "validatingadmissionpolicy", "validatingadmissionpolicybinding",
        "validatingwebhookconfiguration",
    )),
    "apps/deployment", "apps/replicaset", "apps/statefulset", "batch/job", "core/persistentvolumeclaim", "core/pod", "core/service",
    "resource/resourceclaim",
)  # fmt: skip
TABLE: dict[str, Table] = {
    "printers": Table("pkg/printers/internalversion", "printers.go", _printers),
    **{f"defaults/{version}": Table(f"pkg/apis/{version}", "defaults_test.go", _round_trips) for version in DEFAULTED},
    **{f"warnings/{kind}": Table(f"pkg/api/{kind}", f"{file}.go", _warnings) for kind, file in WARNED.items()},
    **{f"strategies/{kind}": Table(f"pkg/registry/{kind}", "strategy.go", _strategies) for kind in PREPARED},
    "dropped/pod": Table("pkg/api/pod", "util.go", _dropped),
}


def path(name: str) -> Path:
    """Where what is recorded of a table is."""
    return TABLES / f"{name.replace('/', '-')}.jsonl"


def cases(name: str) -> Iterator[dict[str, Any]]:
    """What is recorded; nothing where it was not."""
    if path(name).exists():
        with path(name).open() as lines:
            yield from map(json.loads, lines)


def missing() -> list[str]:
    """The tables not recorded yet: what upstream's tests ask and are answered does not change."""
    return [name for name in TABLE if not path(name).exists()]


def _module() -> Path:
    """The conformance module's go.mod, with Kubernetes where files may be laid over it."""
    environment = os.environ | {"GOFLAGS": "-mod=mod"}
    where = subprocess.run([go(), "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES}"], check=True, capture_output=True, env=environment)
    TABLES.mkdir(parents=True, exist_ok=True)
    MODULE.unlink(missing_ok=True)
    MODULE.symlink_to(json.loads(where.stdout)["Dir"])
    source = HERE.parent / "upstream"
    shutil.copy(source / "go.sum", TABLES / "go.sum")
    (TABLES / "go.mod").write_text((source / "go.mod").read_text() + f"\nreplace k8s.io/kubernetes => {MODULE}\n")
    return TABLES


def _overlay(table: Table, where: Path) -> dict[Path, Path]:
    """The files laid over upstream's: the recorder, the hooked file, and tests that leave the gates alone."""
    package = MODULE / table.package
    replaced = {MODULE / "pkg/kcompatrecord/record.go": HERE / "record.go"}
    for file in {package / table.file, *package.glob("*_test.go")}:
        source = file.read_text()
        hooked = _ungated(source) if file.name.endswith("_test.go") else source
        hooked = table.hook(hooked) if file.name == table.file else hooked
        if hooked != source:
            replaced[file] = where / file.name.replace("_test.go", "_hooked.txt")
            replaced[file].write_text(hooked)
    return replaced


def record(name: str) -> int:
    """Runs the table's tests, hooked; how many cases came of it. Raises RuntimeError when none did."""
    table, where = TABLE[name], _module()
    path(name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        replaced = {str(key): str(value) for key, value in _overlay(table, Path(temporary)).items()}
        overlay = Path(temporary, "overlay.json")
        overlay.write_text(json.dumps({"Replace": replaced}))
        environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=mod", "KCOMPAT_RECORD": str(path(name))}
        command = [go(), "test", "-trimpath", "-vet=off", "-count=1", "-overlay", str(overlay), f"k8s.io/kubernetes/{table.package}"]
        ran = subprocess.run(command, cwd=where, env=environment, check=False, capture_output=True, text=True)
    if not path(name).exists():
        raise RuntimeError(f"{name}: nothing recorded\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")
    return sum(1 for _ in cases(name))


if __name__ == "__main__":
    for wanted in sys.argv[1:] or missing():
        print(f"{wanted}: {record(wanted)} cases", flush=True)
