"""The answer to an apply that would take fields from others. Upstream: managedfields/internal/conflict.go."""

from __future__ import annotations

from kcompat.apimachinery import errors
from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.elements import text
from kcompat.apimachinery.apply.managers import UPDATE, Manager
from kcompat.apimachinery.apply.sets import Path, Set
from kcompat.apimachinery.quote import quote


class Conflicts(Exception):
    """Fields of other managers that an apply would change, by manager."""

    def __init__(self, fields: dict[Manager, Set]) -> None:
        super().__init__("conflicts")
        self.fields = fields

    def union(self) -> Set:
        """The fields of all managers."""
        result = sets.EMPTY
        for fields in self.fields.values():
            result = sets.union(result, fields)
        return result

    def without(self, allowed: Set) -> Conflicts:
        rest = {manager: sets.difference(fields, allowed) for manager, fields in self.fields.items()}
        return Conflicts({manager: fields for manager, fields in rest.items() if fields})

    def error(self) -> errors.StatusError:
        """409 with one cause for each field."""
        ordered = sorted(self.fields, key=lambda manager: manager.identifier)
        found = [(manager, path) for manager in ordered for path in sets.paths(self.fields[manager])]
        reason = "FieldManagerConflict"
        causes = [{"reason": reason, "message": f"conflict with {_shown(manager)}", "field": _path(path)} for manager, path in found]
        return errors.apply_conflict(causes, _message(found))


def _message(found: list[tuple[Manager, Path]]) -> str:
    if len(found) == 1:
        manager, path = found[0]
        return f"Apply failed with 1 conflict: conflict with {_shown(manager)}: {_path(path)}"
    lines: list[str] = []
    previous = None
    for manager, path in found:
        if manager != previous:
            lines.append(f"conflicts with {_shown(manager)}:")
        lines.append(f"- {_path(path)}")
        previous = manager
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def _path(path: Path) -> str:
    return "".join(map(text, path))


def _shown(manager: Manager) -> str:
    shown = quote(manager.name)
    if manager.subresource:
        shown += f" with subresource {quote(manager.subresource)}"
    return f"{shown} using {manager.api_version}" if manager.operation == UPDATE else shown
