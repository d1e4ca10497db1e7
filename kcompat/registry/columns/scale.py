"""Table columns of autoscaling/v1 Scale, the answer of scale subresources. Called by `api/actions/scale.py`."""

from __future__ import annotations

from typing import Final

from kcompat.registry.columns.cells import AGE, number, path
from kcompat.registry.declare import Column

SCALE: Final = (
    Column("Name", path("metadata.name")),
    Column("Desired", number("spec.replicas"), "integer"),
    Column("Available", number("status.replicas"), "integer"),
    AGE,
)
