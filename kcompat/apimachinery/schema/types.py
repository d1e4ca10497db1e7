"""A view of the API's Go types: fields in Go's order with their JSON names, merge keys, list types and protobuf numbers.

Called by the compiler and walk (typed decoding), protobuf, patch, apply, registry/rules and the OpenAPI builder. Everything is built lazily
from the facts and cached; values are immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Final

from kcompat.apimachinery.schema import facts

_SCALARS: Final = {
    "string": "string", "bool": "bool", "int32": "int32", "int64": "int64", "int": "int64", "float64": "float64", "any": "any"
}  # fmt: skip

_OWN_JSON: Final = {
    "resource.Quantity": "quantity",
    "meta/v1.Time": "time",
    "meta/v1.MicroTime": "microtime",
    "meta/v1.FieldsV1": "raw",
    "runtime.RawExtension": "raw",
    "apiextensions/v1.JSON": "raw",
    "apiextensions/v1.JSONSchemaPropsOrArray": "schema_or_array",
    "apiextensions/v1.JSONSchemaPropsOrBool": "schema_or_bool",
    "apiextensions/v1.JSONSchemaPropsOrStringArray": "schema_or_strings",
    "intstr.IntOrString": "int_or_string",
}
"""Types that bring their own UnmarshalJSON, and the kind that stands for it here."""

INTERNAL: Final = "__internal"
"""The version of upstream's own form of all kinds."""
META_GROUP: Final = "meta.k8s.io"
"""Whose kinds every group version has, and no server takes as this group's."""

_NO_FIELDS: Final[Mapping[str, Field]] = MappingProxyType({})
_EMPTY_IS_SOMETHING: Final = frozenset({("autoscaling/v2.HPAScalingRules", "policies")})
"""Lists with omitempty that are defaulted when they are not there, and refused when they are empty; elsewhere the two are the same."""


