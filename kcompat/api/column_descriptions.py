"""What Table columns say of themselves: the documentation of the fields they show, where it is installed. Called by table.py.

Upstream: pkg/printers/internalversion/printers.go, which asks the types' SwaggerDoc. Sentences of upstream's that document no field are
not here: those columns say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from kcompat.apimachinery.schema import facts


def column_description(kind: str, column: str) -> str:
    """Of a column of a kind that has columns of its own; kind "" for others."""
    listed = facts.columns()
    return _texts().get(listed.get(kind, listed[""]).get(column, ""), "")


@cache
def _texts() -> Mapping[str, str]:
    """The sentences of all columns. What they are taken from is large and not kept."""
    from kcompat.api.openapi.schemas import definition_of, descriptions

    described, found = descriptions(), {}
    for field in {field for columns in facts.columns().values() for field in columns.values()}:
        type, _, member = field.rpartition(".")
        properties = described.get(definition_of(type), {}).get("properties", {})
        found[field] = str(properties.get(member, {}).get("description", ""))
    return found
