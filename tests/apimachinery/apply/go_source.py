"""Reads composite literals out of Go source, so that upstream's test tables can be used where they stand in the module cache.

values("…source…", "tests") gives every literal assigned to that name: `Literal`s, `Call`s, strings, numbers, True, False, None and `Name`s.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|(`[^`]*`|"(?:\\.|[^"\\])*"|\d+(?:\.\d+)?|[A-Za-z_][\w.]*|:=|[^\s\w])', re.DOTALL)


@dataclass
class Name:
    """An identifier, qualified or not."""

    text: str


@dataclass
class Call:
    function: str
    arguments: list[Any]


@dataclass
class Literal:
    """A composite literal: `fields` of keyed elements, `items` of the others. `type` is its text, "" if left out."""

    type: str
    items: list[Any] = field(default_factory=list)
    fields: dict[Any, Any] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        return self.fields.get(name, default)


def values(source: str, name: str) -> list[Any]:
    """What is assigned to a name, everywhere in the source."""
    found = []
    for match in re.finditer(rf"\b{name}\s*:?=\s*", source):
        found.append(_Reader(source, match.end()).value())
    return found


class _Reader:
    def __init__(self, source: str, position: int) -> None:
        self.source, self.position = source, position

    def peek(self) -> str:
        before = self.position
        token = self.take()
        self.position = before
        return token

    def take(self) -> str:
        while True:
            match = TOKEN.match(self.source, self.position)
            assert match is not None, self.source[self.position : self.position + 40]
            self.position = match.end()
            if match[1]:
                return match[1]

    def expect(self, token: str) -> None:
        found = self.take()
        assert found == token, f"{found} instead of {token} at {self.source[self.position - 40 : self.position]}"

    def value(self) -> Any:
        token = self.take()
        if token in "&*-":
            value = self.value()
            return -value if token == "-" else value
        if token[0] == "`":
            return token[1:-1]
        if token[0] == '"':
            return json.loads(token)
        if token[0].isdigit():
            return float(token) if "." in token else int(token)
        if token == "{":
            return self.literal("")
        if token in ("map", "[", "func"):
            return self.typed(token)
        return self.named(token)

    def typed(self, token: str) -> Any:
        """map[K]V{…}, []T{…}."""
        text = token
        depth = 1 if token == "[" else 0
        while True:
            token = self.take()
            if token == "{" and depth == 0 and not text.endswith("interface"):
                return self.literal(text)
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
            text += token

    def named(self, name: str) -> Any:
        constants = {"true": True, "false": False, "nil": None}
        if name in constants:
            return constants[name]
        token = self.peek()
        if token == "{":
            self.take()
            return self.literal(name)
        if token == "(":
            self.take()
            arguments = list(self.sequence(")"))
            return arguments[0][1] if name in ("typed.YAMLObject", "float64") else Call(name, [argument for _, argument in arguments])
        return Name(name)

    def literal(self, type: str) -> Literal:
        result = Literal(type)
        for key, value in self.sequence("}"):
            if key is None:
                result.items.append(value)
            else:
                result.fields[key.text if isinstance(key, Name) else key] = value
        return result

    def sequence(self, end: str) -> list[tuple[Any, Any]]:
        found: list[tuple[Any, Any]] = []
        while self.peek() != end:
            key, value = None, self.value()
            if self.peek() == ":":
                self.take()
                key, value = value, self.value()
            found.append((key, value))
            if self.peek() == ",":
                self.take()
        self.expect(end)
        return found
