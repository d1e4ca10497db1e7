"""tar, as `kubectl cp` calls it: `tar cf - path` and `tar xmf - -C directory`. Called by commands.py."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Sequence

from kcompat.nodes.exec.files import MOST_BYTES, FileError
from kcompat.nodes.exec.shell import Process

_BLOCK = 512


async def tar(process: Process, arguments: Sequence[str]) -> int:
    letters, operands, directory, archive = _options(arguments)
    where = process.path(directory)
    if not process.files.is_directory(where):
        await process.complain(f"tar: can't change directory to '{directory}': No such file or directory")
        return 1
    try:
        if "c" in letters:
            data = _packed(process, where, operands, compressed="z" in letters)
            await process.out(data) if archive == "-" else process.files.write(process.path(archive), data)
        elif "x" in letters or "t" in letters:
            data = await _input(process) if archive == "-" else process.files.read(process.path(archive))
            for name in _unpack(process, where, data, only_list="t" in letters):
                if "t" in letters or "v" in letters:
                    await process.say(f"{name}\n")
    except (FileError, tarfile.TarError) as error:
        await process.complain(f"tar: {error}")
        return 1
    return 0


def _options(arguments: Sequence[str]) -> tuple[str, list[str], str, str]:
    """Letters, operands, the directory to go to, and the archive's name."""
    letters, directory, archive = "", ".", "-"
    operands: list[str] = []
    words = list(arguments)
    if words and not words[0].startswith("-"):
        words[0] = f"-{words[0]}"
    while words:
        word = words.pop(0)
        if word == "-C" and words:
            directory = words.pop(0)
        elif word.startswith("--") or (operands and word == "-"):
            continue
        elif word.startswith("-") and len(word) > 1:
            letters += word[1:]
            if "f" in word and words:
                archive = words.pop(0)
        else:
            operands.append(word)
    return letters, operands, directory, archive


def _packed(process: Process, where: str, operands: Sequence[str], *, compressed: bool) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz" if compressed else "w") as archive:
        for operand in operands:
            root = posixpath.normpath(posixpath.join(where, operand))
            if not process.files.exists(root):
                raise FileError(f"{operand}: No such file or directory")
            for path in process.files.walk(root):
                entry = tarfile.TarInfo((operand.rstrip("/") + path[len(root) :]).lstrip("/") or ".")
                if process.files.is_directory(path):
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(entry)
                else:
                    content = process.files.read(path)
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


async def _input(process: Process) -> bytes:
    """The archive on the input; it has an end of its own, and clients of old protocols cannot close the input."""
    data = b""
    while not _is_complete(data) and (chunk := await process.read()):
        data += chunk
        if len(data) > MOST_BYTES:
            raise FileError("No space left on device")
    return data


def _is_complete(data: bytes) -> bool:
    """Does it end with two blocks of nothing where an entry would begin?"""
    at = 0
    while len(data) >= at + 2 * _BLOCK:
        if not any(data[at : at + 2 * _BLOCK]):
            return True
        digits = data[at + 124 : at + 136].strip(b"\0 ")
        size = int(digits, 8) if digits.isdigit() else 0
        at += _BLOCK * (1 + -(-size // _BLOCK))
    return False


def _unpack(process: Process, where: str, data: bytes, *, only_list: bool) -> list[str]:
    names = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for entry in archive:
            names.append(entry.name)
            path = posixpath.normpath(posixpath.join(where, entry.name.lstrip("/")))
            if only_list or not (path == where or path.startswith(where.rstrip("/") + "/")):
                continue
            if entry.isdir():
                process.files.make_directory(path, parents=True)
            elif entry.isfile() and (content := archive.extractfile(entry)) is not None:
                process.files.make_directory(posixpath.dirname(path), parents=True)
                process.files.write(path, content.read(MOST_BYTES + 1))
    return names
