"""Runs programs of the small shell. Called by remote.py and terminal.py; the programs it knows are in commands.py."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kcompat.nodes.exec import syntax
from kcompat.nodes.exec.files import MOST_BYTES, FileError, Files

Read = Callable[[], Awaitable[bytes]]
Write = Callable[[bytes], Awaitable[None]]
NOT_FOUND = 127
SHELLS = ("sh", "bash", "ash", "dash")
_EXPANSION = re.compile(
    r"\$\(\((?P<sum>.*?)\)\)|\$\((?P<command>(?:[^()]|\([^()]*\))*)\)|`(?P<ticks>[^`]*)`|\$\{(?P<braced>[^}]*)\}|\$(?P<plain>\w+|[?#$@*])",
    re.DOTALL,
)
_PIECE = re.compile(
    r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|(?:\$\((?:[^()]|\([^()]*\)|\(\([^()]*\)\))*\)|`[^`]*`|\$\{[^}]*\}|[^'"\\])+""", re.DOTALL
)
_FREE_COMMANDS, _PAUSE = 200, 0.01
"""A session's commands that cost nothing, and the seconds after each further one: loops without end must not take the processor."""
_MOST_CAPTURED = 1 << 20
"""Characters of a word, and bytes of what a command in it prints."""


class Exit(Exception):
    """`exit`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class NotFound(Exception):
    """There is no such program; the text is its name."""


@dataclass
class World:
    """What all processes of a session share. `facts`: hostname, date, … by command name."""

    files: Files
    facts: Mapping[str, Callable[[], str]]
    programs: Mapping[str, Program]
    commands_run: int = 0

    async def pace(self) -> None:
        """Before every command and turn of a loop."""
        self.commands_run += 1
        await asyncio.sleep(_PAUSE if self.commands_run > _FREE_COMMANDS else 0)


@dataclass
class Process:
    """A running program: its variables, place and streams."""

    world: World
    variables: dict[str, str]
    read: Read
    out: Write
    error: Write
    directory: str = "/"
    code: int = 0
    terminal: bool = False
    arguments: Sequence[str] = field(default_factory=list)

    @property
    def files(self) -> Files:
        return self.world.files

    def path(self, name: str) -> str:
        """Absolute, from where the process is."""
        found = posixpath.normpath(posixpath.join(self.directory, name))
        return "/" + found.lstrip("/")

    async def say(self, text: str) -> None:
        await self.out(text.encode())

    async def complain(self, text: str) -> None:
        await self.error(f"{text}\n".encode())

    async def read_all(self) -> bytes:
        chunks = []
        size = 0
        while chunk := await self.read():
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                raise FileError("Cannot allocate memory")
        return b"".join(chunks)


Program = Callable[[Process, Sequence[str]], Awaitable[int]]


async def run(process: Process, words: Sequence[str]) -> int:
    """A program with its arguments. Raises NotFound, and Exit only from within a shell."""
    world = process.world
    await world.pace()
    name = words[0].rpartition("/")[2]
    if "/" in words[0] and words[0] not in (f"/bin/{name}", f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        raise NotFound(words[0])
    if name in SHELLS:
        return await _shell(process, words[1:])
    program = world.programs.get(name)
    if program is None:
        raise NotFound(words[0])
    try:
        return await program(process, words[1:])
    except FileError as error:
        await process.complain(f"{name}: {error}")
        return 1
    except (ValueError, IndexError, TypeError):
        await process.complain(f"{name}: invalid arguments")
        return 1


async def _shell(process: Process, arguments: Sequence[str]) -> int:
    """`sh -c script`, `sh file`, or a script on the input."""
    flags = [word for word in arguments if word.startswith("-")]
    rest = list(arguments[len(flags) :])
    if any("c" in flag for flag in flags):
        script, names = (rest[0], rest[1:]) if rest else ("", [])
    elif rest:
        script, names = process.files.read(process.path(rest[0])).decode(errors="replace"), rest
    else:
        return await _interactive(replace(process, variables=dict(process.variables)))
    inner = replace(process, variables=dict(process.variables), arguments=names[1:])
    try:
        return await script_in(inner, script)
    except Exit as end:
        return end.code


async def _interactive(process: Process) -> int:
    """Commands from the input, each run as soon as it is complete; its end is the shell's."""
    text = ""
    if process.terminal:
        await process.say(f"{process.directory} # ")
    while chunk := await process.read():
        text += chunk.decode(errors="replace")
        if not text.endswith("\n") or _is_unfinished(text):
            continue
        try:
            await script_in(process, text)
        except Exit as end:
            return end.code
        text = ""
        if process.terminal:
            await process.say(f"{process.directory} # ")
    try:
        return await script_in(process, text) if text.strip() else process.code
    except Exit as end:
        return end.code


