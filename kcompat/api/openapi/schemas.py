"""Schemas of the API's types as upstream publishes them, for both OpenAPI versions. Called by documents.

Answers kube-openapi/pkg/generators/openapi.go (which facts become what) and pkg/builder3 (how version 3 wraps references). Names, formats,
enums and extensions are facts; descriptions come from the kubernetes-validate package when it is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson

from kcompat.apimachinery.schema import Field, Type, enum_of, facts
from kcompat.apimachinery.schema.types import named

Schema = dict[str, Any]

V2_PREFIX: Final = "#/definitions/"
V3_PREFIX: Final = "#/components/schemas/"
UNDESCRIBED: Final = "Descriptions are not installed where this server runs; `pip install 'kcompat[docs]'` there adds them."
META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."

_PRIMITIVES: Final[dict[str, Schema]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {},
}
_ZEROS: Final[dict[str, Any]] = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0}

# Types whose schema is not made of their fields (their OpenAPISchemaType and OpenAPIDefinition methods).
_OWN: Final[dict[str, tuple[Schema, Schema]]] = {
    "resource.Quantity": ({"type": "string"}, {"oneOf": [{"type": "string"}, {"type": "number"}]}),
    "intstr.IntOrString": (
        {"type": "string", "format": "int-or-string"},
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "meta/v1.Time": ({"type": "string", "format": "date-time"},) * 2,
    "meta/v1.MicroTime": ({"type": "string", "format": "date-time"},) * 2,
    "meta/v1.FieldsV1": ({"type": "object"},) * 2,
    "meta/v1.Patch": ({"type": "object"},) * 2,
    "runtime.RawExtension": ({"type": "object"},) * 2,
    "apiextensions/v1.JSON": ({},) * 2,
    "apiextensions/v1.JSONSchemaPropsOrArray": ({},) * 2,
    "apiextensions/v1.JSONSchemaPropsOrBool": ({},) * 2,
    "apiextensions/v1.JSONSchemaPropsOrStringArray": ({},) * 2,
}
_EXTENSIONS: Final = (
    ("list_map_keys", "x-kubernetes-list-map-keys"), ("list_type", "x-kubernetes-list-type"), ("map_type", "x-kubernetes-map-type"),
    ("merge_key", "x-kubernetes-patch-merge-key"), ("patch_strategy", "x-kubernetes-patch-strategy"),
)  # fmt: skip

_FIRST: Final = ("description", "$ref", "type", "format", "default")


def descriptions() -> Mapping[str, Schema]:
    """The described schemas of kubernetes-validate by definition name; empty when it is not installed. Large: not kept."""
    try:
        root = resources.files("kubernetes_validate") / "kubernetes-json-schema" / "v1.37.0-local" / "_definitions.json"
        found: Mapping[str, Schema] = orjson.loads(root.read_bytes())["$defs"]
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    return found


def definition_of(name: str) -> str:
    """`core/v1.Pod` → `io.k8s.api.core.v1.Pod`, upstream's OpenAPIModelName."""
    package, _, local = name.rpartition(".")
    host, _, rest = str(facts.packages()[package]["package"]).partition("/")
    return ".".join([*reversed(host.split(".")), *rest.split("/"), local])


