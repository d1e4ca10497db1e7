"""PriorityClass (upstream: pkg/registry/scheduling/priorityclass, pkg/apis/scheduling/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, required
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import one_of
from kcompat.registry.rules.plain import PlainRules

HIGHEST_USER_PRIORITY: Final = 1_000_000_000
SYSTEM_CRITICAL: Final = 2 * HIGHEST_USER_PRIORITY
SYSTEM_CLASSES: Final = {"system-node-critical": SYSTEM_CRITICAL + 1000, "system-cluster-critical": SYSTEM_CRITICAL}
_RESERVED = "priority class names with 'system-' prefix are reserved for system use only. error: "


def _system_class(name: str, value: int, default: bool) -> str:
    """What is wrong with a class of this name (IsKnownSystemPriorityClass)."""
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    if value != SYSTEM_CLASSES[name]:
        return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if default else ""


class PriorityClassRules(PlainRules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        obj.setdefault("preemptionPolicy", "PreemptLowerPriority")

    def check_deletion(self, name: str) -> str:
        return "this is a system priority class and cannot be deleted" if name in SYSTEM_CLASSES else ""

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return False

    def validate(self, obj: Tree) -> list[FieldError]:
        name, value, policy = meta.name(obj), obj.get("value", 0), obj.get("preemptionPolicy")
        errors = []
        if name.startswith("system-"):
            if wrong := _system_class(name, value, obj.get("globalDefault", False)):
                errors.append(forbidden(Path("metadata", "name"), _RESERVED + wrong))
        elif value > HIGHEST_USER_PRIORITY:
            errors.append(forbidden(Path("value"), f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"))
        if policy == "":
            errors.append(required(Path("preemptionPolicy")))
        elif policy is not None:
            errors += one_of(policy, Path("preemptionPolicy"), ("PreemptLowerPriority", "Never"))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        changed = new.get("value", 0) != old.get("value", 0)
        errors = [forbidden(Path("value"), "may not be changed in an update.")] if changed else []
        return errors + immutable(new.get("preemptionPolicy"), old.get("preemptionPolicy"), Path("preemptionPolicy"))
