"""Cost as work grows: CPU per operation and memory of an API server that holds 1,000 objects, and of one that holds 100,000.

    python -m benchmarks.growth [--sizes 1000,100000] [--rounds 3]

Half of the objects are Pods, half ConfigMaps, in namespaces of 100. For each size a server of its own starts on a store that is
already filled; the rounds alternate between them. Every operation, sent over TLS by one client, asks for as much at each size.
Shown: µs of CPU of the server's process, the least of the rounds, and the ratio to the first size (1.3 at most); then the bytes of
memory that an object more takes, against twice its encoded bytes + 1 KiB.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import re
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.servers import Kcompat
from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends.sqlite import SqliteBackend
from kcompat.storage.interface import ABSENT

_IN_A_NAMESPACE = 100
_WRITTEN_AT_ONCE = 500
_CPU_LIMIT, _MEMORY_FACTOR, _MEMORY_ADDED = 1.3, 2, 1024

_POD = {
    "metadata": {"name": "template", "labels": {"app": "load", "group": "group-template", "tenth": "3"}},
    "spec": {
        "automountServiceAccountToken": False,
        "nodeName": "node-template",
        "containers": [
            {
                "name": "main", "image": "registry.example/app:1.0", "command": ["/app", "--serve"],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "ports": [{"name": "http", "containerPort": 8080}],
            }
        ],
    },
}  # fmt: skip
_CONFIG_MAP = {
    "metadata": {"name": "template", "labels": {"app": "load", "group": "group-template"}},
    "data": {"key": "value", "text": "x" * 90},
}


Operation = Callable[[int], Any]


class Filled(Kcompat):
    """An API server on a store with `count` objects. `encoded`: bytes of one, as stored."""

    def __init__(self, directory: Path, count: int) -> None:
        super().__init__(directory)
        self.count = count
        self.encoded = 0.0
        self._connection: http.client.HTTPSConnection | None = None

    def prepare(self) -> None:
        """Writes templates through the API, then copies of what was stored straight into the store."""
        tokens = self.directory / "tokens.csv"
        tokens.write_text('admin-token,admin,admin,"system:masters"\n')
        self.command = ("apiserver", "--token-auth-file", str(tokens))
        self.start()
        self.send("POST", "/api/v1/namespaces", {"metadata": {"name": "ns-0000"}})
        self.send("POST", "/api/v1/namespaces/ns-0000/pods", _POD)
        self.send("POST", "/api/v1/namespaces/ns-0000/configmaps", _CONFIG_MAP)
        process = self.processes.pop()
        process.terminate()
        process.wait(20)
        self._connection = None
        (store,) = self.directory.glob("data/**/state.db")
        self.encoded = asyncio.run(fill(store, self.count))

    def send(self, method: str, url: str, body: Any = None, content_type: str = "application/json") -> bytes:
        """The answer's body. Raises AssertionError for any answer but a success."""
        if self._connection is None:
            self._connection = self.connect()
        self._connection.request(method, url, json.dumps(body) if body is not None else None, {**_HEADERS, "Content-Type": content_type})
        answer = self._connection.getresponse()
        data = answer.read()
        assert answer.status < 300, data
        return data

    def connect(self) -> http.client.HTTPSConnection:
        port = re.search(r"https://127.0.0.1:(\d+)", self.kubeconfig.read_text())
        assert port is not None
        return http.client.HTTPSConnection("127.0.0.1", int(port[1]), context=ssl._create_unverified_context(), timeout=60)

    def spent(self) -> float:
        """Seconds of CPU of all threads, finer than `cpu`."""
        (process,) = self.processes
        return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{process.pid}/task").glob("*/schedstat")) / 1e9


_HEADERS = {"Authorization": "Bearer admin-token", "User-Agent": "growth"}


