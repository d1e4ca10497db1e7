"""What can be told of a CEL expression from its words. Called by crd_schema. Pure. Nothing is compiled."""

from __future__ import annotations

import re
from typing import Final

_TOKENS: Final = re.compile(
    r"//[^\n]*"
    r"|[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|\"[^\"\n]*\"|'[^'\n]*')"
    r"|[bB]?(?:\"{3}(?:\\.|.)*?\"{3}|'{3}(?:\\.|.)*?'{3}|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<name>(?:\.\s*)?[_a-zA-Z][_a-zA-Z0-9]*)",
    re.DOTALL,
)


def mentions_old_self(expression: str) -> bool:
    """Whether the expression looks at the value as it was (schema/cel/compilation.go: UsesOldSelf)."""
    return any(found["name"] == "oldSelf" for found in _TOKENS.finditer(expression))
