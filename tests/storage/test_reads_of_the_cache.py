"""What the watch cache finds by index and what it says about the past, against looking at everything."""

from __future__ import annotations

import random
from collections.abc import Iterator

import orjson
import pytest

from kcompat.storage import codec, indexes, watch_cache
from kcompat.storage.entries import Entry, Layout
from kcompat.storage.indexes import Index, Term
from kcompat.storage.interface import Event
from kcompat.storage.watch_cache import ResourceCache, WatchCache
from kcompat.storage.watcher import Concern

PREFIX = "/registry/pods/"
LAYOUT = Layout(
    PREFIX,
    codec.head("Pod", "v1"),
    {"spec.nodeName": lambda tree: tree["spec"]["nodeName"], "status.phase": lambda tree: "Running"},
    ("spec.nodeName",),
)
RANDOM = random.Random()


class Changing:
    """A resource cache and what was in it at each revision."""

    def __init__(self) -> None:
        self.cache = ResourceCache(WatchCache(None), LAYOUT)  # type: ignore[arg-type]
        self.cache._loaded = True
        self.revision = 1
        self.states: dict[int, dict[str, int]] = {1: {}}

    def change(self) -> None:
        self.revision += 1
        state = dict(self.states[self.revision - 1])
        key = f"{PREFIX}{RANDOM.choice('ab')}/p{RANDOM.randrange(40):02}"
        if key in state and RANDOM.random() < 0.4:
            del state[key]
            self.cache.apply(Event(key, None, self.revision, None))
        else:
            state[key] = self.revision
            self.cache.apply(Event(key, self._value(key), self.revision, None))
        self.states[self.revision] = state

    def _value(self, key: str) -> bytes:
        labels = {name: str(RANDOM.randrange(4)) for name in ("x", "y") if RANDOM.random() < 0.8} | {"own": key[-3:]}
        metadata = {"name": key[-3:], "namespace": key[-5], "labels": labels}
        return orjson.dumps(
            {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {"nodeName": RANDOM.choice(["", "n1", "n2"])}}
        )

    def everything(self) -> list[Entry]:
        return [self.cache.entries[key] for key in sorted(self.cache.entries)]


@pytest.fixture
def changing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Changing]:
    monkeypatch.setattr(watch_cache, "_WORTH_AN_INDEX", 0)
    monkeypatch.setattr(indexes, "MADE_AT_MOST", 2)
    RANDOM.seed(7)
    yield Changing()


TERMS = [
    Term("label", "x", "1"), Term("label", "y", "2"), Term("label", "own", "p07"), Term("label", "none", "1"),
    Term("field", "spec.nodeName", "n1"), Term("field", "spec.nodeName", ""), Term("field", "status.phase", "Running"), Term("field", "absent", ""),
]  # fmt: skip


def fulfils(entry: Entry, term: Term) -> bool:
    return (entry.labels.get(term.name) if term.of == "label" else entry.fields.get(term.name, "")) == term.value


def test_candidates_hold_all_that_match(changing: Changing) -> None:
    for _ in range(1500):
        changing.change()
        terms = RANDOM.sample(TERMS, RANDOM.randrange(1, 3))
        prefix = RANDOM.choice([PREFIX, f"{PREFIX}a/"])
        start = RANDOM.choice([None, f"{PREFIX}a/p20", f"{PREFIX}b/p10"])
        found = changing.cache.candidates(prefix, terms, start)
        wanted = [
            entry for entry in changing.everything()
            if entry.key.startswith(prefix) and (start is None or entry.key >= start) and all(fulfils(entry, term) for term in terms)
        ]  # fmt: skip
        assert [entry for entry in found if all(fulfils(entry, term) for term in terms)] == wanted


def test_an_index_spares_looking_at_everything(changing: Changing) -> None:
    for _ in range(300):
        changing.change()
    found = changing.cache.candidates(PREFIX, [Term("label", "own", "p07"), Term("field", "status.phase", "Running")])
    assert len(found) <= 2 < len(changing.cache.entries)


def test_an_index_forgets_what_has_gone() -> None:
    index = Index("label", "x")
    entries = [Entry(LAYOUT, f"{PREFIX}a/{name}", b'"metadata":{"labels":{"x":"1"}},"spec":{"nodeName":""}}', 1) for name in "abc"]
    for entry in entries:
        index.add(entry)
        index.add(entry)
    assert set(index.find("1")) == {entry.key for entry in entries}
    for entry in entries:
        index.discard(entry)
        index.discard(entry)
        assert entry.key not in index.find("1")
    assert not index._keys


CONCERNS: list[tuple[str, Concern]] = [
    (PREFIX, ""), (f"{PREFIX}a/", ""), (f"{PREFIX}a/", f"{PREFIX}a/p07"), (PREFIX, ("spec.nodeName", "n1")), (f"{PREFIX}b/", ("spec.nodeName", "")),
]  # fmt: skip


def test_watchers_hear_of_what_concerns_them_and_of_nothing_else(changing: Changing) -> None:
    watchers = [(changing.cache.subscribe(prefix, concern), prefix, concern) for prefix, concern in CONCERNS for _ in range(2)]
    before: dict[str, Entry] = {}
    for _ in range(1500):
        changing.change()
        after = dict(changing.cache.entries)
        (key,) = [key for key in {**before, **after} if before.get(key) is not after.get(key)]
        versions = [entry for entry in (before.get(key), after.get(key)) if entry is not None]
        for watcher, prefix, concern in watchers:
            fulfilled = any(entry.fields.get(concern[0]) == concern[1] for entry in versions) if isinstance(concern, tuple) else concern in ("", key)
            heard = [event.entry.key for event in watcher.collect()]
            assert heard == ([key] if fulfilled and key.startswith(prefix) else [])
        before = after
    for watcher, *_ in watchers:
        changing.cache.unsubscribe(watcher)
    assert not changing.cache.watchers and not changing.cache._concerned


def test_pages_of_the_past(changing: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_cache, "HISTORY", 60)
    for _ in range(800):
        changing.change()
        revision = max(1, changing.revision - RANDOM.randrange(100))
        past = changing.cache.past(revision)
        if past is None:
            assert revision < changing.cache.history_start
            continue
        prefix = RANDOM.choice([PREFIX, f"{PREFIX}a/"])
        start = RANDOM.choice([None, f"{PREFIX}a/p20", f"{PREFIX}b/p10"])
        limit = RANDOM.randrange(1, 100)
        entries, count = changing.cache.page(prefix, start, limit, past)
        state = changing.states[revision]
        keys = sorted(key for key in state if key.startswith(prefix) and (start is None or key >= start))
        assert [(entry.key, entry.revision) for entry in entries] == [(key, state[key]) for key in keys[:limit]]
        assert count == len(keys)
