"""Which places of upstream's sources that refuse or warn were run by a covered kube-apiserver. Called by reach.py.

A place is a line that makes a field error, adds a warning, or makes an API error of its own. What the compiler's coverage says of the
block around it tells whether it was ever reached.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.tools import go

_ERRORS = "Invalid|Required|Forbidden|NotSupported|Duplicate|TooLong|TooLongMaxLength|TooMany|TooFew|TypeInvalid|NotFound"
_PLACES = (
    ("rule", re.compile(rf"\bfield\.({_ERRORS})\(|\berrs = append\(errs, e\.\.\.\)$")),
    ("warning", re.compile(r"\bwarnings = append\(warnings|\bwarning\.AddWarning\(")),
    ("refusal", re.compile(r"\b(api|k?)err(or)?s\.New(Forbidden|BadRequest|Invalid|Conflict|NotFound|MethodNotSupported|AlreadyExists|TooManyRequests)\(|\badmission\.NewForbidden\(")),
)
_FUNCTION = re.compile(r"^func (?:\([^)]*\) )?(\w+)")
_BLOCK = re.compile(r"(.*):(\d+)\.(\d+),(\d+)\.(\d+) \d+ (\d+)$")
Block = tuple[int, int, bool]
"""First line, last line, whether it was run."""


@dataclass(frozen=True)
class Place:
    """A line of a source file, named as Go names it (k8s.io/kubernetes/pkg/…)."""

    file: str
    line: int
    function: str
    what: str
    source: str
    reached: bool

    def __str__(self) -> str:
        return f"{self.function}:{self.line}"


def places(directory: Path) -> Iterator[Place]:
    """Every place of every covered file, from the directory that GOCOVERDIR was."""
    for file, blocks in sorted(_profile(directory).items()):
        function = ""
        for number, line in enumerate(_source(file).read_text().splitlines(), 1):
            if found := _FUNCTION.match(line):
                function = found[1]
            what = next((what for what, pattern in _PLACES if pattern.search(line)), "")
            if what and not line.lstrip().startswith("//"):
                yield Place(file, number, function, what, line.strip(), _reached(blocks, number))


def _reached(blocks: list[Block], line: int) -> bool:
    """By the smallest block around the line; the last to begin, among equals."""
    around = [block for block in blocks if block[0] <= line <= block[1]]
    return min(around, key=lambda block: (block[1] - block[0], -block[0]))[2] if around else False


def _profile(directory: Path) -> dict[str, list[Block]]:
    profile = directory / "profile.txt"
    subprocess.run([go(), "tool", "covdata", "textfmt", f"-i={directory}", f"-o={profile}"], check=True)
    blocks: dict[str, list[Block]] = defaultdict(list)
    for row in profile.read_text().splitlines():
        if found := _BLOCK.match(row):
            file, first, _, last, _, count = found.groups()
            blocks[file].append((int(first), int(last), count != "0"))
    return blocks


def _source(file: str) -> Path:
    host, module, rest = file.split("/", 2)
    return next(_modules().glob(f"{host}/{module}@*.37.1/{rest}"))


@cache
def _modules() -> Path:
    return Path(subprocess.run([go(), "env", "GOMODCACHE"], check=True, capture_output=True, text=True).stdout.strip())
