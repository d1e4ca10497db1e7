"""JSON bytes as Go's encoding/json writes them: `<`, `>`, `&` and the line separators are escaped. Called by the codec and the API's answers."""

from __future__ import annotations

from typing import Any

import orjson

_INDENTED = orjson.OPT_INDENT_2


def dumps(tree: Any, *, pretty: bool = False) -> bytes:
    """Compact, or indented by two spaces. Keys stay in the order they have. Raises orjson.JSONEncodeError."""
    data = orjson.dumps(tree, option=_INDENTED if pretty else None)
    if b"&" in data:
        data = data.replace(b"&", b"\\u0026")
    if b"<" in data:
        data = data.replace(b"<", b"\\u003c")
    if b">" in data:
        data = data.replace(b">", b"\\u003e")
    if b"\xe2" in data:
        data = data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return data
