"""ObjectMeta, label selectors, conditions, options: rules and texts, recorded from a real server where one was asked."""

import json
from pathlib import Path as File
from typing import Any

import pytest

from kcompat.apimachinery import errors, names, options, validation
from kcompat.apimachinery.field import Path

META = Path("metadata")
GOLDEN: list[list[Any]] = json.loads((File(__file__).parent / "golden" / "object_meta.json").read_text())


@pytest.mark.parametrize(("metadata", "message"), GOLDEN)
def test_a_real_server_says_the_same(metadata: dict[str, Any], message: str) -> None:
    found = validation.validate_object_meta(metadata | {"namespace": "n"}, True, names.name_is_dns_subdomain, META)
    assert (errors.invalid("", "ConfigMap", metadata.get("name", ""), found).message if found else "") == message


def texts(found: list[Any]) -> list[str]:
    return [str(error) for error in found]


def test_namespaces_follow_the_scope() -> None:
    check = validation.validate_object_meta
    assert texts(check({"name": "a"}, True, names.name_is_dns_label, META)) == ["metadata.namespace: Required value"]
    assert texts(check({"name": "a", "namespace": "n"}, False, names.name_is_dns_label, META)) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


def test_annotations_have_a_limit() -> None:
    assert texts(validation.validate_annotations({"a": "x" * 262144}, META)) == ["metadata: Too long: may not be more than 262144 bytes"]
    assert validation.validate_annotations({"a": "x" * 262143}, META) == []


OLD = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "1", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({}, []),
        ({"creationTimestamp": "2026-01-01T01:00:00+01:00"}, []),
        ({"resourceVersion": ""}, ['metadata.resourceVersion: Invalid value: "": must be specified for an update']),
        ({"generation": 1}, ["metadata.generation: Invalid value: 1: must not be decremented"]),
        ({"uid": "v"}, ['metadata.uid: Invalid value: "v": field is immutable']),
        ({"name": "b"}, ['metadata.name: Invalid value: "b": field is immutable']),
        ({"creationTimestamp": None}, ["metadata.creationTimestamp: Invalid value: null: field is immutable"]),
        ({"deletionGracePeriodSeconds": 5}, ["metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable"]),
    ],
)
def test_updates(changes: dict[str, Any], messages: list[str]) -> None:
    assert texts(validation.validate_object_meta_update(OLD | changes, OLD, META)) == messages


def test_no_finalizers_are_added_to_what_is_being_deleted() -> None:
    old = OLD | {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a.b/c"]}
    new = old | {"finalizers": ["a.b/c", "x.y/z", "b.c/d"]}
    assert texts(validation.validate_object_meta_update(new, old, META)) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"b.c/d", "x.y/z"}'
    ]


def test_custom_resources_name_any_finalizer() -> None:
    assert validation.validate_object_meta({"name": "a", "finalizers": ["mine"]}, False, names.name_is_dns_label, META, builtin=False) == []


def test_managed_fields() -> None:
    entries = [{"operation": "", "manager": "a\x01"}, {"operation": "X", "fieldsType": "B", "manager": "m" * 129, "subresource": "s" * 257}]
    assert texts(validation.validate_managed_fields(entries, META)) == [
        "metadata[0].operation: Required value: must not be empty",
        'metadata[0].manager: Invalid value: "a\\x01": invalid character U+0001 (at position 1)',
        'metadata[1].operation: Unsupported value: "X": supported values: "Apply", "Update"',
        'metadata[1].fieldsType: Invalid value: "B": must be `FieldsV1`',
        "metadata[1].manager: Too long: may not be more than 128 bytes",
        "metadata[1].subresource: Too long: may not be more than 256 bytes",
    ]


def test_label_selectors() -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a", "operator": "Foo"}]}
    assert texts(validation.validate_label_selector(selector, Path("s"))) == [
        "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        's.matchExpressions[1].operator: Invalid value: "Foo": not a valid selector operator',
    ]
    bad = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["-"]}]}
    assert validation.label_selector_has_invalid_value(bad)
    assert validation.validate_label_selector(bad, Path("s"), allow_invalid_values=True) == []
    assert len(validation.validate_label_selector(bad, Path("s"))) == 1


def test_conditions() -> None:
    good = {"type": "Ready", "status": "True", "reason": "Fine", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    assert validation.validate_conditions([good], Path("c")) == []
    assert texts(validation.validate_conditions([good, good, {"status": "Maybe"}], Path("c"))) == [
        'c[1]: Duplicate value: "Ready"',
        "c[2].type: Required value: is required",
        'c[2].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        "c[2].lastTransitionTime: Required value",
        "c[2].reason: Required value",
    ]


def test_options() -> None:
    assert options.validate_create_options({"dryRun": ["All"], "fieldValidation": "Warn", "fieldManager": "me"}) == []
    assert texts(options.validate_create_options({"dryRun": ["Some"], "fieldValidation": "x"})) == [
        'dryRun: Unsupported value: ["Some"]: supported values: "All"',
        'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"',
    ]
    assert texts(options.validate_patch_options({}, "application/apply-patch+yaml")) == [
        "fieldManager: Required value: is required for apply patch"
    ]
    assert texts(options.validate_patch_options({"force": True}, "application/merge-patch+json")) == [
        "force: Forbidden: may not be specified for non-apply patch"
    ]
    assert texts(options.validate_delete_options({"propagationPolicy": "X", "orphanDependents": True})) == [
        'propagationPolicy: Invalid value: "X": orphanDependents and deletionPropagation cannot be both set',
        'propagationPolicy: Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]
    assert texts(options.validate_table_options("x")) == [
        "includeObject: Invalid value: \"x\": must be 'Metadata', 'Object', 'None', or empty"
    ]
