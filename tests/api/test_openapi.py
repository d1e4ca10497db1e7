"""The OpenAPI documents against the ones upstream publishes (k8s.io/kubernetes api/openapi-spec, where the module is in the cache)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kcompat.api.openapi import OpenAPI, gnostic, schemas
from kcompat.apimachinery.schema.protobuf_reader import small

UPSTREAM = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io/kubernetes@v1.37.1/api/openapi-spec"
OPENAPI = OpenAPI()

needs_upstream = pytest.mark.skipif(not UPSTREAM.exists(), reason="k8s.io/kubernetes is not in the Go module cache")


def strip(tree: Any) -> Any:
    """Without what the published files have differently: descriptions, enums (left out there), CBOR (an alpha feature that is on there) and
    the names of shared parameters, which hash descriptions."""
    if isinstance(tree, dict):
        if str(tree.get("$ref", "")).startswith("#/parameters/"):
            return tree["$ref"].rpartition("-")[0][:13]
        if tree.get("name") and tree.get("in"):
            return f"#/parameters/{tree['name']}"[:13]
        return {k: strip(v) for k, v in tree.items() if "cbor" not in k and not left_out(k, v)}
    return [strip(v) for v in tree if "cbor" not in v] if isinstance(tree, list) else tree


def left_out(key: str, value: Any) -> bool:
    return (key == "description" and isinstance(value, str)) or (key == "enum" and isinstance(value, list))


@pytest.fixture(scope="module")
def v2() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OPENAPI.v2_json())
    return document


@needs_upstream
def test_version_2_is_upstreams(v2: dict[str, Any]) -> None:
    upstream = json.loads((UPSTREAM / "swagger.json").read_text())
    for part in ("paths", "definitions"):
        for name, ours in v2[part].items():
            assert strip(ours) == strip(upstream[part][name]), name
    assert strip(v2["securityDefinitions"]) == strip(upstream["securityDefinitions"])
    not_on = ("alpha", "beta", "/logs/", "/apis/internal.apiserver.k8s.io/", "/apis/lifecycle.k8s.io/")
    assert [p for p in upstream["paths"] if p not in v2["paths"] and not any(m in p for m in not_on)] == []


@needs_upstream
@pytest.mark.parametrize("path", OPENAPI.v3_index()["paths"])
def test_version_3_is_upstreams(path: str) -> None:
    file = UPSTREAM / "v3" / f"{path.replace('/', '__')}_openapi.json"
    document, upstream = json.loads(OPENAPI.v3_document(path) or b""), json.loads(file.read_text())
    upstream["info"] = document["info"]
    assert strip(document) == strip(upstream)


def test_enums_are_those_of_a_real_server(v2: dict[str, Any]) -> None:
    found = {}
    for name, schema in v2["definitions"].items():
        for property, content in schema.get("properties", {}).items():
            if enum := content.get("enum") or content.get("items", {}).get("enum"):
                found[f"{name}.{property}"] = enum
    assert found == json.loads((Path(__file__).parent / "openapi_enums.json").read_text())


def test_descriptions_are_joined_in(v2: dict[str, Any]) -> None:
    pod = v2["definitions"]["io.k8s.api.core.v1.Pod"]
    assert pod["description"]
    phase = v2["definitions"]["io.k8s.api.core.v1.PodStatus"]["properties"]["phase"]
    assert phase["description"].endswith(' - `"Unknown"`')


def test_without_the_described_schemas_descriptions_say_what_to_install(monkeypatch: pytest.MonkeyPatch, v2: dict[str, Any]) -> None:
    def absent(package: str) -> Any:
        raise ModuleNotFoundError(package)

    monkeypatch.setattr(schemas.resources, "files", absent)
    plain = json.loads(OpenAPI().v2_json())
    assert "kcompat[docs]" in plain["definitions"]["io.k8s.api.core.v1.Pod"]["description"]  # what `kubectl explain` shows
    assert strip(plain) == strip(v2)


def test_every_reference_has_its_definition(v2: dict[str, Any]) -> None:
    def references(tree: Any) -> set[str]:
        if isinstance(tree, dict):
            own = {tree["$ref"]} if isinstance(tree.get("$ref"), str) else set()
            return own.union(*(references(v) for v in tree.values()))
        return set().union(*(references(v) for v in tree)) if isinstance(tree, list) else set()

    for reference in references(v2):
        _, part, name = reference.split("/")
        assert name in v2[part]
    operations = [o["operationId"] for item in v2["paths"].values() for m, o in item.items() if m != "parameters"]
    assert len(operations) == len(set(operations)) == 866


def test_the_index_names_the_hash_that_is_the_entity_tag() -> None:
    paths = OPENAPI.v3_index()["paths"]
    assert len(paths) == 23 + 21 + 5  # group versions, named groups, roots
    assert paths["apis/apps/v1"]["serverRelativeURL"] == f"/openapi/v3/apis/apps/v1?hash={OPENAPI.v3_etag('apis/apps/v1')}"
    assert len({OPENAPI.v3_etag(p) for p in paths}) == len(paths)
    assert OPENAPI.v3_document("apis/nope/v1") is None


def test_the_protobuf_form_holds_the_same_document(v2: dict[str, Any]) -> None:
    fields = list(small(OPENAPI.v2_protobuf()))
    assert [number for number, _ in fields] == [1, 2, 8, 9, 10, 12, 13]
    by_number = {number: value for number, value in fields if isinstance(value, bytes)}

    def names(message: bytes, field: int) -> list[str]:
        items = [dict(small(v)) for n, v in small(message) if n == field and isinstance(v, bytes)]
        return [str(item[1], "utf-8") for item in items if isinstance(item[1], bytes)]

    assert names(by_number[8], 2) == list(v2["paths"])
    assert names(by_number[9], 1) == list(v2["definitions"])
    assert names(by_number[10], 1) == list(v2["parameters"])


def test_extensions_are_yaml_as_go_writes_it() -> None:
    value = [{"discriminator": "type", "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"}}]
    text = "- discriminator: type\n  fields-to-discriminateBy:\n    localhostProfile: LocalhostProfile\n"
    assert gnostic.any_value(value) == b"\x12" + bytes([len(text)]) + text.encode()
    assert gnostic.any_value({"group": "", "kind": "Pod"}) == b'\x12\x14group: ""\nkind: Pod\n'
    assert gnostic.any_value(["name"]) == b"\x12\x07- name\n"
    assert gnostic.any_value("*") == b"\x12\x04'*'\n"
    assert gnostic.any_value("merge,retainKeys") == b"\x12\x11merge,retainKeys\n"
    assert gnostic.any_value("true") == b"\x12\x07'true'\n"


def test_the_protobuf_form_of_version_3_holds_the_same_document() -> None:
    document = json.loads(OPENAPI.v3_document("apis/apps/v1") or b"")
    fields = [(tag, value) for tag, value in small(OPENAPI.v3_protobuf("apis/apps/v1"))]
    assert (1, b"3.0.0") in fields
    paths = [dict(small(item)) for tag, value in fields if tag == 4 for _, item in small(value)]
    assert [path[1].decode() for path in paths] == list(document["paths"])
    schemas_field = next(value for tag, content in fields if tag == 5 for name, value in small(content) if name == 1)
    named = [dict(small(item))[1].decode() for _, item in small(schemas_field)]
    assert named == list(document["components"]["schemas"])
