"""Programs that watch the ConfigMaps of a namespace with stock client libraries, and what they have seen (conformance/informer)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from conformance import tools

SOURCES = Path(tools.__file__).parent / "informer"


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    name: str
    revision: int
    value: str
    before: str = ""


class Observer:
    """One such program. `events` are those after the first list, in the order in which it printed them; `relisted`: some may be left out."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.events: list[Event] = []
        self.complaints: list[str] = []
        self.relisted = False
        self._lock = threading.Condition()
        self._synced = False
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._lock:
            assert self._lock.wait_for(lambda: self._synced, 20), f"{name} did not start"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._lock:
                self._take(json.loads(line))
                self._lock.notify_all()

    def _take(self, line: dict[str, str]) -> None:
        if line["type"] == "SYNCED":
            self._synced = True
        elif line["type"] == "RELIST":
            self.relisted = True
        elif line["type"] == "GONE" or ("message" in line and not self.relisted):
            self.complaints.append(f"{line['type']}: {line.get('message')}")
        elif self._synced and line["type"] != "BOOKMARK":
            revision, value = int(line["revision"]), line.get("value", "")
            self.events.append(Event(line["type"], line["name"], revision, value, line.get("before", "")))

    def wait_for(self, name: str, timeout: float = 30.0) -> None:
        """Until it has seen an object of that name."""
        with self._lock:
            seen = self._lock.wait_for(lambda: any(event.name == name for event in self.events[-5:]), timeout)
        assert seen, f"{self.name} has seen {len(self.events)} events, {self.complaints}"

    def stop(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)
        self._process.stdout.close()


def observers(kubeconfig: str, namespace: str) -> list[Observer]:
    """A client-go informer, a client-go watch, and a watch of Python's kubernetes package."""
    program = [str(tools.build("informer")), "-kubeconfig", kubeconfig, "-namespace", namespace]
    script = [sys.executable, str(SOURCES / "watch.py"), kubeconfig, namespace]
    return [Observer("informer", program), Observer("client-go", [*program, "-raw"]), Observer("python", script)]