class Type:
    """One Go type as it stands in a field.

    `kind` is struct, list, map, bytes, any, string, bool, int32, int64, float64, or a type with JSON of its own: quantity, time, microtime,
    int_or_string, raw (any JSON value), schema_or_array, schema_or_bool, schema_or_strings.
    `go` is what Go's reflection calls it, for messages; `name` the facts' name of a named type (`core/v1.Pod`), else "".
    """

    __slots__ = ("element", "go", "kind", "message", "name", "pointer", "struct")

    def __init__(
        self, kind: str, go: str, *, element: Type | None = None, struct: Struct | None = None,
        name: str = "", pointer: bool = False, message: bool = False,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.go = go
        self.element = element
        """The type of a list's items or a map's values."""
        self.struct = struct
        self.name = name
        self.pointer = pointer
        self.message = message
        """A list that is a protobuf message of its own."""

    def __repr__(self) -> str:
        return f"Type({'*' if self.pointer else ''}{self.go})"

    @property
    def fields(self) -> Mapping[str, Field]:
        """A struct's fields by JSON name, embedded structs inlined; empty for anything else."""
        return self.struct.fields if self.struct is not None and self.kind == "struct" else _NO_FIELDS

    @property
    def map_type(self) -> str:
        """`atomic`, `granular` or "" as the type itself declares."""
        return self.struct.map_type if self.struct is not None else ""


class Field:
    """One field of a struct. Facts that are not declared are "", (), False or None."""

    __slots__ = (
        "default", "go", "go_path", "inline", "keeps_empty", "list_map_keys", "list_type", "map_type", "merge_key", "name", "omit",
        "patch_strategy", "proto", "required", "type",
    )  # fmt: skip

    def __init__(self, declared: facts.Facts, type: Type, owner: str = "") -> None:
        get = declared.get
        self.type = type
        self.name: str = get("name", "")
        self.go: str = declared["go"]
        self.go_path: tuple[str, ...] = ()
        """Go names of the embedded structs the field was reached through."""
        self.inline: bool = get("inline", False)
        self.omit: str = get("omit", "")
        """When encoding leaves it out: "" never, `empty` (omitempty) or `zero` (omitzero)."""
        self.proto: int = get("proto", 0)
        self.merge_key: str = get("merge_key", "")
        self.patch_strategy: tuple[str, ...] = tuple(get("strategy", "").split(",")) if "strategy" in declared else ()
        self.list_type: str = get("list_type", "")
        self.list_map_keys: tuple[str, ...] = tuple(get("list_keys", ()))
        self.map_type: str = get("map_type", "")
        self.required: bool = get("required", False)
        self.default: Any = get("default")
        self.keeps_empty = type.kind == "list" and (not self.omit or (owner, self.name) in _EMPTY_IS_SOMETHING)
        """Whether an empty list is kept, apart from none: it is written, or looked at before that."""

    def __repr__(self) -> str:
        return f"Field({self.name or self.go}: {self.type!r})"

    def through(self, embedded: Field) -> Field:
        """This field as the struct that embeds its own has it."""
        result = copy(self)
        result.go_path = (embedded.go, *self.go_path)
        return result


class Struct:
    """A struct: `members` as declared, `fields` with the embedded ones inlined, in the order Go encodes them."""

    def __init__(self, package: str, name: str, declared: facts.Facts) -> None:
        self.package = package
        self.name = name
        self.map_type: str = declared.get("map_type", "")
        self._declared = declared

    def __repr__(self) -> str:
        return f"Struct({self.package}.{self.name})"

    @cached_property
    def members(self) -> tuple[Field, ...]:
        return tuple(Field(f, parse(f["type"]), f"{self.package}.{self.name}") for f in self._declared["fields"])

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        result: dict[str, Field] = {}
        for member in self.members:
            if member.inline:
                result |= {name: field.through(member) for name, field in member.type.fields.items()}
            else:
                result[member.name] = member
        return MappingProxyType(result)

    @property
    def definition(self) -> str:
        """The name in OpenAPI documents: `io.k8s.api.core.v1.Pod`."""
        host, _, rest = str(facts.packages()[self.package]["package"]).partition("/")
        return ".".join([*reversed(host.split(".")), *rest.split("/"), self.name])


def type_of(group: str, version: str, kind: str) -> Type | None:
    """The type of a kind as (group, version) serves it, or None if the facts have none. Kinds of meta/v1 belong to every group version."""
    package = facts.package_of(group, version, kind)
    return named(f"{package}.{kind}") if package is not None else None


def is_registered(group: str, version: str, kind: str) -> bool:
    """Whether upstream's server knows the kind, be it only to convert it (runtime.Scheme.Recognizes)."""
    if version == INTERNAL:
        return any(group_of == group and facts.package_of(group, v, kind) for group_of, v in facts.served_versions())
    return kind in facts.versions().get(f"{group}/{version}", ()) or (group != META_GROUP and type_of(group, version, kind) is not None)


@cache
def parse(expression: str) -> Type:
    """A type from the facts' notation: `*int32`, `[]core/v1.Container`, `map[string]resource.Quantity`."""
    if expression.startswith("*"):
        inner = parse(expression[1:])
        return _variant(inner, pointer=True)
    if expression == "[]byte":
        return Type("bytes", "[]uint8")
    if expression.startswith("[]"):
        element = parse(expression[2:])
        return Type("list", f"[]{_go(element)}", element=element)
    if expression.startswith("map["):
        key, _, value = expression[4:].partition("]")
        element = parse(value)
        return Type("map", f"map[{_go(parse(key))}]{_go(element)}", element=element)
    if expression in _SCALARS:
        return Type(_SCALARS[expression], expression)
    return named(expression)


@cache
def named(name: str) -> Type:
    """A named type: `core/v1.PodPhase`."""
    package, _, local = name.rpartition(".")
    declared = facts.package(package)["types"][local]
    go = f"{package.rpartition('/')[2]}.{local}"
    if name in _OWN_JSON:
        kind = _OWN_JSON[name]
        return Type(kind, go, struct=Struct(package, local, declared) if kind.startswith("schema_") else None, name=name)
    if "fields" in declared:
        return Type("struct", go, struct=Struct(package, local, declared), name=name)
    underlying = parse(declared["is"])
    if underlying.kind == "struct":  # type List metav1.List
        fields = facts.package(underlying.name.rpartition(".")[0])["types"][underlying.name.rpartition(".")[2]]
        return Type("struct", go, struct=Struct(package, local, fields), name=name)
    return Type(underlying.kind, go, element=underlying.element, name=name, message=declared.get("message", False))


def enum_of(type: Type) -> tuple[str, ...]:
    """The values of an enumeration, or () for any other type."""
    package, _, local = type.name.rpartition(".")
    return tuple(facts.package(package)["types"][local].get("enum", ())) if local else ()


def _variant(type: Type, *, pointer: bool) -> Type:
    return Type(type.kind, type.go, element=type.element, struct=type.struct, name=type.name, pointer=pointer, message=type.message)


def _go(type: Type) -> str:
    return f"*{type.go}" if type.pointer else type.go
