"""YAML as sigs.k8s.io/yaml reads and writes it: recorded from a real server, and round trips by properties."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import yaml
from kcompat.apimachinery.yaml import YAMLError

GOLDEN = Path(__file__).parent / "golden"
HEAD = "apiVersion: golden.kcompat.test/v1\nkind: Anything\nmetadata: {name: q}\n"
READ: list[list[Any]] = json.loads((GOLDEN / "yaml_read.json").read_text())
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT | st.text("aeyn01.x:-#'\"\n \t&*!|>%{}[],?~_+", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(("document", "tree", "message"), READ)
def test_a_real_server_reads_the_same(document: str, tree: Any, message: str) -> None:
    try:
        found, duplicates = yaml.loads((HEAD + document).encode())
    except YAMLError as error:
        assert tree is None
        assert str(error) in message
        return
    if duplicates:
        assert f"strict decoding error: {duplicates[0]}" in message
    else:
        assert {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata")} == tree


def test_a_real_server_writes_the_same() -> None:
    for tree, text in json.loads((GOLDEN / "yaml_written.json").read_text()):
        assert yaml.dump({"tree": tree}).decode() == text


@given(TREES)
def test_what_is_written_is_read_back(tree: Any) -> None:
    assert yaml.loads(yaml.dump(tree)) == (tree, [])


PRINTABLE = st.text(st.characters(min_codepoint=0, max_codepoint=126), max_size=8)
JSON_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
    max_leaves=12,
)


@given(JSON_TREES)
def test_json_is_yaml(tree: Any) -> None:
    assert yaml.loads(json.dumps(tree).encode())[0] == tree


@given(st.binary(max_size=60) | st.text("a:-&*<{[}]\n #|!'\"? ", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        yaml.loads(data)
    except YAMLError as error:
        assert str(error)


def test_alias_bombs_are_refused_at_once() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(YAMLError, match="excessive aliasing"):
        yaml.loads("\n".join(lines).encode())


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(YAMLError):
        yaml.loads(b"[" * 20_000)
    with pytest.raises(YAMLError):
        yaml.loads(b"{<<: " * 5_000 + b"{}" + b"}" * 5_000)


def test_an_empty_stream_is_null_and_only_the_first_document_counts() -> None:
    assert yaml.loads(b"") == (None, [])
    assert yaml.loads(b"a: 1\n---\nb: 2\n") == ({"a": 1}, [])
