"""Table columns of role bindings. Called by `registry/groups/rbac.py`; roles have the default columns (extensions.DEFAULT)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.registry.columns.cells import AGE, NAME, wide
from kcompat.registry.declare import Cell, CellFunction, Column, Tree


def _role(obj: Tree, now: datetime) -> Cell:
    role = obj.get("roleRef") or {}
    return f"{role.get('kind', '')}/{role.get('name', '')}"


def _subjects(kind: str) -> CellFunction:
    """Names of the subjects of a kind; service accounts with their namespace (rbac.SubjectsStrings)."""

    def shown(subject: Tree) -> str:
        name: str = subject.get("name", "")
        return f"{subject.get('namespace', '')}/{name}" if kind == "ServiceAccount" else name

    return lambda obj, now: ", ".join(shown(subject) for subject in obj.get("subjects") or () if subject.get("kind") == kind)



BINDING: Final = (
    NAME, Column("Role", _role), AGE,
    *wide(Column("Users", _subjects("User")), Column("Groups", _subjects("Group")), Column("ServiceAccounts", _subjects("ServiceAccount"))),
)