async def fill(file: Path, count: int) -> float:
    """Copies the templates until the store has `count` objects; returns the mean of their bytes."""
    backend = SqliteBackend(file, clock=SystemClock(), durability="relaxed")
    await backend.start()
    namespace = await _value(backend, "/registry/namespaces/ns-0000")
    writes = [
        (f"/registry/namespaces/ns-{at:04}", namespace.replace(b"ns-0000", b"ns-%04d" % at))
        for at in range(1, count // 2 // _IN_A_NAMESPACE)
    ]
    for name in ("pods", "configmaps"):
        value = await _value(backend, f"/registry/{name}/ns-0000/template")
        writes += [(f"/registry/{name}/ns-{at // _IN_A_NAMESPACE:04}/object-{at:06}", _copy(value, at)) for at in range(count // 2)]
    random.Random(1).shuffle(writes)
    for first in range(0, len(writes), _WRITTEN_AT_ONCE):
        part = writes[first : first + _WRITTEN_AT_ONCE]
        await asyncio.gather(*(backend.write(key, value, expect=ABSENT) for key, value in part))
    await backend.close()
    return sum(len(value) for _, value in writes) / len(writes)


async def _value(backend: SqliteBackend, key: str) -> bytes:
    found, _ = await backend.get(key)
    assert found is not None, key
    return found.value


def _copy(value: bytes, number: int) -> bytes:
    group = b"%04d" % (number // _IN_A_NAMESPACE)
    value = value.replace(b'"name":"template"', b'"name":"object-%06d"' % number).replace(b"ns-0000", b"ns-" + group)
    value = value.replace(b"group-template", b"group-" + group).replace(b"node-template", b"node-" + group)
    return re.sub(rb'"uid":"[^"]{8}', b'"uid":"%08d' % number, value)


def operations(server: Filled) -> Mapping[str, tuple[int, Operation]]:
    """By name: how often it is done a round, and what; it is given a number that grows."""
    send, each = server.send, server.count // 2
    chosen = random.Random(2)
    base, merge = "/api/v1/namespaces/ns-0003", "application/merge-patch+json"
    pages, events = _pages(server), _events(server)

    def pod() -> str:
        at = chosen.randrange(each)
        return f"/api/v1/namespaces/ns-{at // _IN_A_NAMESPACE:04}/pods/object-{at:06}"

    def watched(number: int) -> None:
        send("PATCH", f"{base}/pods/object-{300 + number % 100:06}", {"metadata": {"annotations": {"n": str(number)}}}, merge)
        next(events)

    def changed(number: int) -> dict[str, Any]:
        return {**_CONFIG_MAP, "metadata": {"name": f"object-{300 + number % 100:06}"}, "data": {"key": str(number)}}

    def new(number: int) -> dict[str, Any]:
        return {**_CONFIG_MAP, "metadata": {"name": f"new-{number:06}"}}

    return {
        "get Pod": (500, lambda number: send("GET", pod())),
        "create ConfigMap": (200, lambda number: send("POST", f"{base}/configmaps", new(number))),
        "update ConfigMap": (200, lambda number: send("PUT", f"{base}/configmaps/object-{300 + number % 100:06}", changed(number))),
        "delete ConfigMap": (200, lambda number: send("DELETE", f"{base}/configmaps/new-{number:06}")),
        "list a page of 250 Pods": (50, lambda number: next(pages)),
        "list the 100 Pods of a namespace": (100, lambda number: send("GET", f"{base}/pods")),
        "list the 100 Pods of a node": (100, lambda number: send("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-0003")),
        "list the 100 Pods with a label": (100, lambda number: send("GET", "/api/v1/pods?labelSelector=group%3Dgroup-0003")),
        "patch a Pod and see it in a watch": (100, watched),
    }


def _pages(server: Filled) -> Iterator[bytes]:
    """Pages of all pods, over and over."""
    token = ""
    while True:
        body = server.send("GET", f"/api/v1/pods?limit=250&continue={token}")
        found = re.search(rb'"continue":"([^"]+)"', body[:1000])
        token = found[1].decode() if found else ""
        yield body


def _events(server: Filled) -> Iterator[bytes]:
    """Lines of a watch of the pods of a node, which begins when first asked for one."""
    connection = server.connect()
    connection.request("GET", "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dnode-0003", headers=_HEADERS)
    answer = connection.getresponse()
    while line := answer.readline():
        yield line


def measure(server: Filled, found: dict[str, float], round_: int) -> None:
    """Notes the µs of CPU of each operation if they are less than before."""
    for what, (times, operation) in operations(server).items():
        before = server.spent()
        for number in range(round_ * times, (round_ + 1) * times):
            operation(number)
        found[what] = min(found.get(what, float("inf")), (server.spent() - before) / times * 1e6)


def load(server: Filled) -> float:
    """Has all objects read from the store and indexed; µs of CPU of each."""
    before = server.spent()
    for name in ("pods", "configmaps"):
        server.send("GET", f"/api/v1/{name}?limit=1")
        server.send("GET", f"/api/v1/{name}?labelSelector=group%3Dgroup-0000")
    return (server.spent() - before) / server.count * 1e6


def report(sizes: Sequence[int], results: Sequence[Mapping[str, float]], encoded: float) -> str:
    """Markdown."""
    lines = [
        "| operation | " + " | ".join(f"{size:,} objects" for size in sizes) + " | ratio | reached |",
        "|---|" + "---|" * (len(sizes) + 2),
    ]
    for what in results[0]:
        if what != "memory":
            ratio = results[-1][what] / results[0][what]
            cells = " | ".join(f"{result[what]:,.0f} µs" for result in results)
            lines.append(f"| {what} | {cells} | {ratio:.2f} | {'yes' if ratio <= _CPU_LIMIT else 'no'} |")
    each = (results[-1]["memory"] - results[0]["memory"]) / (sizes[-1] - sizes[0])
    limit = _MEMORY_FACTOR * encoded + _MEMORY_ADDED
    lines.append(
        f"| memory an object of {encoded:,.0f} bytes | | {each:,.0f} bytes (at most {limit:,.0f}) | | {'yes' if each <= limit else 'no'} |"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("benchmarks.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,100000")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    sizes = [int(size) for size in chosen.sizes.split(",")]
    with ExitStack() as open_:
        servers = []
        for size in sizes:
            directory = open_.enter_context(tempfile.TemporaryDirectory(prefix="kcompat-growth-"))
            server = Filled(Path(directory), size)
            open_.enter_context(server)
            servers.append(server)
        results: list[dict[str, float]] = [{"load an object": load(server), "memory": server.memory() * (1 << 20)} for server in servers]
        for number in range(chosen.rounds):
            for server, found in zip(servers, results, strict=True):
                measure(server, found, number)
        print(f"load average {os.getloadavg()[0]:.1f}", file=sys.stderr)
        print(report(sizes, results, servers[-1].encoded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
