"""JSON as upstream's decoder reads it: messages and duplicates recorded from a real server, equality with the standard decoder."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import json_strict
from kcompat.apimachinery.json_strict import JSONError

GOLDEN = Path(__file__).parent / "golden"
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(':"\\abé', max_size=4), inner, max_size=4),
    max_leaves=20,
)


def test_a_real_server_words_syntax_errors_the_same() -> None:
    for body, message in json.loads((GOLDEN / "json_errors.json").read_text()):
        data = body.encode("latin-1" if body == "\u00ff" else "utf-8")
        with pytest.raises(JSONError) as error:
            json_strict.loads(data)
        assert str(error.value) == message, body[:40]


def test_a_real_server_finds_the_same_duplicates() -> None:
    for body, message, data, labels in json.loads((GOLDEN / "duplicates.json").read_text()):
        tree, duplicates = json_strict.loads(body.encode(), typed=True)
        assert ", ".join(duplicates) == message
        assert (tree.get("data"), tree["metadata"].get("labels")) == (data, labels)


@given(TREES, st.sampled_from([None, 1]), st.booleans())
def test_every_tree_is_read_exactly(tree: Any, indent: int | None, ascii: bool) -> None:
    data = json.dumps(tree, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    found, duplicates = json_strict.loads(data)
    assert found == tree
    assert json.dumps(found) == json.dumps(tree)  # 1 is not 1.0
    assert duplicates == []
    assert json_strict._Decoder(data, False).decode() == (tree, [])


@given(st.dictionaries(st.text(':"\\abé ', max_size=4), TREES, min_size=1, max_size=4), st.data())
def test_no_duplicate_goes_unseen(tree: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(tree)))
    members = [f"{json.dumps(name)} : {json.dumps(value)}" for name, value in [*tree.items(), (key, data.draw(TREES))]]
    body = "{" + ",".join(data.draw(st.permutations(members))) + "}"
    assert f"duplicate field {json_strict.quote(key)}" in json_strict.loads(body.encode())[1]


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        json_strict.loads(data)
    except JSONError as error:
        assert str(error)


def test_what_go_replaces() -> None:
    assert json_strict.loads(b'{"a":"\xff\xe2\x82x","\\ud800":"\\udc00\\ud83d\\ude00"}') == (
        {"a": "\ufffd\ufffd\ufffdx", "\ufffd": "\ufffd\U0001f600"},
        [],
    )


def test_integers_stay_integers() -> None:
    tree, _ = json_strict.loads(
        b'{"a":123456789012345678901234567890,"b":18446744073709551616,"c":-9223372036854775809,"d":1.0,"e":"12345678901234567890123"}'
    )
    assert [type(value) for value in tree.values()] == [int, int, int, float, str]


def test_depth_is_limited_like_upstream() -> None:
    tree, _ = json_strict.loads(b"[" * 10_000 + b"]" * 10_000)
    assert tree
    with pytest.raises(JSONError, match=r"^invalid character '\[' exceeded max depth$"):
        json_strict.loads(b"[" * 10_001 + b"]" * 10_001)


def test_duplicates_in_untyped_trees_replace() -> None:
    assert json_strict.loads(b'{"a":{"b":1},"a":{"c":2}}') == ({"a": {"c": 2}}, ['duplicate field "a"'])
    assert json_strict.loads(b'{"a":{"b":1},"a":{"c":2}}', typed=True)[0] == {"a": {"b": 1, "c": 2}}


def test_at_most_a_hundred_duplicates_are_named() -> None:
    body = "{" + ",".join(f'"k{index}":1,"k{index}":2' for index in range(150)) + "}"
    assert len(json_strict.loads(body.encode())[1]) == 100
