"""The small programs of a simulated container, as busybox has them. Called by shell.py.

Each is a coroutine function of a process and its arguments, and gives the exit code; `PROGRAMS` is what there is on the PATH.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Sequence

from kcompat.nodes.exec.archive import tar
from kcompat.nodes.exec.files import FileError
from kcompat.nodes.exec.shell import NOT_FOUND, SHELLS, NotFound, Process, Program, run

_LONGEST_SLEEP = 24 * 3600.0
_CONVERSION = re.compile(r"%-?\d{0,4}(?:\.\d{0,4})?[sdx]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "0": "\0", "e": "\033"}


def _split(arguments: Sequence[str], valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Options by letter ("" for one without value) and operands. valued: letters that take a value."""
    options: dict[str, str] = {}
    words = list(arguments)
    while words and len(words[0]) > 1 and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        for at, letter in enumerate(word[1:], 1):
            if letter in valued:
                options[letter] = word[at + 1 :] or (words.pop(0) if words else "")
                break
            options[letter] = ""
    return options, words


def _unescaped(text: str) -> str:
    return re.sub(r"\\([ntr\\ab0e])", lambda match: _ESCAPES[match[1]], text)


async def _contents(process: Process, name: str, operands: Sequence[str]) -> tuple[list[tuple[str, bytes]], int]:
    """What the named files hold, or the input; and 1 if one could not be read."""
    found, code = [], 0
    for operand in operands or ["-"]:
        try:
            found.append((operand, await process.read_all() if operand == "-" else process.files.read(process.path(operand))))
        except FileError as error:
            doing = "read error" if str(error) == "Is a directory" else f"can't open '{operand}'"
            await process.complain(f"{name}: {doing}: {error}")
            code = 1
    return found, code


async def true(process: Process, arguments: Sequence[str]) -> int:
    return 0


async def false(process: Process, arguments: Sequence[str]) -> int:
    return 1


async def echo(process: Process, arguments: Sequence[str]) -> int:
    words, newline, escapes = list(arguments), "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags = words.pop(0)
        newline, escapes = "" if "n" in flags else newline, escapes or "e" in flags
    text = " ".join(words)
    await process.say((_unescaped(text) if escapes else text) + newline)
    return 0


async def printf(process: Process, arguments: Sequence[str]) -> int:
    form, values = _unescaped(arguments[0]), list(arguments[1:])
    wanted = len(_CONVERSION.findall(form))
    while True:
        taken, values = values[:wanted], values[wanted:]
        left = iter(taken)

        def one(match: re.Match[str], left: object = left) -> str:
            if match.group() == "%%":
                return "%"
            value = next(left, "")  # type: ignore[call-overload]
            return match.group() % (int(value or 0) if match.group()[-1] in "dx" else value)

        await process.say(re.sub(f"%%|{_CONVERSION.pattern}", one, form))
        if not values or not wanted:
            return 0


async def cat(process: Process, arguments: Sequence[str]) -> int:
    _, operands = _split(arguments)
    if not operands:
        while chunk := await process.read():
            await process.out(chunk)
        return 0
    found, code = await _contents(process, "cat", operands)
    for _, content in found:
        await process.out(content)
    return code


async def env(process: Process, arguments: Sequence[str]) -> int:
    words = list(arguments)
    variables = dict(process.variables)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if words:
        process.variables = variables
        return await _run(process, "env", words)
    await process.say("".join(f"{name}={value}\n" for name, value in variables.items()))
    return 0


async def _run(process: Process, name: str, words: Sequence[str]) -> int:
    try:
        return await run(process, words)
    except NotFound as absent:
        await process.complain(f"{name}: can't execute '{absent}': No such file or directory")
        return NOT_FOUND


async def printenv(process: Process, arguments: Sequence[str]) -> int:
    if not arguments:
        return await env(process, ())
    known = [name for name in arguments if name in process.variables]
    await process.say("".join(f"{process.variables[name]}\n" for name in known))
    return 0 if len(known) == len(arguments) else 1


async def ls(process: Process, arguments: Sequence[str]) -> int:
    options, operands = _split(arguments)
    code, files, directories = 0, [], []
    for operand in operands or ["."]:
        path = process.path(operand)
        if process.files.is_directory(path) and "d" not in options:
            directories.append((operand, path))
        elif process.files.exists(path):
            files.append((operand, path))
        else:
            await process.complain(f"ls: {operand}: No such file or directory")
            code = 1
    await process.say("".join(_listed(process, name, path, options) for name, path in files))
    for operand, path in directories:
        if len(operands) > 1:
            await process.say(f"{operand}:\n")
        names = [name for name in process.files.names(path) if "a" in options or "A" in options or not name.startswith(".")]
        await process.say("".join(_listed(process, name, posixpath.join(path, name), options) for name in names))
    return code


