"""The second witness: the schemas in the kubernetes-validate package. Called by generate.py.

`reconcile` compares what both sources say about a property (required, list and map types, merge keys, enums) and returns
what only the published schemas know: unions, and the group versions that each kind of meta/v1 is published under.
"""

import json
from importlib import resources
from typing import Any

Facts = dict[str, Any]
EXTENSIONS = {
    "list_type": "x-kubernetes-list-type",
    "map_type": "x-kubernetes-map-type",
    "list_keys": "x-kubernetes-list-map-keys",
    "merge_key": "x-kubernetes-patch-merge-key",
    "strategy": "x-kubernetes-patch-strategy",
}


def definitions() -> Facts:
    root = resources.files("kubernetes_validate") / "kubernetes-json-schema" / "v1.37.0-local" / "_definitions.json"
    result: Facts = json.loads(root.read_text())["$defs"]
    return result


def definition_name(package: str, name: str) -> str:
    """`k8s.io/api/core/v1`, `Pod` → `io.k8s.api.core.v1.Pod` (the OpenAPIModelName upstream publishes)."""
    host, _, rest = package.partition("/")
    return ".".join([*reversed(host.split(".")), *rest.split("/"), name])


def reconcile(packages: dict[str, Facts]) -> Facts:
    published, complaints = definitions(), []
    unions: Facts = {}
    kinds: Facts = {}
    for package, facts in packages.items():
        for name, t in facts["types"].items():
            full = definition_name(facts["package"], name)
            schema = published.get(full)
            if schema is None or "fields" not in t or t.get("own_json"):
                continue
            complaints += [f"{full}: {c}" for c in disagreements(t, schema, packages)]
            if "x-kubernetes-unions" in schema:
                unions[full] = schema["x-kubernetes-unions"]
            if "x-kubernetes-group-version-kind" in schema and package == "meta/v1":
                kinds[full] = [f"{g['group']}/{g['version']}" for g in schema["x-kubernetes-group-version-kind"]]
    if complaints:
        raise SystemExit("Go and the published schemas disagree:\n" + "\n".join(complaints))
    return {"unions": unions, "kinds": kinds}


def flat_fields(t: Facts, packages: dict[str, Facts]) -> dict[str, Facts]:
    result: dict[str, Facts] = {}
    for f in t["fields"]:
        if f.get("inline"):
            package, _, local = f["type"].lstrip("*").rpartition(".")
            result |= flat_fields(packages[package]["types"][local], packages)
        else:
            result[f["name"]] = f
    return result


def disagreements(t: Facts, schema: Facts, packages: dict[str, Facts]) -> list[str]:
    fields, properties = flat_fields(t, packages), schema.get("properties", {})
    result = [f"only one source has {n}" for n in fields.keys() ^ properties.keys()]
    required = {n for n, f in fields.items() if f.get("required")}
    if required != set(schema.get("required", ())):
        result.append(f"required {sorted(required ^ set(schema.get('required', ())))}")
    for name in fields.keys() & properties.keys():
        for fact, extension in EXTENSIONS.items():
            ours, theirs = fields[name].get(fact), properties[name].get(extension)
            if ours != theirs:
                result.append(f"{name} {extension}: {ours!r} or {theirs!r}")
    return result
