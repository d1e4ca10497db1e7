"""Turns parsed Go declarations into the facts of a type: what the schema package reads. Pure; called by generate.py.

Shape of one package's facts::

    {"package": "k8s.io/api/core/v1", "group": "", "version": "v1", "kinds": ["Pod", …],
     "types": {"PodPhase": {"is": "string", "enum": [...]},
               "PodSpec": {"fields": [{"name": "volumes", "go": "Volumes", "type": "[]core/v1.Volume", "proto": 1, …}]}}}

A field has only the keys that say something: `name` (JSON), `go`, `type`, `inline`, `omit` ("empty" or "zero"), `proto`,
`merge_key`, `strategy`, `list_type`, `list_keys`, `map_type`, `required`, `default`.
"""

import json
import re
from typing import Any

Facts = dict[str, Any]

SHORT = {
    "k8s.io/apimachinery/pkg/apis/meta/v1": "meta/v1",
    "k8s.io/apimachinery/pkg/api/resource": "resource",
    "k8s.io/apimachinery/pkg/runtime": "runtime",
    "k8s.io/apimachinery/pkg/types": "types",
    "k8s.io/apimachinery/pkg/util/intstr": "intstr",
    "k8s.io/apimachinery/pkg/version": "version",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1": "apiextensions/v1",
    "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1": "apiregistration/v1",
}
NAMED = re.compile(r"([a-z0-9.]+/[A-Za-z0-9./-]*)\.([A-Z]\w*)")
TAG = re.compile(r'(\w+):"((?:[^"\\]|\\.)*)"')
# Served without being kinds: they have no kind and apiVersion of their own.
ALSO_SERVED = ("WatchEvent", "Info")
# Structs whose JSON is their own business keep their fields for protobuf.
OWN_JSON = {"UnmarshalJSON", "MarshalJSON"}


def short(path: str) -> str:
    """Import path to the name facts use: `core/v1`, `meta/v1`, `resource`."""
    return SHORT.get(path, path.removeprefix("k8s.io/api/"))


def short_type(expression: str) -> str:
    return NAMED.sub(lambda m: f"{short(m[1])}.{m[2]}", expression)


def package_facts(path: str, parsed: Facts, gv: tuple[str, str] | None) -> Facts:
    types = {name: type_facts(t, parsed["types"]) for name, t in sorted(parsed["types"].items()) if is_data(t)}
    head: Facts = {"package": path}
    if gv is not None:
        head |= {"group": gv[0], "version": gv[1]}
    served = gv or short(path) in ("meta/v1", "version")
    kinds = sorted(n for n, t in types.items() if n in ALSO_SERVED or is_kind(t)) if served else []
    return head | {"kinds": kinds, "types": types}


def is_data(t: Facts) -> bool:
    return bool(t.get("struct") or t.get("underlying", "?") not in ("?", "any"))


def is_kind(t: Facts) -> bool:
    return any(f.get("inline") and f["type"] == "meta/v1.TypeMeta" for f in t.get("fields", ()))


def type_facts(t: Facts, siblings: Facts) -> Facts:
    marks = markers(t)
    facts: Facts = {}
    if t.get("struct"):
        facts["fields"] = [f for f in (field_facts(f, siblings) for f in t.get("fields") or ()) if f]
    else:
        facts["is"] = short_type(t["underlying"])
    if OWN_JSON & set(t.get("methods") or ()):
        facts["own_json"] = True
    if "enum" in marks and t.get("constants"):
        facts["enum"] = sorted(t["constants"].values())
    if "protobuf.nullable" in marks:
        facts["message"] = True
    return facts | map_type(marks)


def field_facts(field: Facts, siblings: Facts) -> Facts | None:
    tags = dict(TAG.findall(field.get("tag", "")))
    name, _, options = tags.get("json", "").partition(",")
    proto = tags.get("protobuf", "-").split(",")
    facts: Facts = {"go": field["name"], "type": short_type(field["type"])}
    if len(proto) > 1:
        facts["proto"] = int(proto[1])
    if field.get("embedded") and not name:
        return {"inline": True} | facts
    if name == "-" and len(proto) == 1:
        return None
    facts = {"name": name or field["name"]} | facts
    return facts | json_facts(options.split(",")) | merge_facts(field, tags) | openapi_facts(field, options, siblings)


def json_facts(options: list[str]) -> Facts:
    # omitzero wins where both stand: it drops zero structs too (k8s.io/apimachinery meta/v1 ObjectMeta.creationTimestamp)
    omit = next((o for o in ("omitzero", "omitempty") if o in options), None)
    return {"omit": omit.removeprefix("omit")} if omit else {}


def merge_facts(field: Facts, tags: dict[str, str]) -> Facts:
    """Strategic merge patch reads the tags, structured merge the markers."""
    marks, keys = markers(field), [m.partition("=")[2] for m in field.get("markers") or () if m.startswith("listMapKey=")]
    facts: Facts = {}
    for key, value in (("merge_key", tags.get("patchMergeKey")), ("strategy", tags.get("patchStrategy"))):
        if value:
            facts[key] = value
    if "listType" in marks:
        facts["list_type"] = marks["listType"]
    return facts | map_type(marks) | ({"list_keys": keys} if keys else {})


def map_type(marks: dict[str, str]) -> Facts:
    """Maps and structs publish the same extension (kube-openapi/pkg/generators/extension.go)."""
    value = marks.get("mapType") or marks.get("structType")
    return {"map_type": value} if value else {}


def openapi_facts(field: Facts, options: str, siblings: Facts) -> Facts:
    """Whether the field is required and its default (kube-openapi/pkg/generators/openapi.go: isOptional, generateDefault)."""
    marks, facts = markers(field), {}
    optional = "required" not in marks and ("optional" in marks or "omitempty" in options)
    if not optional:
        facts["required"] = True
    if "default" in marks:
        facts["default"] = default_value(marks["default"], siblings)
    return facts


def default_value(text: str, siblings: Facts) -> Any:
    reference = re.fullmatch(r"ref\((\w+)\)", text)
    if not reference:
        return json.loads(text)
    return next(t["constants"][reference[1]] for t in siblings.values() if reference[1] in (t.get("constants") or {}))


def markers(declaration: Facts) -> dict[str, str]:
    """Marker name to value, the first one where a name repeats."""
    result: dict[str, str] = {}
    for marker in declaration.get("markers") or ():
        name, _, value = marker.partition("=")
        result.setdefault(name.strip(), value.strip())
    return result


def references(facts: Facts) -> set[str]:
    """Full names of the types that one type's facts mention."""
    texts = [f["type"] for f in facts.get("fields", ())] + [facts.get("is", "")]
    return {name for text in texts for name in re.findall(r"[a-z][\w./]*\.[A-Z]\w*", text)}


def reachable(packages: dict[str, Facts]) -> dict[str, set[str]]:
    """By package, the type names that some kind mentions, directly or not; with packages that are not there yet."""
    queue = [f"{p}.{kind}" for p, facts in packages.items() for kind in facts["kinds"]]
    result: dict[str, set[str]] = {p: set() for p in packages}
    while queue:
        package, _, local = queue.pop().rpartition(".")
        if local in result.get(package, ()) or package == "time":
            continue
        result.setdefault(package, set()).add(local)
        if package in packages:
            queue += references(packages[package]["types"][local])
    return result