def _listed(process: Process, name: str, path: str, options: dict[str, str]) -> str:
    if "l" not in options:
        return f"{name}\n"
    directory = process.files.is_directory(path)
    size = 4096 if directory else len(process.files.read(path))
    return f"{'drwxr-xr-x' if directory else '-rw-r--r--'}    1 root     root     {size:>9} {process.world.facts['ls']()} {name}\n"


async def hostname(process: Process, arguments: Sequence[str]) -> int:
    await process.say(process.world.facts["address" if "-i" in arguments else "hostname"]() + "\n")
    return 0


async def sleep(process: Process, arguments: Sequence[str]) -> int:
    seconds = 0.0
    for word in arguments:
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(word[-1])
        seconds += _LONGEST_SLEEP if word in ("inf", "infinity") else float(word[:-1]) * unit if unit else float(word)
    await asyncio.sleep(min(seconds, _LONGEST_SLEEP))
    return 0


async def pwd(process: Process, arguments: Sequence[str]) -> int:
    await process.say(f"{process.directory}\n")
    return 0


async def identity(process: Process, arguments: Sequence[str]) -> int:
    await process.say(process.world.facts["id"]() + "\n")
    return 0


async def whoami(process: Process, arguments: Sequence[str]) -> int:
    await process.say(process.world.facts["whoami"]() + "\n")
    return 0


async def date(process: Process, arguments: Sequence[str]) -> int:
    await process.say(process.world.facts["seconds" if arguments and arguments[-1] == "+%s" else "date"]() + "\n")
    return 0


async def uname(process: Process, arguments: Sequence[str]) -> int:
    node = process.world.facts["hostname"]()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(process.world.facts["architecture"](), "x86_64")
    if "-m" in arguments:
        await process.say(f"{machine}\n")
    else:
        await process.say(f"Linux {node} 6.12.0-kcompat #1 SMP {machine} GNU/Linux\n" if arguments else "Linux\n")
    return 0


async def test(process: Process, arguments: Sequence[str]) -> int:
    words = [word for word in arguments if word != "]"]
    negated = words[:1] == ["!"]
    return int(_holds(process, words[negated:]) is negated)


def _holds(process: Process, words: list[str]) -> bool:
    for operator, join in (("-o", any), ("-a", all)):
        if operator in words:
            at = words.index(operator)
            return join((_holds(process, words[:at]), _holds(process, words[at + 1 :])))
    if len(words) < 2:
        return bool(words and words[0])
    if len(words) == 2:
        files, path = process.files, process.path(words[1])
        checks = {"-n": bool(words[1]), "-z": not words[1], "-e": files.exists(path), "-f": files.is_file(path), "-d": files.is_directory(path)}
        if words[0] == "-s":
            return files.is_file(path) and bool(files.read(path))
        return checks[words[0]] if words[0] in checks else words[0] in ("-r", "-w", "-x") and files.exists(path)
    first, operator, second = words[:3]
    if operator in ("=", "==", "!="):
        return (first == second) is (operator != "!=")
    one, two = int(first), int(second)
    return {"-eq": one == two, "-ne": one != two, "-lt": one < two, "-le": one <= two, "-gt": one > two, "-ge": one >= two}.get(operator, False)


async def touch(process: Process, arguments: Sequence[str]) -> int:
    for operand in _split(arguments)[1]:
        process.files.write(process.path(operand), b"", append=True)
    return 0


async def mkdir(process: Process, arguments: Sequence[str]) -> int:
    options, operands = _split(arguments)
    for operand in operands:
        process.files.make_directory(process.path(operand), parents="p" in options)
    return 0


async def remove(process: Process, arguments: Sequence[str]) -> int:
    options, operands = _split(arguments)
    for operand in operands:
        path = process.path(operand)
        if "f" in options and not process.files.exists(path):
            continue
        if process.files.is_directory(path) and "r" not in options and "R" not in options:
            raise FileError(f"'{operand}' is a directory")
        process.files.remove(path)
    return 0


async def copy(process: Process, arguments: Sequence[str]) -> int:
    operands = _split(arguments)[1]
    target = process.path(operands[-1])
    for operand in operands[:-1]:
        path = posixpath.join(target, posixpath.basename(operand)) if process.files.is_directory(target) else target
        process.files.write(path, process.files.read(process.path(operand)))
    return 0


async def move(process: Process, arguments: Sequence[str]) -> int:
    code = await copy(process, arguments)
    for operand in _split(arguments)[1][:-1]:
        process.files.remove(process.path(operand))
    return code


async def head(process: Process, arguments: Sequence[str]) -> int:
    """Of the input it reads no more than it needs, as an input may have no end."""
    options, operands = _split([f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in arguments], "nc")
    if not operands and "c" not in options:
        left, rest = int(options.get("n", "10")), b""
        while left > 0 and (chunk := await process.read()):
            lines = (rest + chunk).splitlines(keepends=True)
            rest = lines.pop() if not lines[-1].endswith(b"\n") else b""
            await process.out(b"".join(lines[:left]))
            left -= len(lines)
        if left > 0:
            await process.out(rest)
        return 0
    return await _part(process, "head", arguments)


