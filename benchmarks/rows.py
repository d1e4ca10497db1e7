"""What is measured: the rows of the table, on which servers, and what kcompat must reach. Read by the rest of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Shown = Literal["rate", "seconds", "memory"]
"""What a row is about: operations a second, seconds from start to end, or resident MiB."""


@dataclass(frozen=True, slots=True)
class Row:
    """`rate`, `cpu`: times better than the peer; `most`: kcompat's own limit in what is shown. 0: nothing is asked."""

    name: str
    what: str
    servers: str = "api"
    """Which set of servers (servers.py: SETS); the rows of a set share one start, those with `alone` have one each."""
    rate: float = 0
    cpu: float = 0
    most: float = 0
    shown: Shown = "rate"
    alone: bool = False
    upstream: bool = True
    """Can the peer do it at all?"""
    fills: bool = False
    """Reads the pods of the row fill-pods."""
    flags: dict[str, int] = field(default_factory=dict)
    """Flags of the load program."""


_BIND = {"nodes": 1000, "pods": 3000}
_DEPLOY = {"nodes": 100, "pods": 1000}

ROWS: tuple[Row, ...] = (
    Row("get-configmap", "get ConfigMap", rate=2, cpu=4),
    Row("create-configmap", "create ConfigMap, durable", rate=1.3, cpu=1.3),
    Row("update-configmap", "update ConfigMap", rate=1.5, cpu=2),
    Row("patch-configmap", "patch ConfigMap", rate=1.5, cpu=2),
    Row("apply-configmap", "apply ConfigMap", rate=1.5, cpu=2),
    Row("delete-configmap", "delete ConfigMap", rate=1.5, cpu=2),
    Row("create-pod", "create Pod", rate=1.5, cpu=2),
    Row("patch-pod-status", "patch pods/status", rate=1.5, cpu=2),
    Row("watch-fanout", "watch fan-out, 100 watchers × 500 events", rate=2, cpu=3),
    Row("list-pods", "list 5,000 Pods", rate=5, cpu=5, fills=True),
    Row("list-pods-pages", "list 5,000 Pods in pages of 500", cpu=5, fills=True),
    Row("list-pods-label", "list Pods by label, 1 in 10", cpu=5, fills=True),
    Row("bind-pods", "create and bind 3,000 Pods on 1,000 nodes", "scheduling", rate=4, alone=True, flags=_BIND),
    Row("deployment-bound", "Deployment of 1,000 replicas to all bound", "all", most=2, shown="seconds", alone=True, flags=_DEPLOY),
    Row(
        "deployment-running", "Deployment of 1,000 replicas to all Running", "all", most=3, shown="seconds", alone=True, upstream=False,
        flags=_DEPLOY,
    ),
    Row("start", "first start to ready and kubeconfig written, all parts", "start", most=1, shown="seconds"),
    Row("memory", "resident memory idle, all parts", "start", most=100, shown="memory"),
)  # fmt: skip
STARTS = ("start", "memory")
"""Measured on the start itself, before anything is asked of the servers."""


def chosen(names: str) -> list[Row]:
    """In the order of ROWS. names: separated by commas, "" for all. Raises ValueError."""
    wanted = [name for name in names.split(",") if name]
    if unknown := set(wanted) - {row.name for row in ROWS}:
        raise ValueError(f"no row {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if not wanted or row.name in wanted]


def groups(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """(set of servers, rows measured on one start of it)."""
    shared: dict[str, list[Row]] = {}
    apart: list[tuple[str, list[Row]]] = []
    for row in rows:
        if row.alone:
            apart.append((row.servers, [row]))
        else:
            shared.setdefault(row.servers, []).append(row)
    return [*shared.items(), *apart]
