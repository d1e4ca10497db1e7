"""Watches over restarts: nothing missed, nothing twice, nothing out of order."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from connections import CONNECTION_ERRORS, Api, free_port
from observers import Event, Observer, observers
from processes import Server, start

WRITES = 10_000
WRITERS = 8
NAMESPACE = "default"
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
LAST = "last"

Fact = tuple[str, str, int]
"""(type, value, revision); the revision of a deletion is not told to who deletes: 0."""


class Writer:
    """Writes to ConfigMaps of its own, one request after the other; after a lost connection it asks again until it knows the outcome."""

    def __init__(self, api: Api, number: int, done: itertools.count[int]) -> None:
        self._api = api
        self._random = random.Random(number)
        self._number = number
        self._done = done
        self._connection = api.connection()
        self._names = itertools.count()
        self._present: list[str] = []
        self.truth: dict[str, list[Fact]] = defaultdict(list)
        self.failure: BaseException | None = None
        self.completed = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            for value in range(WRITES // WRITERS):
                self._write(str(value))
                self.completed = next(self._done)
        except BaseException as error:
            self.failure = error
        finally:
            self._connection.close()

    def _write(self, value: str) -> None:
        choice = self._random.random()
        if not self._present or choice < 0.3:
            name = f"w{self._number}-{next(self._names)}"
            self._present.append(name)
            self._record("ADDED", name, value, self._create(name, value))
            return
        name = self._random.choice(self._present)
        if choice < 0.8:
            self._record("MODIFIED", name, value, self._settled("PUT", name, value, 200))
        else:
            self._present.remove(name)
            self._settled("DELETE", name, None, 200, 404)
            self._record("DELETED", name, self.truth[name][-1][1], {})

    def _create(self, name: str, value: str) -> dict[str, Any]:
        created = self._settled("POST", name, value, 201, 409)
        return created if created["kind"] == "ConfigMap" else self._settled("GET", name, None, 200)

    def _record(self, kind: str, name: str, value: str, tree: dict[str, Any]) -> None:
        self.truth[name].append((kind, value, int(tree.get("metadata", {}).get("resourceVersion", 0))))

    def _settled(self, method: str, name: str, value: str | None, *expected: int) -> dict[str, Any]:
        """The answer; one that can only follow a lost answer (409, 404) is accepted after a lost answer alone."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}} if value else None
        path = CONFIG_MAPS if method == "POST" else f"{CONFIG_MAPS}/{name}"
        accepted: tuple[int, ...] = expected[:1]
        while True:
            try:
                status, tree = self._api.request(method, path, body, self._connection)
            except CONNECTION_ERRORS:
                self._connection.close()
                accepted = expected
                time.sleep(0.05)
                continue
            if status in accepted:
                return tree
            assert status in (429, 500, 503), (method, name, status, tree)
            accepted = expected
            time.sleep(0.05)


def write_over_restarts(server: Server, port: int, api: Api) -> tuple[Server, dict[str, list[Fact]]]:
    """All writes, with an orderly restart after a quarter and three quarters of them and a kill half-way."""
    done = itertools.count(1)
    writers = [Writer(api, number, done) for number in range(WRITERS)]
    for writer in writers:
        writer.thread.start()
    for quarter in (1, 2, 3):
        wait_for_writes(writers, WRITES * quarter // 4)
        if quarter == 2:
            server.kill()
        else:
            server.stop()
        server = start(server.directory, "--listen", f"127.0.0.1:{port}")
    wait_for_writes(writers, WRITES)
    return server, {name: facts for writer in writers for name, facts in writer.truth.items()}


def wait_for_writes(writers: Sequence[Writer], count: int) -> None:
    end = time.monotonic() + 40
    while max(writer.completed for writer in writers) < count:
        for writer in writers:
            if writer.failure is not None:
                raise writer.failure
        assert time.monotonic() < end, f"{max(writer.completed for writer in writers)} of {count} writes"
        time.sleep(0.01)


@pytest.mark.slow
def test_watches_see_every_event_once_and_in_order(tmp_path: Path) -> None:
    port = free_port()
    server = start(tmp_path / "cluster", "--listen", f"127.0.0.1:{port}")
    watching: list[Observer] = []
    try:
        api = Api(server.kubeconfig)
        watching = observers(server.kubeconfig, NAMESPACE)
        server, truth = write_over_restarts(server, port, api)
        assert api.request("POST", CONFIG_MAPS, {"metadata": {"name": LAST}})[0] == 201
        for observer in watching:
            observer.wait_for(LAST)
    finally:
        for observer in watching:
            observer.stop()
        server.stop()
    assert sum(map(len, truth.values())) == WRITES
    for observer in watching:
        check(observer, truth)
    assert len({tuple(told(observer.events)) for observer in watching if not observer.relisted}) == 1, "they were told different things"


def told(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    return [(event.type, event.name, event.revision) for event in events]


def check(observer: Observer, truth: dict[str, list[Fact]]) -> None:
    who = observer.name
    assert not observer.complaints, f"{who}: {observer.complaints}"
    events = [event for event in observer.events if event.name in truth]
    seen: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        seen[event.name].append(event)
    if observer.relisted:
        assert who == "informer"
    else:
        revisions = [event.revision for event in events]
        assert all(earlier < later for earlier, later in itertools.pairwise(revisions)), f"{who}: out of order, or twice"
        assert len(events) == WRITES, f"{who}: {len(events)} events of {WRITES} writes"
    for name, facts in truth.items():
        check_object(observer, seen[name], facts)


def check_object(observer: Observer, seen: Sequence[Event], facts: Sequence[Fact]) -> None:
    """Everything that happened to one object; one that lists again may miss what lies between, but nothing comes twice or wrong."""
    about = (observer.name, seen, facts)
    if observer.relisted:
        known = {revision: (kind, value) for kind, value, revision in facts}
        assert all(known.get(event.revision, ("", event.value))[1] == event.value for event in seen), about
        assert not seen or (seen[-1].type == "DELETED") == (facts[-1][0] == "DELETED"), about
        assert facts[-1][0] == "DELETED" or (seen and seen[-1].revision == facts[-1][2]), about
    else:
        assert [(event.type, event.value) for event in seen] == [(kind, value) for kind, value, _ in facts], about
        assert all(fact[2] in (0, event.revision) for event, fact in zip(seen, facts, strict=True)), about
    for before, after in itertools.pairwise(seen):
        newer = before.revision < after.revision or (observer.relisted and after.type == "DELETED")  # told from the last state known
        assert newer and before.type != "DELETED" and after.type != "ADDED", about
        assert after.type != "MODIFIED" or after.before in ("", str(before.revision)), about
