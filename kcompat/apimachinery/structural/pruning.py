"""Values without what their schemas do not know (apiextensions-apiserver pkg/apiserver/schema/pruning). Called by defaults.py."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]
META: Final = ("apiVersion", "kind", "metadata")


def pruned(value: Any, schema: Schema | None) -> Any:
    """A copy, where something had to go; else the value."""
    if schema is not None and schema.get("x-kubernetes-preserve-unknown-fields"):
        return _kept(value, schema)
    if isinstance(value, list):
        items = _items(schema)
        return [pruned(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    return dict(_members(value, schema, keep=False))


def _kept(value: Any, schema: Schema | None) -> Any:
    """What is unknown stays; what is known is pruned by its own schema."""
    if schema is None:
        return value
    if isinstance(value, list):
        return [_kept(item, _items(schema)) for item in value]
    return dict(_members(value, schema, keep=True)) if isinstance(value, dict) else value


def _members(value: dict[str, Any], schema: Schema | None, *, keep: bool) -> list[tuple[str, Any]]:
    if schema is None:
        return []
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    embedded, members = schema.get("x-kubernetes-embedded-resource"), list[tuple[str, Any]]()
    for key, child in value.items():
        if (embedded and key in META) or (keep and key not in known and others is None):
            members.append((key, child))
        elif key in known:
            members.append((key, pruned(child, known[key])))
        elif others is not None:
            members.append((key, pruned(child, others if isinstance(others, dict) else None)))
    return members


def _items(schema: Schema | None) -> Schema | None:
    items = (schema or {}).get("items")
    return items if isinstance(items, dict) else None
