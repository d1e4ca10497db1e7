"""Cells that many kinds share: names, ages, containers, selectors. Called by the other files of this package and `registry/groups/*`.

Answers pkg/printers/internalversion/printers.go. A cell function takes the object's tree and the present moment (UTC).
Descriptions are upstream's sentences and therefore not here: the server fills them in from the schema package where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.duration import human
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.registry.declare import Cell, CellFunction, Column, Tree

NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"
UNSET: Final = "<unset>"
human_duration: Final = human


def age(timestamp: str | None, now: datetime) -> str:
    """Time since an RFC 3339 timestamp, for people; `<unknown>` for none (translateTimestampSince)."""
    return human((now - parse_rfc3339(timestamp)).total_seconds()) if timestamp else UNKNOWN


def until(timestamp: str | None, now: datetime) -> str:
    """Time from now to a timestamp (translateTimestampUntil)."""
    return human((parse_rfc3339(timestamp) - now).total_seconds()) if timestamp else UNKNOWN


def name_cell(obj: Tree, now: datetime) -> Cell:
    return meta.name(obj)


def age_cell(obj: Tree, now: datetime) -> Cell:
    return age(meta.creation_timestamp(obj), now)


NAME: Final = Column("Name", name_cell, format="name")
AGE: Final = Column("Age", age_cell)


def wide(*columns: Column) -> tuple[Column, ...]:
    """The columns shown by `-o wide` only: priority 1."""
    return tuple(replace(column, priority=1) for column in columns)


def path(dotted: str, default: Cell = "") -> CellFunction:
    """A cell that shows the value at a path: `path(".status.phase")`. Absent values show as `default`."""
    steps = tuple(dotted.strip(".").split("."))
    return lambda obj, now: meta.get(obj, steps, default)


def number(dotted: str) -> CellFunction:
    """A cell that shows an integer; 0 when absent."""
    return path(dotted, 0)


def age_of(dotted: str, absent: str = UNKNOWN) -> CellFunction:
    """A cell that shows the time since the timestamp at a path."""
    steps = tuple(dotted.strip(".").split("."))

    def cell(obj: Tree, now: datetime) -> Cell:
        timestamp = meta.get(obj, steps)
        return age(timestamp, now) if timestamp else absent

    return cell


def ratio(part: str, whole: str) -> CellFunction:
    """A cell like `2/3` of two integers at paths."""
    of_part, of_whole = number(part), number(whole)
    return lambda obj, now: f"{of_part(obj, now)}/{of_whole(obj, now)}"


def boolean(value: bool | None) -> str:
    """True, False or `<unset>` (printBoolPtr)."""
    return UNSET if value is None else str(bool(value))


def format_labels(labels: Mapping[str, str] | None) -> str:
    """`a=1,b=2` in the order of keys, `<none>` without any (labels.FormatLabels)."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def format_label_selector(selector: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector as text (metav1.FormatLabelSelector)."""
    try:
        return str(from_label_selector(selector)) or NONE
    except SelectorError:
        return "<error>"


def format_list(items: Iterable[str], maximum: int, *, absent: str = UNSET) -> str:
    """The first `maximum` items and how many more there are (listWithMoreString)."""
    everything = list(items)
    shown = ",".join(everything[:maximum])
    more = len(everything) - maximum
    return f"{shown} + {more} more..." if more > 0 else shown or absent


def labels_at(dotted: str) -> CellFunction:
    """A cell that shows the labels (or a plain selector) at a path."""
    of = _getter(dotted)
    return lambda obj, now: format_labels(of(obj))


def selector_at(dotted: str = ".spec.selector") -> CellFunction:
    """A cell that shows the LabelSelector at a path."""
    of = _getter(dotted)
    return lambda obj, now: format_label_selector(of(obj))


def _getter(dotted: str) -> Callable[[Tree], Any]:
    steps = tuple(dotted.strip(".").split("."))
    return lambda obj: meta.get(obj, steps)


def container_columns(spec: str = ".spec.template.spec") -> tuple[Column, Column]:
    """Containers and Images of the pod spec at a path, joined by commas (layoutContainerCells)."""
    of = _getter(spec + ".containers")
    return Column("Containers", _joined(of, "name")), Column("Images", _joined(of, "image"))


def _joined(of: Callable[[Tree], Sequence[Tree] | None], member: str) -> CellFunction:
    return lambda obj, now: ",".join(container.get(member) or "" for container in of(obj) or ())
