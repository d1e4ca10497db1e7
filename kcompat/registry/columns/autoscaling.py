"""Table columns of horizontal pod autoscalers. Called by `registry/groups/autoscaling.py`; reads either version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta, quantity
from kcompat.registry.columns.cells import AGE, NAME, NONE, UNKNOWN, UNSET, number
from kcompat.registry.declare import Cell, Column, Tree
from kcompat.registry.rules.hpa_conversion import to_v2

_SHOWN = 2
_SOURCES = {
    "External": "external", "Pods": "pods", "Object": "object", "Resource": "resource", "ContainerResource": "containerResource",
}


def _amount(values: Tree, name: str) -> str | None:
    return quantity.canonical(values[name]) if values.get(name) is not None else None


def _metric(spec: Tree, current: Tree | None) -> str:
    """One metric as current/target (formatHPAMetrics). `current` is None where the status has none of this type."""
    kind = spec.get("type", "")
    if kind not in _SOURCES:
        return "<unknown type>"
    target = spec[_SOURCES[kind]]["target"]
    average = _amount(target, "averageValue")
    if kind in ("External", "Object"):
        name, suffix = ("averageValue", " (avg)") if average is not None else ("value", "")
        present = UNKNOWN if current is None else _amount(current, name) or (UNKNOWN if average is not None else "0")
        return f"{present}/{_amount(target, name) or '0'}{suffix}"
    if kind == "Pods":
        return f"{_shown_average(current)}/{average or '0'}"
    return f"{spec[_SOURCES[kind]].get('name', '')}: {_resource(target, current, average)}"


def _shown_average(current: Tree | None) -> str:
    return UNKNOWN if current is None else _amount(current, "averageValue") or "0"


def _resource(target: Tree, current: Tree | None, average: str | None) -> str:
    if average is not None:
        return f"{_shown_average(current)}/{average}"
    used, wanted = (current or {}).get("averageUtilization"), target.get("averageUtilization")
    return f"{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _current(statuses: Sequence[Tree], index: int, kind: str) -> Tree | None:
    source = statuses[index].get(_SOURCES.get(kind, "")) if index < len(statuses) else None
    return source.get("current") or {} if source is not None else None


def _targets(obj: Tree, now: datetime) -> Cell:
    obj = to_v2(obj)
    specs = obj["spec"].get("metrics") or ()
    statuses = meta.get(obj, ("status", "currentMetrics"), ())
    shown = ", ".join(_metric(spec, _current(statuses, i, spec.get("type", ""))) for i, spec in enumerate(specs[:_SHOWN]))
    return f"{shown} + {len(specs) - _SHOWN} more..." if len(specs) > _SHOWN else shown or NONE


def _reference(obj: Tree, now: datetime) -> Cell:
    target = obj["spec"].get("scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _min_pods(obj: Tree, now: datetime) -> Cell:
    least = obj["spec"].get("minReplicas")
    return UNSET if least is None else str(least)


HORIZONTAL_POD_AUTOSCALER: Final = (
    NAME, Column("Reference", _reference), Column("Targets", _targets), Column("MinPods", _min_pods),
    Column("MaxPods", number(".spec.maxReplicas")), Column("Replicas", number(".status.currentReplicas")), AGE,
)