async def tail(process: Process, arguments: Sequence[str]) -> int:
    if any(word.startswith("-") and ("f" in word or "F" in word) for word in arguments):
        await asyncio.sleep(_LONGEST_SLEEP)
    return await _part(process, "tail", arguments)


async def _part(process: Process, name: str, arguments: Sequence[str]) -> int:
    plain = [f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in arguments]
    options, operands = _split(plain, "nc")
    found, code = await _contents(process, name, operands)
    for _, content in found:
        if "c" in options:
            count = int(options["c"])
            await process.out(content[:count] if name == "head" else content[-count:] if count else b"")
            continue
        lines = content.splitlines(keepends=True)
        count = int(options.get("n", "10").lstrip("+"))
        await process.out(b"".join(lines[:count] if name == "head" else lines[len(lines) - count if count < len(lines) else 0 :]))
    return code


async def wc(process: Process, arguments: Sequence[str]) -> int:
    options, operands = _split(arguments)
    found, code = await _contents(process, "wc", operands)
    for name, content in found:
        counts = {"l": content.count(b"\n"), "w": len(content.split()), "c": len(content)}
        shown = " ".join(str(counts[letter]) for letter in "lwc" if not options or letter in options)
        await process.say(f"{shown} {name}\n" if operands else f"{shown}\n")
    return code


async def grep(process: Process, arguments: Sequence[str]) -> int:
    import re2

    options, operands = _split(arguments, "e")
    text = options.get("e") or operands.pop(0)
    pattern = re2.compile(("(?i)" if "i" in options else "") + (re.escape(text) if "F" in options else text))
    found, code = await _contents(process, "grep", operands)
    lines = [line for _, content in found for line in content.decode(errors="replace").splitlines()]
    matched = [line for line in lines if bool(pattern.search(line)) is not ("v" in options)]
    if "c" in options:
        await process.say(f"{len(matched)}\n")
    elif "q" not in options:
        await process.say("".join(f"{line}\n" for line in matched))
    return code or int(not matched)


async def tee(process: Process, arguments: Sequence[str]) -> int:
    options, operands = _split(arguments)
    content = await process.read_all()
    for operand in operands:
        process.files.write(process.path(operand), content, append="a" in options)
    await process.out(content)
    return 0


async def find(process: Process, arguments: Sequence[str]) -> int:
    start = arguments[0] if arguments and not arguments[0].startswith("-") else "."
    kind = arguments[arguments.index("-type") + 1] if "-type" in arguments else ""
    root = process.path(start)
    for path in process.files.walk(root):
        if not kind or (kind == "d") is process.files.is_directory(path):
            await process.say(f"{start}{path[len(root) :] if root != '/' else path}\n")
    return 0


async def sequence(process: Process, arguments: Sequence[str]) -> int:
    first, last = (1, int(arguments[0])) if len(arguments) == 1 else (int(arguments[0]), int(arguments[-1]))
    for number in range(first, min(last, first + 100_000) + 1):
        await process.say(f"{number}\n")
    return 0


async def basename(process: Process, arguments: Sequence[str]) -> int:
    await process.say(posixpath.basename(arguments[0].rstrip("/")) + "\n")
    return 0


async def dirname(process: Process, arguments: Sequence[str]) -> int:
    await process.say((posixpath.dirname(arguments[0].rstrip("/")) or ".") + "\n")
    return 0


async def which(process: Process, arguments: Sequence[str]) -> int:
    known = [name for name in arguments if name in process.world.programs or name in SHELLS]
    await process.say("".join(f"/bin/{name}\n" for name in known))
    return 0 if len(known) == len(arguments) else 1


async def ps(process: Process, arguments: Sequence[str]) -> int:
    await process.say(f"PID   USER     TIME  COMMAND\n    1 root      0:00 {process.world.facts['command']()}\n")
    return 0


PROGRAMS: dict[str, Program] = {
    "true": true, "false": false, "echo": echo, "printf": printf, "cat": cat, "env": env, "printenv": printenv, "ls": ls,
    "hostname": hostname, "sleep": sleep, "pwd": pwd, "id": identity, "whoami": whoami, "date": date, "uname": uname, "test": test,
    "[": test, "touch": touch, "mkdir": mkdir, "rm": remove, "cp": copy, "mv": move, "head": head, "tail": tail, "wc": wc,
    "grep": grep, "tee": tee, "find": find, "seq": sequence, "basename": basename, "dirname": dirname, "which": which, "ps": ps,
    "tar": tar,
}  # fmt: skip
