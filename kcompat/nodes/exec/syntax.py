"""The grammar of the small shell: text to a tree. Pure. Called by shell.py.

Known are lists (`;`, `&&`, `||`, newlines), pipelines, redirections, `if`, `while`, `until`, `for`, `{ }`, `( )` and assignments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\\\n|(?:(?<=\s)|^)\#[^\n]*)
    |(?P<redirect>[0-9]?>>|[0-9]?>&[0-9]|[0-9]?>|<)
    |(?P<op>&&|\|\||;;|;|\n|\||&|\(|\))
    |(?P<word>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\$\(\((?:[^()]|\([^()]*\))*\)\)|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\$\{[^}]*\}|\\.|[^\s;&|<>()'"\\`])+)""",
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SEPARATORS = (";", "\n")
_CLOSING = ("then", "else", "elif", "fi", "do", "done", "}", ")")


class SyntaxProblem(Exception):
    """Text that is no program of ours."""


@dataclass
class Redirect:
    """`2>&1` is descriptor 2, mode "&", target "1"."""

    descriptor: int
    mode: str
    target: str


@dataclass
class Simple:
    assignments: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Pipeline:
    commands: list[Node]
    negated: bool = False


@dataclass
class AndOr:
    """Pipelines, each with the operator before it ("" for the first)."""

    parts: list[tuple[str, Node]]


@dataclass
class Sequence_:
    commands: list[Node]


@dataclass
class If:
    branches: list[tuple[Node, Node]]
    otherwise: Node | None


@dataclass
class Loop:
    condition: Node
    body: Node
    until: bool


@dataclass
class For:
    name: str
    words: list[str]
    body: Node


@dataclass
class Group:
    body: Node
    redirects: list[Redirect]
    subshell: bool


Node = Simple | Pipeline | AndOr | Sequence_ | If | Loop | For | Group


def parse(text: str) -> Node:
    """Raises SyntaxProblem."""
    parser = _Parser(_tokens(text))
    tree = parser.sequence(())
    if parser.peek():
        raise SyntaxProblem(f'unexpected "{parser.peek()}"')
    return tree


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblem("unterminated quoted string")
        if match.lastgroup != "space":
            found.append(match.group())
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise SyntaxProblem(f'unexpected "{token or "end of file"}"' + (f' (expecting "{wanted}")' if wanted else ""))
        self._at += 1
        return token

    def sequence(self, ends: Sequence[str]) -> Node:
        commands: list[Node] = []
        while (token := self.peek()) and token not in ends:
            if token in _SEPARATORS:
                self._at += 1
            elif token in _CLOSING:
                raise SyntaxProblem(f'unexpected "{token}"')
            else:
                commands.append(self._and_or())
                if (after := self.peek()) and after not in _SEPARATORS and after not in ends:
                    raise SyntaxProblem(f'unexpected "{after}"')
        return Sequence_(commands)

    def _and_or(self) -> Node:
        parts: list[tuple[str, Node]] = [("", self._pipeline())]
        while self.peek() in ("&&", "||"):
            operator = self.take()
            self._skip_lines()
            parts.append((operator, self._pipeline()))
        return parts[0][1] if len(parts) == 1 else AndOr(parts)

    def _pipeline(self) -> Node:
        negated = self.peek() == "!"
        if negated:
            self._at += 1
        commands = [self._command()]
        while self.peek() == "|":
            self._at += 1
            self._skip_lines()
            commands.append(self._command())
        return commands[0] if len(commands) == 1 and not negated else Pipeline(commands, negated)

    def _skip_lines(self) -> None:
        while self.peek() == "\n":
            self._at += 1

    def _command(self) -> Node:
        token = self.peek()
        if token == "if":
            return self._if()
        if token in ("while", "until"):
            self._at += 1
            condition = self.sequence(("do",))
            return Loop(condition, self._body(), token == "until")
        if token == "for":
            return self._for()
        if token in ("{", "("):
            self._at += 1
            close = "}" if token == "{" else ")"
            body = self.sequence((close,))
            self.take(close)
            return Group(body, self._redirects(), token == "(")
        return self._simple()

    def _body(self) -> Node:
        self.take("do")
        body = self.sequence(("done",))
        self.take("done")
        return body

    def _if(self) -> Node:
        self.take("if")
        branches, otherwise = [], None
        condition = self.sequence(("then",))
        while True:
            self.take("then")
            branches.append((condition, self.sequence(("elif", "else", "fi"))))
            closing = self.take()
            if closing == "elif":
                condition = self.sequence(("then",))
                continue
            if closing == "else":
                otherwise = self.sequence(("fi",))
                self.take("fi")
            return If(branches, otherwise)

    def _for(self) -> Node:
        self.take("for")
        name, words = self.take(), []
        if self.peek() == "in":
            self._at += 1
            while self.peek() not in (";", "\n", ""):
                words.append(self.take())
        while self.peek() in _SEPARATORS:
            self._at += 1
        return For(name, words, self._body())

    def _redirects(self) -> list[Redirect]:
        found = []
        while (token := self.peek()) and _is_redirect(token):
            found.append(self._redirect())
        return found

    def _redirect(self) -> Redirect:
        token = self.take()
        if "&" in token:
            return Redirect(int(token[0]) if token[0].isdigit() else 1, "&", token[-1])
        digit = int(token[0]) if token[0].isdigit() else (0 if token == "<" else 1)
        return Redirect(digit, token.lstrip("0123456789"), self.take())

    def _simple(self) -> Node:
        found = Simple()
        while (token := self.peek()) and token not in ("&&", "||", "|", ";", "\n", "(", ")", "&"):
            if _is_redirect(token):
                found.redirects.append(self._redirect())
            elif not found.words and _ASSIGNMENT.match(token):
                found.assignments.append(self.take())
            else:
                found.words.append(self.take())
        if not (found.words or found.assignments or found.redirects):
            raise SyntaxProblem(f'unexpected "{self.peek() or "end of file"}"')
        return found


def _is_redirect(token: str) -> bool:
    return bool(re.fullmatch(r"[0-9]?>>?|[0-9]?>&[0-9]|<", token))
