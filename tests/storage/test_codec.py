"""Where resourceVersion stands in the bytes that are served."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kcompat.storage import codec

HEAD = codec.head("ConfigMap", "v1")
OWNED = {"name": "a", "ownerReferences": [{"uid": "owner"}]}


def served(metadata: dict[str, Any]) -> dict[str, Any]:
    value = codec.encode({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata})
    tail = codec.tail(value, len(HEAD), 7)
    assert orjson.loads(HEAD + codec.moved(tail, 12345))["metadata"]["resourceVersion"] == "12345"
    found: dict[str, Any] = orjson.loads(HEAD + tail)["metadata"]
    return found


@pytest.mark.parametrize(
    ("metadata", "order"),
    [
        ({"name": "a", "uid": "u", "labels": {"uid": "x"}}, ["name", "uid", "resourceVersion", "labels"]),
        ({"name": 'a","uid":"x', "uid": "u"}, ["name", "uid", "resourceVersion"]),
        (OWNED, ["name", "resourceVersion", "ownerReferences"]),
        (OWNED | {"uid": "u"}, ["name", "uid", "resourceVersion", "ownerReferences"]),
        ({"labels": {"a": "b"}}, ["resourceVersion", "labels"]),
        ({}, ["resourceVersion"]),
    ],
)
def test_it_stands_behind_uid(metadata: dict[str, Any], order: list[str]) -> None:
    found = served(metadata)
    assert [*found] == order
    assert found == metadata | {"resourceVersion": "7"}
