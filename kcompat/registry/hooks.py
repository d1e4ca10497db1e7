"""What a kind does around storing besides its pure rules: claiming addresses and ports, and giving them back.

Called by `registry/store.py`; implemented by `registry/service_addresses.py` and `registry/admin_access.py`.
Upstream: the Begin/After hooks of generic registry.Store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from kcompat.apimachinery.field import FieldError
from kcompat.registry.declare import Tree

Undo = Callable[[], Awaitable[None]]


class Check(Protocol):
    """A part of a kind's validation that looks at other objects; its errors come before those of the rules."""

    async def __call__(self, new: Tree, old: Tree | None, status: bool) -> list[FieldError]:
        """Of a new object (old None), of an update, or of one of the status."""


class Hooks(Protocol):
    async def before_create(self, obj: Tree, dry_run: bool) -> Undo:
        """Completes a new, defaulted, named object before it is validated. The answer undoes it when storing fails. Raises StatusError."""

    async def before_update(self, new: Tree, old: Tree, dry_run: bool) -> Undo:
        """The same for an update; called before validation, as it fills fields that may not change."""

    async def after_update(self, new: Tree, old: Tree) -> None:
        """Gives back what the new version no longer needs."""

    async def after_delete(self, obj: Tree) -> None:
        """Gives back everything."""
