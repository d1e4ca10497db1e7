"""What the program of a simulated container does, where its command says so plainly. Pure. Called by containers.py.

Known are `true`, `false`, `sleep N`, `echo …`, `tail -f`, the pause image, and shell scripts (`sh -c`) made of these, `exit N`, `[ … ]`,
`expr`, variables, `if`, `while true`, `&&`, `||` and `;`. Any other program is unknown: whoever asks decides what it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.nodes.environment import environment, expand

_PLAIN_IMAGES = ("busybox", "alpine", "debian", "ubuntu", "fedora", "centos")
_SHELLS = ("sh", "bash", "ash", "dash")
_TOKEN = re.compile(
    r"""[ \t]+|\\\n|\#[^\n]*|(?P<op>&&|\|\||;|\n)|(?P<word>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\$\((?:[^()]|\([^()]*\))*\)|\\.|[^\s;&|'"\\])+)"""
)
_VARIABLE = re.compile(r"\$\(\((?P<sum>[^)]*)\)\)|\$\((?P<command>[^()]*)\)|\$\{(?P<braced>\w+)\}|\$(?P<plain>\w+)")
_ARITHMETIC = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
_COMPARISONS = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}


Line = tuple[float, str]
_MOST_TURNS = 20_000
"""Of a loop, whose lines are kept."""


class Unknown(Exception):
    """What this program does cannot be told."""


