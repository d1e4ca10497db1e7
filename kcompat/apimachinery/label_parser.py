"""The grammar of label selectors: `app=web,tier in (a,b),!legacy,replicas>3`. Reached through selectors.

Answers the Lexer and Parser of apimachinery pkg/labels/selector.go, token by token, so that what is wrong is said in the same words.
"""

import re
from functools import lru_cache

from kcompat.apimachinery import field, names
from kcompat.apimachinery.label_selectors import BINARY_OPERATORS, EVERYTHING, LabelSelector, Requirement, SelectorError, new_requirement

_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|=|!=|[!(),<>])|([^ \t\r\n\0=!(),<>]+)\0?)")
_OPERATORS = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_IDENTIFIER = "identifier"
_END = ""


@lru_cache(maxsize=2048)
def parse(text: str) -> LabelSelector:
    """Parses the string form; raises SelectorError with upstream's message."""
    return LabelSelector(_Parser(text).requirements()) if text else EVERYTHING


class _Parser:
    """A token is (kind, literal); the kind of a symbol or keyword is itself, `identifier` or empty at the end."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while match := _TOKEN.match(text, position):
            symbol, word = match.groups()
            literal = symbol or word
            self._tokens.append((literal if symbol or word in ("in", "notin") else _IDENTIFIER, literal))
            position = match.end()
        self._tokens.append((_END, ""))
        self._position = 0

    def _peek(self) -> tuple[str, str]:
        """The next token where a value may stand: there, `in` and `notin` are plain words."""
        kind, literal = self._tokens[self._position]
        return (_IDENTIFIER if kind in ("in", "notin") else kind), literal

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._position += 1
        return token

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, literal = self._peek()
            if kind == _END:
                return found
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            found.append(self._wrapped_requirement())
            kind, literal = self._take()
            if kind == _END:
                return found
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._peek()
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _wrapped_requirement(self) -> Requirement:
        try:
            return self._requirement()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None

    def _requirement(self) -> Requirement:
        kind, key = self._take()
        negated = kind == "!"
        if negated:
            kind, key = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{key}', expected: identifier")
        if messages := names.is_label_key(key):
            raise SelectorError(str(field.invalid(field.ROOT, key, "; ".join(messages))))
        if negated or self._peek()[0] in (_END, ","):
            return new_requirement(key, "!" if negated else "exists", ())
        operator = self._operator()
        values = self._values() if operator in ("in", "notin") else self._exact_value()
        return new_requirement(key, operator, sorted(values))

    def _operator(self) -> str:
        kind, literal = self._tokens[self._position]
        self._position += 1
        if kind not in _OPERATORS:
            raise SelectorError(f"found '{literal}', expected: {', '.join(BINARY_OPERATORS)}")
        return _OPERATORS[kind]

    def _exact_value(self) -> set[str]:
        if self._peek()[0] in (_END, ","):
            return {""}
        kind, literal = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        return {literal}

    def _values(self) -> set[str]:
        kind, literal = self._take()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self._peek()
        if kind == ")":
            self._take()
            return {""}
        if kind not in (_IDENTIFIER, ","):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        values = self._identifiers()
        if self._take()[0] != ")":
            raise SelectorError(f"found '{literal}', expected: ')'")
        return values

    def _identifiers(self) -> set[str]:
        """Words between commas; nothing before or after a comma stands for the empty value."""
        values: set[str] = set()
        while True:
            kind, literal = self._take()
            following, ahead = self._peek() if kind != _END else (_END, "")
            if kind == _IDENTIFIER:
                values.add(literal)
                if following == ")":
                    return values
                if following != ",":
                    raise SelectorError(f"found '{ahead}', expected: ',' or ')'")
            elif kind == ",":
                values |= {""} if not values or following in (",", ")") else set()
                if following == ")":
                    return values
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")
