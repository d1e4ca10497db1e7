"""A Reader over a dict, and a clock that stands still until told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

Tree = dict[str, Any]


class MemoryReader:
    def __init__(self, *objects: tuple[str, str, Tree]) -> None:
        self._objects: dict[tuple[str, str, str, str], Tree] = {}
        self._callbacks: dict[tuple[str, str], list[Callable[[Tree | None, Tree | None], None]]] = {}
        self.lists = 0
        for group, resource, tree in objects:
            self.put(group, resource, tree)

    async def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        return self._objects.get((group, resource, namespace, name))

    async def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Tree]:
        self.lists += 1
        return [t for (g, r, ns, _), t in self._objects.items() if (g, r) == (group, resource) and namespace in ("", ns)]

    def on_change(self, group: str, resource: str, callback: Callable[[Tree | None, Tree | None], None]) -> None:
        self._callbacks.setdefault((group, resource), []).append(callback)

    def put(self, group: str, resource: str, tree: Tree) -> Tree:
        metadata = tree["metadata"]
        key = (group, resource, metadata.get("namespace", ""), metadata["name"])
        old = self._objects.get(key)
        self._objects[key] = tree
        self._tell(group, resource, old, tree)
        return tree

    def delete(self, group: str, resource: str, namespace: str, name: str) -> None:
        self._tell(group, resource, self._objects.pop((group, resource, namespace, name)), None)

    def _tell(self, group: str, resource: str, old: Tree | None, new: Tree | None) -> None:
        for callback in self._callbacks.get((group, resource), ()):
            callback(old, new)


class StandingClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


def obj(name: str, namespace: str = "", uid: str = "", **content: Any) -> Tree:
    metadata = {"name": name, "uid": uid or f"uid-of-{name}"}
    return {"metadata": {**metadata, **({"namespace": namespace} if namespace else {})}, **content}
