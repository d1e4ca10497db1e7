"""Indexes of a resource's entries by a label or field label, so that a selector looks at what it can match and at nothing else.

Those a resource declares exist from the start; others are made when a selector first asks for a label or field to be equal
to something, and the least used go when there are too many. Called by `watch_cache.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple, Protocol

MADE_AT_MOST = 8
"""Indexes beyond the declared ones, of one resource. A label that is different on every object costs about 150 bytes an object."""


class Indexed(Protocol):
    """What is indexed: `entries.Entry`."""

    @property
    def key(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def fields(self) -> Mapping[str, str]: ...


class Term(NamedTuple):
    """What a selector demands: this label or field has this value."""

    of: Literal["label", "field"]
    name: str
    value: str


class Index:
    """The keys of entries by one string of theirs; entries for which it is None are in no list."""

    __slots__ = ("_keys", "_string")

    def __init__(self, of: str, name: str) -> None:
        self._string: Callable[[Indexed], str | None] = (
            (lambda entry: entry.labels.get(name)) if of == "label" else lambda entry: entry.fields.get(name, "")
        )
        self._keys: dict[str, str | set[str]] = {}
        """A single key stands there without a set, which would weigh three times as much."""

    def add(self, entry: Indexed) -> None:
        value = self._string(entry)
        if value is not None:
            self._put(value, entry.key)

    def discard(self, entry: Indexed) -> None:
        value = self._string(entry)
        if value is not None:
            self._drop(value, entry.key)

    def replace(self, previous: Indexed, entry: Indexed) -> None:
        if self._string(previous) != self._string(entry):
            self.discard(previous)
            self.add(entry)

    def find(self, value: str) -> Collection[str]:
        keys = self._keys.get(value, ())
        return (keys,) if isinstance(keys, str) else keys

    def _put(self, value: str, key: str) -> None:
        keys = self._keys.setdefault(value, key)
        if isinstance(keys, set):
            keys.add(key)
        elif keys != key:
            self._keys[value] = {keys, key}

    def _drop(self, value: str, key: str) -> None:
        keys = self._keys.get(value)
        if isinstance(keys, set):
            keys.discard(key)
        if not keys or keys == key:
            self._keys.pop(value, None)


class Indexes:
    """All indexes of one resource."""

    def __init__(self, declared: Iterable[str]) -> None:
        self._declared = {("field", name): Index("field", name) for name in declared}
        self._made: dict[tuple[str, str], Index] = {}
        """The least recently used first."""

    def add(self, entry: Indexed) -> None:
        for index in self._all():
            index.add(entry)

    def discard(self, entry: Indexed) -> None:
        for index in self._all():
            index.discard(entry)

    def replace(self, previous: Indexed, entry: Indexed) -> None:
        for index in self._all():
            index.replace(previous, entry)

    def fewest(self, terms: Iterable[Term], entries: Collection[Indexed]) -> Collection[str]:
        """The shortest list of keys for one of the terms (at least one). `entries`: all there are, should an index have to be made."""
        return min((self._index(term, entries).find(term.value) for term in terms), key=len)

    def _all(self) -> Iterable[Index]:
        return (*self._declared.values(), *self._made.values()) if self._made else self._declared.values()

    def _index(self, term: Term, entries: Collection[Indexed]) -> Index:
        name = (term.of, term.name)
        found = self._declared.get(name)
        if found is None:
            found = self._made.pop(name) if name in self._made else self._make(term, entries)
            self._made[name] = found
        return found

    def _make(self, term: Term, entries: Collection[Indexed]) -> Index:
        index = Index(term.of, term.name)
        for entry in entries:
            index.add(entry)
        while len(self._made) >= MADE_AT_MOST:
            del self._made[next(iter(self._made))]
        return index
