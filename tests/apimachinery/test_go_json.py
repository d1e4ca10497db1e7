"""JSON as Go writes it."""

from __future__ import annotations

import orjson
import pytest

from kcompat.apimachinery import go_json


@pytest.mark.parametrize(("text", "written"), [("a<b>c&d", rb"a\u003cb\u003ec\u0026d"), ("\u2028\u2029", rb"\u2028\u2029"), ("é“ok”", "é“ok”".encode())])
def test_what_html_would_take_for_its_own_is_escaped(text: str, written: bytes) -> None:
    data = go_json.dumps({"a": text})
    assert data == b'{"a":"' + written + b'"}'
    assert orjson.loads(data) == {"a": text}


def test_pretty() -> None:
    assert go_json.dumps({"a": ["<"], "b": {}}, pretty=True) == b'{\n  "a": [\n    "\\u003c"\n  ],\n  "b": {}\n}'
