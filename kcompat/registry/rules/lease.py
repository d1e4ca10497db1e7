"""Lease (upstream: pkg/registry/coordination/lease, pkg/apis/coordination/validation)."""

from __future__ import annotations

from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.registry.declare import Rules, Tree

_SPEC = Path("spec")
_COORDINATED = ("strategy", "preferredHolder")


class LeaseRules(Rules):
    """The fields of coordinated leader election are dropped: its gate is off."""

    allow_create_on_update = True
    allow_unconditional_update = False

    def prepare_for_create(self, obj: Tree) -> None:
        for name in _COORDINATED:
            obj["spec"].pop(name, None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        for name in _COORDINATED:
            if old["spec"].get(name) is None:
                new["spec"].pop(name, None)

    def validate(self, obj: Tree) -> list[FieldError]:
        duration, transitions = (obj["spec"].get(name) for name in ("leaseDurationSeconds", "leaseTransitions"))
        errors = []
        if duration is not None and duration <= 0:
            errors.append(invalid(_SPEC.child("leaseDurationSeconds"), duration, "must be greater than 0"))
        if transitions is not None and transitions < 0:
            errors.append(invalid(_SPEC.child("leaseTransitions"), transitions, "must be greater than or equal to 0"))
        return errors
