"""Regenerates the facts of the API that kcompat ships (kcompat/apimachinery/data): `python openapi/generate.py`.

Sources: the Go modules named in gotypes/go.mod (types, tags, markers, discovery documents) and, as a second witness, the
schemas in the kubernetes-validate package. Where the two disagree the script stops. No sentence of either is written.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import gofacts
import printers
import typefacts
import witness

DATA = Path(__file__).parent.parent / "kcompat" / "apimachinery" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DATA)
    output: Path = parser.parse_args().output
    dirs = gofacts.module_dirs()
    resources = gofacts.discovery(dirs)
    versions = gofacts.group_versions(resources, dirs)
    packages = type_packages(versions, dirs)
    write(output, packages, resources, witness.reconcile(packages))
    served = {f"{resource['group']}/{resource['version']}" for resource in resources}
    (output / "versions.json").write_text(dump_table({v: kinds for v, kinds in gofacts.registered(dirs).items() if v not in served}))
    described = printers.described_columns(dirs["k8s.io/kubernetes"], packages, (resource["kind"] for resource in resources))
    (output / "columns.json").write_text(dump_table(described))
    (output / "feature_gates.json").write_text(dump_table(gofacts.feature_gates(dirs)))
    print(f"{len(packages)} packages, {sum(len(p['types']) for p in packages.values())} types, {len(resources)} resources")


def type_packages(versions: dict[str, tuple[str, str]], dirs: dict[str, Path]) -> dict[str, Any]:
    """Facts of every package, reduced to the types that some kind reaches. A stable type may reach into a package of an alpha version."""
    wanted, packages = {*versions, *gofacts.SHARED}, dict[str, Any]()
    while wanted:
        parsed = gofacts.parse(sorted(wanted), dirs)
        packages |= {typefacts.short(p): typefacts.package_facts(p, t, versions.get(p)) for p, t in parsed.items()}
        keep = typefacts.reachable(packages)
        wanted = {"k8s.io/api/" + name for name in keep if name not in packages}
    for name, facts in packages.items():
        facts["types"] = {t: f for t, f in facts["types"].items() if t in keep[name]}
    return {name: facts for name, facts in packages.items() if facts["types"]}


def write(output: Path, packages: dict[str, Any], resources: list[dict[str, Any]], openapi: dict[str, Any]) -> None:
    types = output / "types"
    types.mkdir(parents=True, exist_ok=True)
    for old in types.glob("*.json"):
        old.unlink()
    for name, facts in sorted(packages.items()):
        (types / f"{name.replace('/', '.')}.json").write_text(dump_package(facts))
    (output / "resources.json").write_text(dump_lines(resources))
    (output / "openapi.json").write_text(dump_table(openapi))
    index = {name: {k: v for k, v in facts.items() if k in ("package", "group", "version")} for name, facts in sorted(packages.items())}
    (output / "packages.json").write_text(dump_table(index))


def dump_lines(items: list[Any]) -> str:
    return "[\n" + ",\n".join(compact(i) for i in items) + "\n]\n"


def dump_table(table: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"{compact(k)}: {compact(v)}" for k, v in table.items()) + "\n}\n"


def dump_package(facts: dict[str, Any]) -> str:
    """One line per field, so that a diff of two releases can be read."""
    head = {k: v for k, v in facts.items() if k != "types"}
    types = ",\n".join(f"{compact(name)}: {dump_type(t)}" for name, t in facts["types"].items())
    return compact(head)[:-1] + ', "types": {\n' + types + "\n}}\n"


def dump_type(t: dict[str, Any]) -> str:
    if "fields" not in t:
        return compact(t)
    rest = compact({k: v for k, v in t.items() if k != "fields"})[1:-1]
    fields = ",\n ".join(compact(f) for f in t["fields"])
    return "{" + (rest + ", " if rest else "") + '"fields": [\n ' + fields + "]}"


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
