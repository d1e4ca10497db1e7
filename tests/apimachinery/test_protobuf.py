"""Protobuf bodies against the JSON they stand for and the refusals of a real kube-apiserver."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import protobuf
from kcompat.apimachinery.protobuf import wrap
from kcompat.apimachinery.schema import DecodeError, UnknownKindError, UnrecognizedError, decode

POD: dict[str, Any] = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "a", "labels": {"app": "x" * 200, "": ""}, "creationTimestamp": "1960-02-03T04:05:06Z"},
    "spec": {
        "containers": [
            {
                "name": "a",
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"port": "http"}},
                "ports": [{"containerPort": -1}],
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
        "securityContext": {"supplementalGroups": [1, 70000], "runAsUser": 0},
    },
    "status": {},
}


@pytest.mark.parametrize(
    "tree",
    [
        POD,
        {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "propagationPolicy": "Foreground", "dryRun": ["All"]},
        {"kind": "CreateOptions", "apiVersion": "apps/v1", "fieldManager": "me"},
        {"kind": "PatchOptions", "apiVersion": "meta.k8s.io/v1", "force": True},
        {"kind": "Binding", "apiVersion": "v1", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}},
        {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {}, "deleteOptions": {"gracePeriodSeconds": 5}},
        {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {}, "spec": {"replicas": 3}, "status": {"replicas": 0}},
        {
            "kind": "SubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {"extra": {"k": ["a", "b"], "e": []}},
            "status": {"allowed": False},
        },
        {
            "kind": "CustomResourceDefinition",
            "apiVersion": "apiextensions.k8s.io/v1",
            "metadata": {},
            "spec": {
                "group": "g",
                "names": {"plural": "p", "kind": "K"},
                "scope": "Cluster",
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {
                            "openAPIV3Schema": {
                                "maximum": 1.5,
                                "enum": [1, None, {"a": [1.5]}],
                                "items": {"type": "string"},
                                "additionalProperties": True,
                                "dependencies": {"a": ["b"], "c": {"type": "object"}},
                            }
                        },
                    }
                ],
            },
        },
    ],
    ids=lambda t: t["kind"],
)
def test_what_is_written_reads_back_as_the_json_would(tree: dict[str, Any]) -> None:
    group, _, version = tree["apiVersion"].rpartition("/")
    decoded = decode(tree, group, version, tree["kind"]).tree
    body = protobuf.encode(decoded, tree["apiVersion"], tree["kind"])
    expected = json.loads(json.dumps(decoded).replace('"e": []', '"e": null'))
    assert protobuf.decode(body) == (tree["apiVersion"], tree["kind"], expected)


# Message of a Pod, and what a real kube-apiserver says after `Pod in version "v1" cannot be handled as a Pod: `.
MALFORMED = [
    (b"\x08\x01", "proto: wrong wireType = 0 for field ObjectMeta"),
    (b"\x0a\x02\x08\x01", "proto: wrong wireType = 0 for field Name"),
    (b"\x0c", "proto: Pod: wiretype end group for non-group"),
    (b"\x0e", "proto: wrong wireType = 6 for field ObjectMeta"),
    (b"\x00", "proto: Pod: illegal tag 0 (wire type 0)"),
    (b"\xff" * 11, "proto: integer overflow"),
    (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "proto: negative length found during unmarshaling"),
    (b"\x0a\x80", "unexpected EOF"),
    (b"\x0a", "unexpected EOF"),
    (b"\x12\x09\x12\x07\x0a\x01a\x42\x02\x0a", "unexpected EOF"),
    (
        b"\x12\x14\x12\x12\x0a\x01aB\x0d\x0a\x0b\x0a\x03cpu\x12\x04\x0a\x02zz",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
]


@pytest.mark.parametrize(("message", "text"), MALFORMED)
def test_malformed_messages(message: bytes, text: str) -> None:
    with pytest.raises(DecodeError) as error:
        protobuf.decode(wrap("v1", "Pod", message))
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "empty data"),
        (b"k8s\0", "empty body"),
        (b"{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"),
        (b"k8s\0\xff", "unexpected EOF"),
        (wrap("v1", "Pod", b"abcdefgh")[:-8], "unexpected EOF"),
    ],
)
def test_malformed_envelopes(body: bytes, text: str) -> None:
    with pytest.raises(UnrecognizedError) as error:
        protobuf.decode(body)
    assert str(error.value) == text


def test_unknown_kinds_unknown_fields_and_defaults() -> None:
    with pytest.raises(UnknownKindError, match='no kind "Nope" is registered for version "v1"'):
        protobuf.decode(wrap("v1", "Nope", b""))
    assert protobuf.decode(wrap("", "", b"\xf8\x07\x01\xfa\x07\x02aa"), ("v1", "Namespace"))[:2] == ("v1", "Namespace")
    with pytest.raises(DecodeError, match="Object 'Kind' is missing"):
        protobuf.decode(wrap("", "", b""))


@given(st.data())
def test_damaged_bodies_never_escape_as_other_errors(data: st.DataObject) -> None:
    body = bytearray(protobuf.encode(decode(POD, "", "v1", "Pod").tree, "v1", "Pod"))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError):
        protobuf.decode(bytes(body[: data.draw(st.integers(4, len(body)))]))
