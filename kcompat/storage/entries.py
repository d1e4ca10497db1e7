"""What the watch cache holds: an object's version as bytes (`Entry`), and a change of one (`CacheEvent`).

Labels, field labels and decoded trees are made only for who needs them, once per version. Called by `watch_cache.py` and by all who read from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kcompat.storage import codec
from kcompat.storage.interface import Revision

Tree = dict[str, Any]
ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the cache must know of a resource: where it lives, how its objects begin, and how to read field labels."""

    prefix: str
    """`/registry/pods/`"""
    head: bytes
    fields: Mapping[str, Callable[[Tree], str]] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()
    decode_foreign: Callable[[bytes], Tree] = codec.decode_json
    namespaced: bool = True
    places: dict[str, int] = field(init=False)
    """Where in `Entry._values` each of `fields` is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {name: place for place, name in enumerate(self.fields)})


class Fields(Mapping[str, str]):
    """The field labels of an entry; its name and namespace are read off its key."""

    __slots__ = ("_entry", "_values")

    def __init__(self, entry: Entry, values: tuple[str, ...]) -> None:
        self._entry = entry
        self._values = values

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        place = self._entry.layout.places.get(name)
        if place is not None:
            return self._values[place]
        layout = self._entry.layout
        namespace, _, own = self._entry.key[len(layout.prefix) :].rpartition("/")
        return own if name == "metadata.name" else namespace if name == "metadata.namespace" else default

    def __getitem__(self, name: str) -> str:
        if name not in (*self,):
            raise KeyError(name)
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("metadata.name", "metadata.namespace", *self._entry.layout.places))

    def __len__(self) -> int:
        return 2 + len(self._values)


class Entry:
    """One version of one object. Immutable; tree, labels and fields are filled in on demand."""

    __slots__ = ("_labels", "_tree", "_values", "key", "layout", "revision", "tail")

    def __init__(self, layout: Layout, key: str, tail: bytes, revision: Revision, tree: Tree | None = None) -> None:
        self.layout = layout
        self.key = key
        self.tail = tail
        self.revision = revision
        self._tree = tree
        self._labels: Mapping[str, str] | None = None
        self._values: tuple[str, ...] | None = None

    @property
    def body(self) -> bytes:
        """The object's JSON."""
        return self.layout.head + self.tail

    def tree(self) -> Tree:
        """The decoded object; shared, never to be changed. Kept only if somebody gave or pinned it."""
        if self._tree is None:
            self._tree = codec.decode_json(self.layout.head + self.tail)
        return self._tree

    def peek(self) -> Tree:
        """The decoded object, shared, without keeping it decoded."""
        if self._tree is not None:
            return self._tree
        return self.fresh_tree()

    def fresh_tree(self) -> Tree:
        """A decoded object of the caller's own."""
        tree: Tree = codec.decode_json(self.layout.head + self.tail)
        return tree

    def release(self) -> None:
        """Lets the tree go (keeps what selectors need)."""
        self._tree = None

    @property
    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            self._read()
        return self._labels or {}

    @property
    def fields(self) -> Mapping[str, str]:
        """Field labels for field selectors."""
        if self._values is None and self.layout.fields:
            self._read()
        return Fields(self, self._values or ())

    def _read(self) -> None:
        tree = self.peek()
        self._labels = _shared_labels(tree["metadata"].get("labels") or {})
        self._values = tuple([_shared_text(getter(tree)) for getter in self.layout.fields.values()])


_LABELS: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
_TEXTS: dict[str, str] = {}
_MOST_SHARED = 4096
"""Labels and field labels of many objects are the same, as those of a Deployment's pods: they are kept once."""


def _shared_labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    if len(_LABELS) >= _MOST_SHARED:
        _LABELS.clear()
    return _LABELS.setdefault(tuple(labels.items()), labels)


def _shared_text(text: str) -> str:
    if len(_TEXTS) >= _MOST_SHARED:
        _TEXTS.clear()
    return _TEXTS.setdefault(text, text)


Past = dict[str, Entry | None]
"""By key, what an object once was (None: it was not there)."""


class CacheEvent:
    """One change: `entry` is the new version (for DELETED the last one, at the deletion's revision), `previous` the one before."""

    __slots__ = ("_lines", "entry", "previous", "revision", "type")

    def __init__(self, type_: str, entry: Entry, previous: Entry | None) -> None:
        self.type = type_
        self.entry = entry
        self.previous = previous
        self.revision = entry.revision
        self._lines: dict[str, bytes] = {}

    def line(self, type_: str) -> bytes:
        """The watch event as a JSON line, made once for all watchers."""
        line = self._lines.get(type_)
        if line is None:
            source = self.entry
            line = self._lines[type_] = b'{"type":"%b","object":%b%b}\n' % (type_.encode(), source.layout.head, source.tail)
        return line


def with_revision(tree: Tree | None, revision: Revision) -> Tree | None:
    """`tree` with metadata.resourceVersion set, sharing all the rest."""
    if tree is None:
        return None
    return {**tree, "metadata": codec.revised(tree["metadata"], str(revision))}
