"""CustomResourceDefinitions: values against schemas (as defaults), structural schemas, what updates may change. One thing wrong at a time: Go walks maps in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.differential.script import MERGE_PATCH, Script, Session

Tree = dict[str, Any]
_ROOT = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ESTABLISHED = [
    {"type": "NamesAccepted", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z", "reason": "NoConflicts", "message": "no conflicts found"},
    {"type": "Established", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"},
]
_META = {"apiVersion": "v1", "kind": "Pod"}


def scripts() -> Iterator[Script]:
    yield Script("definitions", "values", _values)
    yield Script("definitions", "formats", _formats)
    yield Script("definitions", "combined", _combined)
    yield Script("definitions", "embedded", _embedded)
    yield Script("definitions", "schemas", _schemas)
    yield Script("definitions", "rules", _rules)
    yield Script("definitions", "updates", _updates)


def _definition(value: Tree, name: str = "tries", **spec: Any) -> Tree:
    """A definition whose objects have a member `value` of this schema."""
    schema = {"type": "object", "properties": {"value": value}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    names = {"plural": name, "kind": "Try" if name == "tries" else name.capitalize()}
    return {"metadata": {"name": f"{name}.definitions.example.com"}, "spec": {"group": "definitions.example.com", "scope": "Namespaced", "names": names, "versions": versions} | spec}


async def _try(s: Session, schema: Tree, note: str = "") -> None:
    await s.ask("POST", f"{_ROOT}?dryRun=All", _definition(schema), note=note)


async def _defaults(s: Session, schema: Tree, *values: Any) -> None:
    for value in values:
        await _try(s, schema | {"default": value}, str(value)[:40])


async def _values(s: Session) -> None:
    """Types, numbers, texts, lists, objects, enumerations."""
    samples = ("a", "", 1, 1.0, 1.5, -1, True, False, [], ["a"], {}, None)
    for kind in ("string", "integer", "number", "boolean"):
        await _defaults(s, {"type": kind}, *samples)
    await _defaults(s, {"type": "array", "items": {"type": "string"}}, "a", 1, {}, ["a", 1], [None], [["a"]])
    await _defaults(s, {"type": "object", "properties": {"a": {"type": "string"}}}, "a", [], {"a": 1}, {"a": None}, {"b": 1})
    await _defaults(s, {"type": "string", "nullable": True}, "a", 1)
    await _defaults(s, {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}, {"a": None})
    await _defaults(s, {"x-kubernetes-int-or-string": True}, 1, "a", 1.5, True, {})
    await _defaults(s, {"type": "integer", "minimum": 2, "maximum": 10}, 1, 2, 10, 11, 2.0, 1.0)
    await _defaults(s, {"type": "integer", "minimum": 2, "exclusiveMinimum": True, "maximum": 10, "exclusiveMaximum": True}, 2, 3, 9, 10)
    await _defaults(s, {"type": "number", "minimum": 0.5, "maximum": 1e21}, 0.4, 0.5, 1e22, 0)
    await _defaults(s, {"type": "number", "minimum": 0.5, "exclusiveMinimum": True}, 0.5, 1)
    await _defaults(s, {"type": "integer", "maximum": 1.5}, 1, 2)
    await _defaults(s, {"type": "integer", "multipleOf": 3}, 0, 3, 4, -3)
    await _defaults(s, {"type": "number", "multipleOf": 0.1}, 0.3, 0.35, 1)
    await _defaults(s, {"type": "number", "multipleOf": 0.5}, 1, 1.25, 1.5)
    await _defaults(s, {"type": "integer", "format": "int32"}, 2147483647, 2147483648, -2147483649)
    await _defaults(s, {"type": "integer", "format": "int64"}, 9007199254740993)
    await _defaults(s, {"type": "number", "format": "float"}, 1.5, 1e39)
    await _defaults(s, {"type": "number", "format": "double"}, 1e300)
    await _defaults(s, {"type": "string", "maxLength": 2, "minLength": 1}, "", "a", "äö", "abc")
    await _defaults(s, {"type": "string", "maxLength": 1}, "ab")
    await _defaults(s, {"type": "string", "pattern": "^a+$"}, "aa", "b", "")
    await _defaults(s, {"type": "string", "enum": ["a", "b"]}, "a", "c")
    await _defaults(s, {"type": "integer", "enum": [1, 2]}, 1, 3, 1.0)
    await _defaults(s, {"type": "number", "enum": [1, 2.5]}, 1, 1.7, 2.5, 3)
    await _defaults(s, {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "enum": [{"a": 1}, {"b": [1, None]}]}, {"a": 1}, {"a": 2})
    items = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2}
    await _defaults(s, items, [], [1], [1, 2, 3], [0], [1, "a"])
    members = {"type": "object", "properties": {"a": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}}, "required": ["a"]}
    await _defaults(s, members, {}, {"a": {}}, {"a": {"x": "y"}}, {"a": {"x": 1}}, {"a": {"x": 1, "z": 1}})
    await _defaults(s, {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2}, {}, {"a": 1}, {"a": "b"}, {"a": 1, "b": 2, "c": 3})
    await _defaults(s, {"type": "object", "additionalProperties": False}, {}, {"a": 1})
    await _defaults(s, {"type": "object", "additionalProperties": True}, {}, {"a": {"b": 1}})


async def _formats(s: Session) -> None:
    samples: dict[str, tuple[Any, ...]] = {
        "date": ("2020-01-31", "2020-02-31", "2020-1-1"),
        "date-time": ("2020-01-31T10:00:00Z", "2020-01-31T10:00:00.123+01:00", "2020-01-31", "2020-01-31T25:00:00Z", "2020-01-31 10:00:00Z"),
        "datetime": ("2020-01-31t10:00:00z",), "duration": ("1h", "2 days", "x", "", "1.5h", "3 sec", "4 lightyears"),
        "byte": ("YQ==", "YQ", ""), "uuid": ("0c0c0c0c-0000-4000-8000-000000000000", "0C0C0C0C000040008000000000000000", "x"),
        "uuid3": ("0c0c0c0c-0000-3000-8000-000000000000", "0c0c0c0c-0000-4000-8000-000000000000"), "uuid4": ("0c0c0c0c-0000-4000-8000-000000000000", "0c0c0c0c-0000-4000-1000-000000000000"),
        "uuid5": ("0c0c0c0c-0000-5000-8000-000000000000", "x"), "ipv4": ("1.2.3.4", "1.2.3", "01.2.3.4", "::ffff:1.2.3.4"), "ipv6": ("::1", "1.2.3.4", "::g"),
        "cidr": ("10.0.0.0/8", "10.0.0.0", "::/0", "10.0.0.0/33"), "mac": ("01:23:45:67:89:ab", "0123.4567.89ab", "01:23", "01-23-45-67-89-ab"),
        "hostname": ("example.com", "a_b", "-a", "localhost"), "email": ("a@b.c", "a", "A <a@b.c>"), "uri": ("http://a/b", "/a", "a", "", "foo:bar", "http://a b/", "http://a:x/"),
        "isbn": ("0321751043", "978-0321751041", "1"), "isbn10": ("0321751043", "0321751044"), "isbn13": ("978-0321751041", "978-0321751042"), "creditcard": ("4111111111111111", "4111111111111112"),
        "ssn": ("123-45-6789", "123456789"), "hexcolor": ("#fff", "fffffff"), "rgbcolor": ("rgb(1,2,3)", "rgb(1,2,256)"), "password": ("x",), "bsonobjectid": ("507f1f77bcf86cd799439011", "x"),
        "k8s-short-name": ("a-b", "A"), "k8s-long-name": ("a.b", "a..b"), "unheard-of": ("x",),
    }  # fmt: skip
    for form, values in samples.items():
        await _defaults(s, {"type": "string", "format": form}, *values)
    await _defaults(s, {"type": "string", "format": "date"}, 1, [])
    await _defaults(s, {"type": "integer", "format": "date"}, 1, "x")
    await _defaults(s, {"type": "object", "format": "date", "additionalProperties": True}, "x", {})
    await _defaults(s, {"type": "integer", "format": "float"}, 1)


async def _combined(s: Session) -> None:
    """anyOf, oneOf, allOf, not."""
    small, even = {"maximum": 3}, {"multipleOf": 2}
    for name in ("anyOf", "oneOf", "allOf"):
        await _defaults(s, {"type": "integer", name: [small, even]}, 1, 2, 4, 5)
    await _defaults(s, {"type": "integer", "not": small}, 1, 4)
    await _defaults(s, {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, {"a": "x"}, {"a": "x", "b": "y"})
    await _defaults(s, {"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"properties": {"a": {"maxLength": 1}}}, {"properties": {"a": {"pattern": "^x"}}}]}, {"a": "xyz"}, {"a": "yz"})
    await _defaults(s, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, 1, "a", True)
    await _defaults(s, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^[0-9]+%$"}, 1, "5%", "a")
    await _defaults(s, {"type": "string", "allOf": [{"minLength": 2}, {"anyOf": [{"pattern": "a"}, {"pattern": "b"}]}]}, "a", "ab", "cc")


async def _embedded(s: Session) -> None:
    """Whole objects as defaults, and defaults inside of their metadata."""
    whole = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    await _defaults(s, whole, {}, _META, {"kind": "Pod"}, {"apiVersion": "v1"}, _META | {"kind": 1}, _META | {"kind": ""}, _META | {"kind": "%"}, _META | {"apiVersion": "a/b/c"}, _META | {"apiVersion": 1}, _META | {"apiVersion": ""})
    for metadata in ({"name": "x"}, {"name": 1}, {"labels": {"a": "x y"}}, {"labels": {"a": 1}}, {"name": "a/b"}, {"unknown": 1}, {"creationTimestamp": None, "name": "x"}, {"creationTimestamp": "x"}, {"finalizers": ["x"]}, {"namespace": "A"}, "x", [], None, {"ownerReferences": [{"name": "x"}]}):  # fmt: skip
        await _defaults(s, whole, _META | {"metadata": metadata})
    for name, value in (("name", "x"), ("name", "a/b"), ("name", 1), ("namespace", "A"), ("generateName", "x-")):
        kind = "integer" if value == 1 else "string"
        inside = {"type": "object", "properties": {name: {"type": kind, "default": value}}}
        await _try(s, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": inside}}, f"{name} {value}")
    labels = {"type": "object", "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}, "default": {"a": "x y"}}}}
    await _try(s, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": labels}}, "labels")
    for name in ("kind", "apiVersion"):
        for value in ("Foo", "", "%", "a/b/c"):
            await _try(s, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {name: {"type": "string", "default": value}}}, f"{name} {value}")
    await _try(s, {"type": "object", "properties": {"list": {"type": "array", "items": whole, "default": [_META | {"metadata": {"unknown": 1}}]}}}, "in a list")
    await s.ask("POST", f"{_ROOT}?dryRun=All", _definition({"type": "string"}) | {"spec": _definition({})["spec"] | {"versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}}}}}}]}})  # fmt: skip


async def _schemas(s: Session) -> None:
    """Single schemas, right and wrong."""
    scalar, map_list = {"type": "string"}, {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    keyed = {"type": "object", "required": ["k"], "properties": {"k": scalar}}
    for schema in (
        {}, {"type": ""}, {"type": "null"}, {"type": "odd"}, {"type": "array"}, {"type": "array", "items": {}}, {"type": "array", "items": [scalar]}, {"type": "array", "items": []},
        {"type": "string", "pattern": "("}, {"type": "string", "pattern": "(?!a)"}, {"type": "string", "pattern": "[a"}, {"type": "string", "pattern": "a{1001}"}, {"type": "string", "pattern": "\\"}, {"type": "string", "pattern": "*"},
        {"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"a": {"description": "x"}}}, {"type": "object", "additionalProperties": {}}, {"type": "object", "additionalProperties": scalar, "properties": {"a": scalar}},
        {"type": "object", "additionalProperties": True, "properties": {"a": scalar}}, {"type": "object", "additionalProperties": False, "properties": {"a": scalar}},
        {"type": "object", "patternProperties": {"a": scalar}}, {"type": "string", "$ref": "#/x"}, {"type": "string", "id": "x"}, {"type": "string", "$schema": "x"}, {"type": "object", "definitions": {"a": scalar}}, {"type": "object", "dependencies": {"a": ["b"]}}, {"type": "array", "items": scalar, "additionalItems": True},
        {"type": "array", "items": scalar, "uniqueItems": True}, {"type": "object", "x-kubernetes-preserve-unknown-fields": False}, {"x-kubernetes-preserve-unknown-fields": True}, {"x-kubernetes-int-or-string": True, "x-kubernetes-preserve-unknown-fields": True}, {"x-kubernetes-int-or-string": True, "x-kubernetes-embedded-resource": True},
        {"x-kubernetes-int-or-string": True, "type": "string"}, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "string"}, {"type": "integer"}]}, {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}]},
        {"type": "object", "x-kubernetes-embedded-resource": True}, {"type": "string", "x-kubernetes-embedded-resource": True}, {"x-kubernetes-embedded-resource": True}, {"type": "object", "x-kubernetes-embedded-resource": True, "additionalProperties": scalar}, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": {"type": "string"}}},
        {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"kind": {"type": "integer"}}}, {"type": "object", "x-kubernetes-map-type": "odd"}, {"type": "string", "x-kubernetes-map-type": "atomic"}, {"x-kubernetes-map-type": "atomic"}, {"type": "object", "x-kubernetes-map-type": "atomic"},
        {"type": "string", "x-kubernetes-list-type": "set"}, {"x-kubernetes-list-type": "set"}, {"type": "array", "items": scalar, "x-kubernetes-list-type": "odd"}, {"type": "array", "items": scalar, "x-kubernetes-list-type": "set"}, {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"},
        {"type": "array", "items": {"type": "object", "x-kubernetes-map-type": "atomic"}, "x-kubernetes-list-type": "set"}, {"type": "array", "items": {"type": "array", "items": scalar, "x-kubernetes-list-type": "set"}, "x-kubernetes-list-type": "set"}, {"type": "array", "items": {"type": "array", "items": scalar}, "x-kubernetes-list-type": "set"},
        {"type": "array", "items": {"type": "string", "nullable": True}, "x-kubernetes-list-type": "set"}, {"type": "array", "items": scalar, "x-kubernetes-list-map-keys": ["k"]}, {"type": "array", "items": scalar, "x-kubernetes-list-type": "set", "x-kubernetes-list-map-keys": ["k"]}, map_list, {**map_list, "items": scalar}, {**map_list, "items": keyed},
        {**map_list, "x-kubernetes-list-map-keys": [], "items": keyed}, {**map_list, "x-kubernetes-list-map-keys": ["x"], "items": keyed}, {**map_list, "x-kubernetes-list-map-keys": ["k", "k"], "items": keyed}, {**map_list, "items": keyed | {"nullable": True}}, {**map_list, "items": {"type": "object", "properties": {"k": scalar}}},
        {**map_list, "items": {"type": "object", "properties": {"k": scalar | {"default": "x"}}}}, {**map_list, "items": {"type": "object", "properties": {"k": scalar | {"default": None}}}}, {**map_list, "items": {"type": "object", "required": ["k"], "properties": {"k": scalar | {"nullable": True}}}}, {**map_list, "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "object"}}}},
        {"type": "string", "allOf": [{"type": "string"}]}, {"type": "string", "anyOf": [{"default": "x"}]}, {"type": "string", "oneOf": [{"description": "x"}]}, {"type": "string", "not": {"nullable": True}}, {"type": "object", "allOf": [{"properties": {"a": {"minLength": 1}}}]}, {"type": "object", "anyOf": [{"additionalProperties": scalar}]},
        {"type": "object", "properties": {"a": scalar}, "oneOf": [{"properties": {"a": {"minLength": 1}}}]}, {"type": "array", "items": scalar, "not": {"items": {"minLength": 1}}}, {"type": "object", "anyOf": [{"properties": {"metadata": {}}}]}, {"type": "object", "allOf": [{"x-kubernetes-preserve-unknown-fields": True}]}, {"type": "object", "allOf": [{"x-kubernetes-list-type": "map"}]},
        {"type": "string", "default": None}, {"type": "string", "nullable": True, "default": None}, {"type": "string", "example": 1}, {"type": "string", "externalDocs": {"url": "http://a"}}, {"type": "string", "enum": []}, {"type": "string", "maxLength": -1}, {"type": "string", "required": ["x"]}, {"type": "object", "required": ["x"]}, {"type": "string", "format": "odd"}, {"type": "number", "format": "int32"},
    ):  # fmt: skip
        await _try(s, schema)


async def _rules(s: Session) -> None:
    """Of CEL rules what needs no compiler."""
    for rule in (
        {"rule": ""}, {"rule": " "}, {"rule": "true"}, {"rule": "true", "message": " "}, {"rule": "true", "message": "a\nb"}, {"rule": "true\n"}, {"rule": "true &&\ntrue"}, {"rule": "true &&\ntrue", "message": "m"}, {"rule": "true", "messageExpression": " "}, {"rule": "true", "reason": "Odd"}, {"rule": "true", "reason": "FieldValueInvalid"},
        {"rule": "true", "fieldPath": ".a"}, {"rule": "true", "fieldPath": ".b"}, {"rule": "true", "fieldPath": "a"}, {"rule": "true", "fieldPath": "['a']"}, {"rule": "true", "fieldPath": "[0]"}, {"rule": "true", "fieldPath": "\n"}, {"rule": "self == oldSelf"}, {"rule": "true", "optionalOldSelf": True}, {"rule": "'oldSelf' == ''", "optionalOldSelf": False}, {"rule": "oldSelf.hasValue() || true", "optionalOldSelf": True},
    ):  # fmt: skip
        await _try(s, {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [rule]}, str(rule))
    transition = {"type": "string", "maxLength": 5, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    for kind in (None, "atomic", "set"):
        await _try(s, {"type": "array", "maxItems": 3, "items": transition} | ({"x-kubernetes-list-type": kind} if kind else {}), f"list {kind}")
    await _try(s, {"type": "object", "maxProperties": 3, "additionalProperties": transition}, "map")
    await _try(s, {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": transition}}, "atomic map")


async def _updates(s: Session) -> None:
    """Names, versions, columns, scale, conversion; what may change."""
    url = f"{_ROOT}/kept.definitions.example.com"
    await s.quiet("POST", _ROOT, _definition({"type": "string"}, "kept"))
    await s.settle(url, "status.acceptedNames.plural")
    await s.quiet("PATCH", f"{url}/status", {"status": {"conditions": _ESTABLISHED}})
    await s.settle(url)
    one = _definition({"type": "string"})["spec"]["versions"][0]
    second = one | {"name": "v2", "storage": False}
    for patch in (
        {"scope": "Cluster"}, {"group": "other.example.com"}, {"names": {"plural": "others"}}, {"names": {"kind": "Other"}}, {"names": {"listKind": "Others"}}, {"names": {"singular": "Odd"}}, {"names": {"shortNames": ["k", "K"]}}, {"names": {"categories": ["all", "A"]}}, {"preserveUnknownFields": True},
        {"versions": [one, one]}, {"versions": [one, second]}, {"versions": [one, second | {"storage": True}]}, {"versions": [second]}, {"versions": [second | {"storage": True}]}, {"versions": [one | {"served": False}]}, {"versions": [one | {"name": "V1"}]}, {"versions": [one | {"deprecationWarning": "x"}]}, {"versions": [one | {"deprecated": True, "deprecationWarning": ""}]}, {"versions": [one | {"schema": None}]},
        {"versions": [one | {"additionalPrinterColumns": [{"name": "a", "type": "string", "jsonPath": ".a"}]}]}, {"versions": [one | {"additionalPrinterColumns": [{"name": "", "type": "odd", "format": "odd", "jsonPath": "a"}]}]}, {"versions": [one | {"additionalPrinterColumns": [{"name": "a", "type": "", "jsonPath": ""}]}]},
        {"versions": [one | {"subresources": {"status": {}}}]}, {"versions": [one | {"subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}}]}, {"versions": [one | {"subresources": {"scale": {"specReplicasPath": "", "statusReplicasPath": "x", "labelSelectorPath": ".foo"}}}]}, {"versions": [one | {"subresources": {"scale": {"specReplicasPath": ".status.x", "statusReplicasPath": ".spec.x", "labelSelectorPath": ".spec.x"}}}]},
        {"versions": [one | {"selectableFields": [{"jsonPath": ".value"}]}]}, {"versions": [one | {"selectableFields": [{"jsonPath": ".odd"}]}]}, {"versions": [one | {"selectableFields": [{"jsonPath": ""}]}]}, {"versions": [one | {"selectableFields": [{"jsonPath": ".value"}, {"jsonPath": ".value"}]}]}, {"versions": [one | {"selectableFields": [{"jsonPath": ".metadata.name"}]}]}, {"versions": [one | {"selectableFields": [{"jsonPath": "['value']"}]}]},
        {"conversion": {"strategy": "Odd"}}, {"conversion": {"strategy": "Webhook"}}, {"conversion": {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}}, {"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://a"}}}}, {"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v9"], "clientConfig": {"url": "http://a"}}}},
        {"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1", "v1"], "clientConfig": {"service": {"name": "a", "namespace": "b", "port": 0}}}}}, {"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["V1"], "clientConfig": {"url": "https://a", "service": {"name": "a", "namespace": "b"}}}}}, {"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://a", "caBundle": "eA=="}}}},
    ):  # fmt: skip
        await s.ask("PATCH", f"{url}?dryRun=All", {"spec": patch}, Content_Type=MERGE_PATCH, note=str(patch)[:60])
    for notes in ({}, {"api-approved.kubernetes.io": "x"}, {"api-approved.kubernetes.io": "https://github.com/x"}, {"api-approved.kubernetes.io": "unapproved, x"}, {"api-approved.kubernetes.io": ""}):
        body = _definition({"type": "string"})
        body["metadata"] = {"name": "tries.example.k8s.io", "annotations": notes}
        body["spec"]["group"] = "example.k8s.io"
        await s.ask("POST", f"{_ROOT}?dryRun=All", body, note=str(notes))
    await s.ask("PATCH", f"{url}?dryRun=All", {"metadata": {"labels": {"a": "bad label!"}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{url}/status?dryRun=All", {"status": {"storedVersions": []}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{url}/status?dryRun=All", {"status": {"storedVersions": ["v1", "v0"]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{url}/status?dryRun=All", {"status": {"acceptedNames": {"plural": "X"}}}, Content_Type=MERGE_PATCH)
    await s.quiet("DELETE", url)