class Schemas:
    """Collects the definitions that one document refers to. Version 3 lists shared kinds only under the document's own group version."""

    def __init__(self, described: Mapping[str, Schema], *, version: int, served: tuple[str, str] = ("", "v1")) -> None:
        self._described = described
        self._v3 = version == 3
        self._prefix = V3_PREFIX if self._v3 else V2_PREFIX
        self._served = served
        self._definitions: dict[str, Schema] = {}

    def ref(self, name: str) -> Schema:
        """A reference to a type by its facts' name, whose definition becomes part of the document."""
        definition = definition_of(name)
        if definition not in self._definitions:
            self._definitions[definition] = {}
            self._definitions[definition] = self._define(name, definition)
        return {"$ref": self._prefix + definition}

    def definitions(self) -> dict[str, Schema]:
        return dict(sorted(self._definitions.items()))

    def _define(self, name: str, definition: str) -> Schema:
        undescribed: Schema = {} if self._described else {"description": UNDESCRIBED}
        described = self._described.get(definition, undescribed)
        schema: Schema = {"description": described["description"]} if "description" in described else {}
        if name in _OWN:
            schema |= _OWN[name][self._v3]
        else:
            schema |= self._struct(named(name), described.get("properties", {}))
        kinds = [{"group": g, "kind": name.rpartition(".")[2], "version": v} for g, v in self._versions(name)]
        if kinds:
            schema["x-kubernetes-group-version-kind"] = kinds
        if definition in facts.openapi()["unions"]:
            schema["x-kubernetes-unions"] = facts.openapi()["unions"][definition]
        return schema

    def _versions(self, name: str) -> Iterable[tuple[str, str]]:
        """The group versions a kind is registered in (scheme.ObjectKinds)."""
        package, _, kind = name.rpartition(".")
        if package == "meta/v1":
            listed = [v.split("/") for v in facts.openapi()["kinds"].get(definition_of(name), ())]
            return [(g, v) for g, v in listed if not self._v3 or (g, v) in (("", "v1"), self._served)]
        gv = facts.packages()[package]
        return [(gv["group"], gv["version"])] if "group" in gv and kind in facts.package(package)["kinds"] else []

    def _struct(self, type: Type, described: Mapping[str, Schema]) -> Schema:
        schema: Schema = {"type": "object"}
        required = [f.name for f in type.fields.values() if f.required]
        if required:
            schema["required"] = required
        if type.fields:
            ordered = sorted(type.fields.items())
            schema["properties"] = {n: self._property(f, described.get(n, {}).get("description")) for n, f in ordered}
        if type.map_type:
            schema["x-kubernetes-map-type"] = type.map_type
        return schema

    def _property(self, field: Field, description: str | None) -> Schema:
        schema = self.of(field.type)
        if values := enum_of(field.type.element or field.type):  # upstream's list has each constant's comment too
            description = f"{description or ''}\n\nPossible enum values:\n" + "\n".join(f' - `"{v}"`' for v in values)
        default = _default(field) if self._v3 else None
        kept = {extension: _extension(fact, value) for fact, extension in _EXTENSIONS if (value := getattr(field, fact))}
        if self._v3 and "$ref" in schema and (description or default is not None or kept):
            schema = {"allOf": [schema]}
        return _in_order({"description": (description or "").strip(), "default": default} | schema) | kept

    def of(self, type: Type) -> Schema:
        """The schema of a type where it is used."""
        if type.kind == "list" and type.element is not None:
            return {"type": "array", "items": self.of(type.element)}
        if type.kind == "map" and type.element is not None:
            return {"type": "object", "additionalProperties": self.of(type.element)}
        if type.kind in _PRIMITIVES:
            enum = enum_of(type)
            return _PRIMITIVES[type.kind] | ({"enum": list(enum)} if enum else {})
        return self.ref(type.name)


def _in_order(schema: Schema) -> Schema:
    """Members in the order of kube-openapi's types, without those that say nothing."""
    said = {name: value for name, value in schema.items() if value is not None and (value or name != "description")}
    return {name: said[name] for name in (*_FIRST, *said) if name in said}


def _extension(fact: str, value: Any) -> Any:
    return ",".join(value) if fact == "patch_strategy" else list(value) if fact == "list_map_keys" else value


def _default(field: Field) -> Any:
    """What Go's zero value or a marker says the default is (openapi.go:generateDefault)."""
    if field.default is not None:
        return field.default
    if field.type.pointer:
        return None
    if field.type.kind == "struct":
        return {}
    return None if field.omit == "empty" else _ZEROS.get(field.type.kind)


@cache
def group_title(group: str) -> tuple[str, ...]:
    """A group's words as operation names have them: `rbac.authorization.k8s.io` → (rbac, authorization); the core group is `core`."""
    return tuple(group.removesuffix(".k8s.io").split(".")) if group else ("core",)