class _Exit(Exception):
    """`exit`, or a program that goes on for ever."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a container does: exit with `exit_code` after `run_seconds`; None: run on."""

    run_seconds: float | None
    exit_code: int
    output: tuple[Line, ...] = ()
    """Lines, each with the seconds after the start at which it comes."""
    again: tuple[float, float, tuple[Line, ...]] | None = None
    """A loop without end: when it begins, how long a turn takes, and the lines of a turn."""

    def printed(self, until: float, after: float = -1.0) -> list[Line]:
        """The lines that come later than `after` and not later than `until`, seconds after the start."""
        found = [line for line in self.output if after < line[0] <= until]
        if self.again is None or not self.again[2]:
            return found
        began, period, lines = self.again
        last = int((until - began) // period)
        for turn in range(max(0, last - _MOST_TURNS, int((after - began) // period)), last + 1):
            start = began + turn * period
            found += [(start + at, text) for at, text in lines if after < start + at <= until]
        return found


def program(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Script | None:
    """What the container's command does; None if that is unknown."""
    values = environment(pod, container)
    command = [expand(word, values) for word in container.get("command") or ()]
    arguments = [expand(word, values) for word in container.get("args") or ()]
    if not command and _runs_arguments(container.get("image") or ""):
        command, arguments = arguments, []
    if not command:
        return Script(None, 0) if is_pause(container.get("image") or "", arguments) else None
    try:
        return _Process(values).run([*command, *arguments])
    except (Unknown, ValueError, IndexError, ZeroDivisionError):
        return None


def _runs_arguments(image: str) -> bool:
    """An image without an entry point of its own."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0] in _PLAIN_IMAGES


def is_pause(image: str, arguments: Sequence[str]) -> bool:
    """An image whose only work is to wait."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return name == "pause" or (name == "agnhost" and list(arguments[:1]) in ([], ["pause"]))


class _Process:
    """One run of a program. `seconds` is None once it goes on for ever."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._seconds: float | None = 0.0
        self._code = 0
        self._output: list[Line] = []
        self._again: tuple[float, float, tuple[Line, ...]] | None = None

    def run(self, words: Sequence[str]) -> Script:
        try:
            if words[0].rpartition("/")[2] in _SHELLS and len(words) > 2 and words[1] == "-c":
                self._list(list(_tokens(words[2])))
            else:
                self._call(words)
        except _Exit:
            pass
        return Script(self._seconds, self._code, tuple(self._output), self._again)

    # -- shell

    def _list(self, tokens: list[str]) -> None:
        """Commands up to the end; a word that closes an `if` must not be left over."""
        self._sequence(tokens, ())
        if tokens:
            raise Unknown

    def _sequence(self, tokens: list[str], ends: Sequence[str], *, runs: bool = True) -> None:
        """Commands up to one of the closing words, which is left; runs False: they are only read."""
        wanted = True
        while tokens and tokens[0] not in ends:
            operator = tokens[0]
            if operator in (";", "\n", "&&", "||"):
                tokens.pop(0)
                wanted = operator in (";", "\n") or (self._code == 0) is (operator == "&&")
            elif operator == "if":
                self._if(tokens, runs=runs and wanted)
            elif operator == "while":
                self._while(tokens, runs=runs and wanted)
            else:
                self._simple(tokens, runs=runs and wanted)

    def _if(self, tokens: list[str], *, runs: bool) -> None:
        tokens.pop(0)
        done = False
        self._sequence(tokens, ("then",), runs=runs)
        while tokens:
            closing = tokens.pop(0)
            if closing == "fi":
                return
            if closing == "elif":
                self._sequence(tokens, ("then",), runs=runs and not done)
            else:
                taken = runs and not done and (closing == "else" or self._code == 0)
                self._sequence(tokens, ("elif", "else", "fi"), runs=taken)
                done = done or taken
        raise Unknown

    def _while(self, tokens: list[str], *, runs: bool) -> None:
        """Only loops without end, each turn like the first."""
        if tokens[1:2] not in (["true"], [":"]) or not runs:
            raise Unknown
        del tokens[:2]
        self._sequence(tokens, ("do",))
        tokens.pop(0)
        began, before = self._seconds or 0.0, len(self._output)
        self._sequence(tokens, ("done",))
        tokens.pop(0)
        period = (self._seconds or 0.0) - began
        if period > 0:
            self._again = (began, period, tuple((at - began, text) for at, text in self._output[before:]))
            del self._output[before:]
        self._wait()

    def _simple(self, tokens: list[str], *, runs: bool) -> None:
        words = []
        while tokens and tokens[0] not in (";", "\n", "&&", "||"):
            words.append(tokens.pop(0))
        if runs:
            self._call([self._expanded(word) for word in words])

    def _expanded(self, word: str) -> str:
        if word.startswith("'") and word.endswith("'"):
            return word[1:-1]
        return _VARIABLE.sub(self._value, word.replace('"', ""))

    def _value(self, match: re.Match[str]) -> str:
        if match["sum"] is not None:
            return self._calculated(self._expanded(match["sum"]).split())
        if match["command"] is not None:
            words = [self._expanded(word) for word in match["command"].split()]
            if words[:1] != ["expr"]:
                raise Unknown
            return self._calculated(words[1:])
        name = match["braced"] or match["plain"]
        if name not in self._values:
            raise Unknown
        return self._values[name]

    def _calculated(self, words: Sequence[str]) -> str:
        if len(words) == 1:
            return str(int(words[0]))
        first, operator, second = words
        if operator not in _ARITHMETIC:
            raise Unknown
        return str(_ARITHMETIC[operator](int(first), int(second)))

    # -- commands

    def _call(self, words: Sequence[str]) -> None:
        name = words[0].rpartition("/")[2]
        if any(mark in word for word in words for mark in "<>|`*"):
            raise Unknown
        if name == "exit":
            self._code = int(words[1]) if len(words) > 1 else self._code
            raise _Exit
        if name == "sleep":
            self._sleep(words[1])
        elif name == "tail" and "-f" in words:
            self._wait()
        elif name in ("[", "test"):
            self._code = self._test(words[1:-1] if name == "[" else words[1:])
        elif name == "echo":
            self._say(words[1:])
        elif name in ("true", ":"):
            self._code = 0
        elif name == "false":
            self._code = 1
        else:
            raise Unknown

    def _wait(self) -> None:
        self._seconds, self._code = None, 0
        raise _Exit

    def _say(self, words: Sequence[str]) -> None:
        if words and words[0].startswith("-"):
            words = words[1:]
        self._output.append((self._seconds or 0.0, " ".join(words) + "\n"))
        self._code = 0

    def _sleep(self, text: str) -> None:
        if text in ("inf", "infinity"):
            self._wait()
        assert self._seconds is not None
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:])
        self._seconds += float(text[:-1]) * unit if unit else float(text)
        self._code = 0

    def _test(self, words: Sequence[str]) -> int:
        if len(words) != 3:
            raise Unknown
        first, operator, second = words
        if operator in _COMPARISONS:
            return 0 if _COMPARISONS[operator](int(first), int(second)) else 1
        if operator in ("=", "==", "!="):
            return 0 if (first == second) is (operator != "!=") else 1
        raise Unknown


def _tokens(text: str) -> Iterator[str]:
    """Words as they are written, and operators. Raises Unknown for what is neither."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unknown
        if token := match["op"] or match["word"]:
            yield token
        at = match.end()
