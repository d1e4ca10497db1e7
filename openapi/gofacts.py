"""What the Go modules say: types parsed by ./gotypes and the discovery documents of k8s.io/kubernetes.

Called by generate.py. Versions stand in gotypes/go.mod; the Go tool fetches the modules through its ordinary proxy.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent / "gotypes"
MODULES = ("k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator", "k8s.io/kubernetes")

# Packages that hold types but no group version of their own.
SHARED = (
    "k8s.io/apimachinery/pkg/apis/meta/v1",
    "k8s.io/apimachinery/pkg/api/resource",
    "k8s.io/apimachinery/pkg/runtime",
    "k8s.io/apimachinery/pkg/types",
    "k8s.io/apimachinery/pkg/util/intstr",
    "k8s.io/apimachinery/pkg/version",
)
# Group versions that are spoken but have no resources: webhooks' reviews and aggregated discovery.
SPOKEN = ("k8s.io/api/admission/v1", "k8s.io/api/apidiscovery/v2")
OUTSIDE_API = {
    ("apiextensions.k8s.io", "v1"): "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
    ("apiregistration.k8s.io", "v1"): "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
}


def go(*arguments: str) -> str:
    """Runs the Go tool in gotypes/ and returns its standard output."""
    return subprocess.run(["go", *arguments], cwd=HERE, check=True, capture_output=True, text=True).stdout


def module_dirs() -> dict[str, Path]:
    """Module path to the directory the Go tool unpacked it in."""
    decoder, text, result = json.JSONDecoder(), go("mod", "download", "-json", *MODULES), {}
    while text := text.lstrip():
        module, end = decoder.raw_decode(text)
        result[module["Path"]] = Path(module["Dir"])
        text = text[end:]
    return result


def directory(path: str, dirs: dict[str, Path]) -> Path:
    module = next(m for m in dirs if path == m or path.startswith(m + "/"))
    return dirs[module] / path[len(module) + 1 :]


def parse(paths: list[str], dirs: dict[str, Path]) -> dict[str, Any]:
    """Import path to what gotypes read there."""
    result: dict[str, Any] = json.loads(go("run", ".", *(f"{path}={directory(path, dirs)}" for path in paths)))
    return result


def group_versions(resources: list[dict[str, Any]], dirs: dict[str, Path]) -> dict[str, tuple[str, str]]:
    """Import path of the package to the (group, version) it defines, for each group version that has resources."""
    wanted = {(r["group"], r["version"]) for r in resources}
    found = {path: gv for gv, path in OUTSIDE_API.items()}
    for register in sorted(dirs["k8s.io/api"].glob("*/v*/register.go")):
        match = re.search(r'GroupName = "([^"]*)"', register.read_text())
        path = "k8s.io/api/" + register.parent.relative_to(dirs["k8s.io/api"]).as_posix()
        gv = (match[1] if match else "", register.parent.name)
        if gv in wanted or path in SPOKEN:
            found[path] = gv
    missing = wanted - set(found.values())
    if missing:
        raise SystemExit(f"no Go package for {sorted(missing)}")
    return found


def discovery(dirs: dict[str, Path]) -> list[dict[str, Any]]:
    """Every resource of the stable versions (the ones served without flags), with its subresources, in served order."""
    result: list[dict[str, Any]] = []
    for file in sorted((dirs["k8s.io/kubernetes"] / "api/discovery").glob("api*__v*.json")):
        document = json.loads(file.read_text())
        group, _, version = document["groupVersion"].rpartition("/")
        if re.fullmatch(r"v\d+", version):
            result += group_resources(group, version, document["resources"])
    return result


def group_resources(group: str, version: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    resources = {r["name"]: resource(group, version, r) for r in listed if "/" not in r["name"]}
    for entry in listed:
        name, slash, subresource = entry["name"].partition("/")
        if slash:
            facts = kind_of(entry) | {"name": subresource, "verbs": entry["verbs"]}
            resources[name]["subresources"].append(facts)
    return list(resources.values())


def resource(group: str, version: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": group,
        "version": version,
        "resource": entry["name"],
        **kind_of(entry),
        "namespaced": entry["namespaced"],
        "singular": entry["singularName"],
        "shortNames": entry.get("shortNames", []),
        "categories": entry.get("categories", []),
        "verbs": entry["verbs"],
        "storageVersionHash": entry.get("storageVersionHash"),
        "subresources": [],
    }


def kind_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The kind, with its group and version where they are not those of the resource."""
    return {k: entry[k] for k in ("kind",)} | {"kind" + k.capitalize(): entry[k] for k in ("group", "version") if entry.get(k)}


def feature_gates(dirs: dict[str, Path]) -> dict[str, list[Any]]:
    """Stage, default and whether it is locked of every feature gate, by name, as of this version of Kubernetes."""
    listed = directory("k8s.io/kubernetes/test/compatibility_lifecycle/reference/versioned_feature_list.yaml", dirs)
    this = _release(re.search(r"@v(\d+\.\d+)", str(dirs["k8s.io/kubernetes"]))[1])  # type: ignore[index]
    found = {}
    for gate in yaml.safe_load(listed.read_text()):
        specs = [spec for spec in gate["versionedSpecs"] if _release(spec["version"]) <= this]
        if specs:
            now = max(specs, key=lambda spec: _release(spec["version"]))
            found[gate["name"]] = [now["preRelease"] or "GA", now["default"], now["lockToDefault"]]
    return dict(sorted(found.items()))


def registered(dirs: dict[str, Path]) -> dict[str, list[str]]:
    """Kinds by `group/version`, of every version upstream's server knows besides those it serves by default."""
    apis, found = dirs["k8s.io/kubernetes"] / "pkg/apis", {}
    installed = re.findall(r"/pkg/apis/(\w+)/install", directory("k8s.io/kubernetes/pkg/controlplane/import_known_versions.go", dirs).read_text())
    for name in installed:
        for version in re.findall(r"Must\(\w*?(v\d\w*)\.AddToScheme", (apis / name / "install/install.go").read_text()):
            register = (directory(f"k8s.io/api/{name}/{version}", dirs) / "register.go").read_text()
            group = re.search(r'GroupName = "([^"]*)"', register)[1]  # type: ignore[index]
            found[f"{group}/{version}"] = [kind for kind in re.findall(r"&(\w+)\{\}", register) if not kind.endswith("List")]
    return dict(sorted(found.items()))


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
