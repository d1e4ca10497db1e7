"""Rules of ControllerRevisions, a controller's record of what it once wanted. Declared in `registry/groups/apps.py`.

Answers pkg/registry/apps/controllerrevision/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Rules, Tree


class ControllerRevisionRules(Rules):
    def prepare_for_create(self, obj: Tree) -> None:
        """Nothing is the server's."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """Nothing is the server's."""

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        errors = _revision_errors(obj)
        data = obj.get("data")
        if data is None:
            errors.append(field.required(Path("data"), "data is mandatory"))
        elif not isinstance(data, dict):
            errors.append(field.required(Path("data"), "data must be a valid JSON object"))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        errors = _revision_errors(new)
        if new.get("data") != old.get("data"):
            errors.append(field.invalid(Path("data"), new.get("data"), "field is immutable"))
        return errors


def _revision_errors(obj: Tree) -> list[FieldError]:
    revision = obj.get("revision") or 0
    return [] if revision >= 0 else [field.invalid(Path("revision"), revision, "must be greater than or equal to 0")]
