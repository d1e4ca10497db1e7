"""The files of a simulated container: its own, and volumes mounted into it. Pure. Called by commands.py; filled by contents.py."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_BYTES = 64 << 20
"""That a volume may hold."""
_DIRECTORIES = ("bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "usr/bin", "var", "var/run")


class FileError(Exception):
    """As a program says it: `No such file or directory`."""


@dataclass
class Volume:
    """Contents by path, without a slash at the front; None stands for a directory, which files imply as well."""

    contents: dict[str, bytes | None] = field(default_factory=dict)
    read_only: bool = False

    @property
    def size(self) -> int:
        return sum(len(content) for content in self.contents.values() if content)


def root(hostname: str) -> Volume:
    """The file system a container starts with."""
    directories: dict[str, bytes | None] = dict.fromkeys(_DIRECTORIES)
    hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    return Volume({**directories, "etc/hostname": f"{hostname}\n".encode(), "etc/hosts": hosts.encode()})


@dataclass
class Mount:
    """A volume, or one part of it, at a path."""

    path: str
    volume: Volume
    sub_path: str = ""
    read_only: bool = False


class Files:
    """What a container sees. Paths are absolute. Raises FileError."""

    def __init__(self, own: Volume, mounts: list[Mount]) -> None:
        self._mounts = [*sorted(mounts, key=lambda mount: -len(mount.path)), Mount("/", own)]

    def read(self, path: str) -> bytes:
        volume, name, _ = self._find(path)
        content = volume.contents.get(name)
        if content is None:
            raise FileError("Is a directory" if self.is_directory(path) else "No such file or directory")
        return content

    def write(self, path: str, content: bytes, *, append: bool = False) -> None:
        volume, name, read_only = self._find(path)
        if self.is_directory(path):
            raise FileError("Is a directory")
        if path == "/dev/null":
            return
        if read_only:
            raise FileError("Read-only file system")
        if not self.is_directory(posixpath.dirname(path)):
            raise FileError("nonexistent directory")
        if volume.size + len(content) > MOST_BYTES:
            raise FileError("No space left on device")
        volume.contents[name] = (volume.contents.get(name) or b"") + content if append else content

    def make_directory(self, path: str, *, parents: bool = False) -> None:
        volume, name, read_only = self._find(path)
        if self.exists(path):
            if parents and self.is_directory(path):
                return
            raise FileError("File exists")
        if read_only:
            raise FileError("Read-only file system")
        above = posixpath.dirname(path)
        if parents:
            self.make_directory(above, parents=True)
        elif not self.is_directory(above):
            raise FileError("No such file or directory")
        volume.contents[name] = None

    def remove(self, path: str) -> None:
        """A file, or a directory with all in it."""
        volume, name, read_only = self._find(path)
        if not self.exists(path):
            raise FileError("No such file or directory")
        if read_only:
            raise FileError("Read-only file system")
        for each in [each for each in volume.contents if each == name or each.startswith(f"{name}/")]:
            del volume.contents[each]

    def exists(self, path: str) -> bool:
        return self.is_file(path) or self.is_directory(path)

    def is_file(self, path: str) -> bool:
        volume, name, _ = self._find(path)
        return volume.contents.get(name) is not None or path == "/dev/null"

    def is_directory(self, path: str) -> bool:
        volume, name, _ = self._find(path)
        if name == "" or name in volume.contents:
            return volume.contents.get(name) is None
        below = f"{name}/"
        return any(each.startswith(below) for each in volume.contents) or any(_is_above(path, mount.path) for mount in self._mounts)

    def names(self, path: str) -> list[str]:
        """What stands in a directory, in order."""
        volume, name, _ = self._find(path)
        below = f"{name}/" if name else ""
        found = {each[len(below) :].partition("/")[0] for each in volume.contents if each.startswith(below)}
        here = "/" if path == "/" else f"{path}/"
        found |= {mount.path[len(here) :].partition("/")[0] for mount in self._mounts if _is_above(path, mount.path)}
        return sorted(found - {""})

    def walk(self, path: str) -> Iterator[str]:
        """A path, and all below it."""
        yield path
        if self.is_directory(path):
            for name in self.names(path):
                yield from self.walk(posixpath.join(path, name))

    def _find(self, path: str) -> tuple[Volume, str, bool]:
        """The volume a path lies in, its name there, and whether it may only be read."""
        for mount in self._mounts:
            if path == mount.path or mount.path == "/" or path.startswith(f"{mount.path}/"):
                name = posixpath.join(mount.sub_path, path[len(mount.path) :].lstrip("/")).rstrip("/")
                return mount.volume, name, mount.read_only or mount.volume.read_only
        raise FileError("No such file or directory")


def _is_above(path: str, other: str) -> bool:
    return other != path and (path == "/" or other.startswith(f"{path}/"))