def _is_unfinished(text: str) -> bool:
    try:
        syntax.parse(text)
    except syntax.SyntaxProblem as problem:
        return "end of file" in str(problem) or "unterminated" in str(problem)
    return False


async def script_in(process: Process, text: str) -> int:
    """Runs text in this very process. Raises Exit."""
    try:
        tree = syntax.parse(text)
    except (syntax.SyntaxProblem, RecursionError) as problem:
        await process.complain(f"sh: syntax error: {problem}")
        process.code = 2
    else:
        await _Interpreter(process).visit(tree)
    return process.code


class _Interpreter:
    """Walks a tree; the exit code of what ran last is the process's."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def visit(self, node: syntax.Node) -> None:
        if isinstance(node, syntax.Simple):
            await self._simple(node)
        elif isinstance(node, syntax.Sequence_):
            for command in node.commands:
                await self.visit(command)
        elif isinstance(node, syntax.AndOr):
            for operator, command in node.parts:
                if not operator or (self._process.code == 0) is (operator == "&&"):
                    await self.visit(command)
        elif isinstance(node, syntax.Pipeline):
            await self._pipeline(node)
        elif isinstance(node, syntax.If):
            await self._if(node)
        elif isinstance(node, syntax.Loop):
            await self._loop(node)
        elif isinstance(node, syntax.For):
            await self._for(node)
        else:
            await self._group(node)

    async def _holds(self, node: syntax.Node) -> bool:
        await self.visit(node)
        return self._process.code == 0

    async def _if(self, node: syntax.If) -> None:
        for condition, body in node.branches:
            if await self._holds(condition):
                await self.visit(body)
                return
        self._process.code = 0
        if node.otherwise is not None:
            await self.visit(node.otherwise)

    async def _loop(self, node: syntax.Loop) -> None:
        code = 0
        while await self._holds(node.condition) is not node.until:
            await self._process.world.pace()
            await self.visit(node.body)
            code = self._process.code
        self._process.code = code

    async def _for(self, node: syntax.For) -> None:
        words = [part for word in node.words for part in await self._words(word)]
        self._process.code = 0
        for word in words:
            self._process.variables[node.name] = word
            await self.visit(node.body)

    async def _group(self, node: syntax.Group) -> None:
        inner = replace(self._process, variables=dict(self._process.variables)) if node.subshell else replace(self._process)
        if not node.subshell:
            inner.variables = self._process.variables
        if not await self._redirect(inner, node.redirects):
            return
        try:
            await _Interpreter(inner).visit(node.body)
        except Exit as end:
            if not node.subshell:
                raise
            inner.code = end.code
        self._process.code = inner.code
        if not node.subshell:
            self._process.directory = inner.directory

    async def _pipeline(self, node: syntax.Pipeline) -> None:
        """Each command runs to its end before the next one reads what it wrote."""
        data = b""
        for index, command in enumerate(node.commands):
            inner = replace(self._process, variables=dict(self._process.variables))
            if index:
                inner.read = _reader(data)
            captured: list[bytes] = []
            if index < len(node.commands) - 1:
                inner.out = _writer(captured)
            try:
                await _Interpreter(inner).visit(command)
            except Exit as end:
                inner.code = end.code
            data = b"".join(captured)
            self._process.code = inner.code
        if node.negated:
            self._process.code = int(self._process.code == 0)

    async def _simple(self, node: syntax.Simple) -> None:
        await self._process.world.pace()
        words = [part for word in node.words for part in await self._words(word)]
        given = {}
        for assignment in node.assignments:
            name, _, value = assignment.partition("=")
            given[name] = await self._joined(value)
        if not words:
            self._process.variables.update(given)
            self._process.code = 0
            return
        inner = replace(self._process, variables={**self._process.variables, **given} if given else self._process.variables)
        if await self._redirect(inner, node.redirects):
            self._process.code = await self._call(inner, words)

    async def _call(self, inner: Process, words: list[str]) -> int:
        """A builtin, which changes the process itself, or a program."""
        process, name = self._process, words[0]
        if name == "exit":
            raise Exit(int(words[1]) if len(words) > 1 and words[1].isdigit() else process.code)
        if name == "cd":
            target = process.path(words[1] if len(words) > 1 else process.variables.get("HOME", "/"))
            if not process.files.is_directory(target):
                await inner.complain(f"sh: cd: can't cd to {words[1]}: No such file or directory")
                return 2
            process.directory = target
            return 0
        if name in ("export", "unset", "set", "trap", "wait", ":", "exec") and (name != "exec" or len(words) == 1):
            for word in words[1:] if name in ("export", "unset") else ():
                if name == "unset":
                    process.variables.pop(word, None)
                elif "=" in word:
                    process.variables[word.partition("=")[0]] = word.partition("=")[2]
            return 0
        try:
            return await run(inner, words[1:] if name == "exec" else words)
        except NotFound as absent:
            await inner.complain(f"sh: {absent}: not found")
            return NOT_FOUND

    async def _redirect(self, inner: Process, redirects: Sequence[syntax.Redirect]) -> bool:
        for redirect in redirects:
            if redirect.mode == "&":
                inner.out, inner.error = (inner.error, inner.error) if redirect.target == "2" else (inner.out, inner.out)
                continue
            path = inner.path(await self._joined(redirect.target))
            try:
                if redirect.mode == "<":
                    inner.read = _reader(inner.files.read(path))
                    continue
                inner.files.write(path, b"", append=redirect.mode == ">>")
            except FileError as error:
                await self._process.complain(f"sh: can't {'open' if redirect.mode == '<' else 'create'} {path}: {error}")
                self._process.code = 1
                return False
            if redirect.descriptor == 2:
                inner.error = _appender(inner.files, path)
            else:
                inner.out = _appender(inner.files, path)
        return True

    # -- words

    async def _words(self, word: str) -> list[str]:
        """A word as the program gets it: expanded, and split where it was not quoted."""
        parts, quoted = await self._expanded(word)
        text = "".join(part for part, _ in parts)[:_MOST_CAPTURED]
        if quoted or not any(splits for _, splits in parts):
            return [text] if text or quoted else []
        found = text.split()
        return [match for each in found for match in (self._glob(each) if "*" in each else [each])]

    async def _joined(self, word: str) -> str:
        parts, _ = await self._expanded(word)
        return "".join(part for part, _ in parts)[:_MOST_CAPTURED]

    async def _expanded(self, word: str) -> tuple[list[tuple[str, bool]], bool]:
        """Parts, each with whether it may be split; and whether any quotes were used."""
        parts: list[tuple[str, bool]] = []
        quoted = False
        for piece in _PIECE.findall(word):
            if piece[0] == "'":
                parts.append((piece[1:-1], False))
                quoted = True
            elif piece[0] == '"':
                inner = await self._substitute(piece[1:-1])
                parts.append((re.sub(r'\\([$`"\\])', r"\1", inner), False))
                quoted = True
            elif piece[0] == "\\":
                parts.append((piece[1:], False))
            else:
                parts.append((await self._substitute(piece), "$" in piece or "`" in piece or "*" in piece))
        return parts, quoted

    def _glob(self, pattern: str) -> list[str]:
        directory, _, last = pattern.rpartition("/")
        where = self._process.path(directory or ("/" if pattern.startswith("/") else "."))
        if "*" in directory or not self._process.files.is_directory(where):
            return [pattern]
        wanted = re.compile(".*".join(re.escape(part) for part in last.split("*")))
        names = [name for name in self._process.files.names(where) if wanted.fullmatch(name) and not name.startswith(".")]
        prefix = f"{directory}/" if "/" in pattern else ""
        return [f"{prefix}{name}" for name in names] or [pattern]

    async def _substitute(self, text: str) -> str:
        found, at = [], 0
        for match in _EXPANSION.finditer(text):
            if match.start() and text[match.start() - 1] == "\\":
                continue
            found.append(text[at : match.start()])
            found.append(await self._value(match))
            at = match.end()
        return "".join([*found, text[at:]])

    async def _value(self, match: re.Match[str]) -> str:
        process = self._process
        if match["sum"] is not None:
            return str(await self._calculated(match["sum"]))
        command = match["command"] if match["command"] is not None else match["ticks"]
        if command is not None:
            captured: list[bytes] = []
            inner = replace(process, variables=dict(process.variables), out=_writer(captured))
            with suppress(Exit):
                await script_in(inner, command)
            return b"".join(captured)[:_MOST_CAPTURED].decode(errors="replace").rstrip("\n")
        name, operator, otherwise = match["plain"], "", ""
        if name is None:
            name, operator, otherwise = re.fullmatch(r"(\w*)(?::?([-=+?])(.*))?.*", match["braced"], re.DOTALL).groups(default="")  # type: ignore[union-attr]
        special = {"?": str(process.code), "#": str(len(process.arguments)), "$": "1", "@": " ".join(process.arguments), "*": " ".join(process.arguments)}
        if name.isdigit():
            return process.arguments[int(name) - 1] if 0 < int(name) <= len(process.arguments) else "sh"
        value = special.get(name) or process.variables.get(name, "")
        if operator == "+":
            return otherwise if value else ""
        return value or (await self._joined(otherwise) if operator in ("-", "=") else "")

    async def _calculated(self, text: str) -> int:
        """Whole numbers, variables and the usual operators."""
        expanded = await self._substitute(text)
        known = self._process.variables
        plain = re.sub(r"[A-Za-z_]\w*", lambda match: known.get(match.group(), "0") or "0", expanded)
        return _sum(re.findall(r"\d+|[-+*/%()]|[<>=!]=|[<>]", plain))


def _sum(tokens: list[str]) -> int:
    """Precedence climbing over +, -, *, /, % and comparisons."""
    levels = (("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))

    def value() -> int:
        token = tokens.pop(0) if tokens else "0"
        if token == "-":
            return -value()
        if token == "(":
            inside = level(0)
            if tokens:
                tokens.pop(0)
            return inside
        return int(token) if token.isdigit() else 0

    def level(index: int) -> int:
        if index == len(levels):
            return value()
        left = level(index + 1)
        while tokens and tokens[0] in levels[index]:
            left = _apply(tokens.pop(0), left, level(index + 1))
        return left

    return level(0)


def _apply(operator: str, left: int, right: int) -> int:
    if operator in "/%":
        if right == 0:
            raise ValueError("divide by zero")
        return int(left / right) if operator == "/" else left - right * int(left / right)
    simple = {"+": left + right, "-": left - right, "*": left * right, "==": left == right, "!=": left != right}
    compared = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
    return int({**simple, **compared}[operator])


def _reader(data: bytes) -> Read:
    left = [data]

    async def read() -> bytes:
        found, left[0] = left[0], b""
        return found

    return read


def _writer(into: list[bytes]) -> Write:
    size = 0

    async def write(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size > MOST_BYTES:
            raise FileError("Cannot allocate memory")
        into.append(data)

    return write


def _appender(files: Files, path: str) -> Write:
    async def write(data: bytes) -> None:
        files.write(path, data, append=True)

    return write
