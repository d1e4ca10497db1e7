"""Rules that the kinds with a pod template share. Called by the rules of each such kind.

Answers pkg/apis/apps/validation/validation.go: selectors, templates, intstr values and replica counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.intstr import int_value
from kcompat.apimachinery.label_selectors import LabelSelector
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import spec as pod_spec
from kcompat.registry.rules.pod.checks import NONE, Errors
from kcompat.registry.rules.pod.options import NEW_TEMPLATE, for_update

SPEC: Final = Path("spec")
STATUS: Final = Path("status")
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"
IntOrString = int | str


def nonnegative(tree: Tree, at: Path, *members: str) -> list[FieldError]:
    """An error for every member that is a negative integer."""
    return [field.invalid(at.child(name), tree[name], NOT_NEGATIVE) for name in members if (tree.get(name) or 0) < 0]


def at_most(status: Tree, members: Sequence[str], bound: str, shown: str = "") -> list[FieldError]:
    """No counter of a status is above another one."""
    limit = status.get(bound) or 0
    return [
        field.invalid(STATUS.child(name), status.get(name) or 0, f"cannot be greater than {shown or 'status.' + bound}")
        for name in members if (status.get(name) or 0) > limit
    ]


def not_decremented(new: Tree, old: Tree) -> Errors:
    """status.collisionCount only grows (IsDecremented)."""
    count, before = ((tree.get("status") or {}).get("collisionCount") for tree in (new, old))
    if before is None or (count is not None and count >= before):
        return NONE
    return [field.invalid(STATUS.child("collisionCount"), count or 0, "cannot be decremented")]


def immutable(new: Tree, old: Tree, member: str, at: Path = SPEC) -> Errors:
    """A member of the spec that may not change."""
    value = new.get(member)
    if value == old.get(member):
        return NONE
    return [field.invalid(at.child(member), shown_selector(value) if member == "selector" else value, IMMUTABLE)]


def selector(tree: Tree | None, kind: str, at: Path = SPEC) -> list[FieldError]:
    """A selector that must be there and select something. `kind` is what upstream's message says, which is not always the kind."""
    here = at.child("selector")
    if tree is None:
        return [field.required(here)]
    errors = validate_label_selector(tree, here)
    if not tree.get("matchLabels") and not tree.get("matchExpressions"):
        errors.append(field.invalid(here, shown_selector(tree), f"empty selector is invalid for {kind}"))
    return errors


def shown_selector(tree: Tree | None) -> Tree | None:
    """A selector as Go encodes it: labels sorted."""
    if tree is None or not (labels := tree.get("matchLabels")):
        return tree
    return {"matchLabels": dict(sorted(labels.items())), **{name: value for name, value in tree.items() if name != "matchLabels"}}


def parsed(tree: Tree | None) -> LabelSelector | None:
    """The selector, None if it cannot be one."""
    try:
        return from_label_selector(tree)
    except SelectorError:
        return None


def labels_of(template: Tree) -> Mapping[str, str]:
    return (template.get("metadata") or {}).get("labels") or {}


def mismatch(template: Tree, at: Path) -> FieldError:
    shown = dict(sorted(labels_of(template).items())) or None
    return field.invalid(at.child("metadata", "labels"), shown, "`selector` does not match template `labels`")


def template(tree: Tree, old: Tree | None, at: Path) -> list[FieldError]:
    """A pod template; some faults that the old one has already are let through."""
    errors = pod_spec.template(tree, at, NEW_TEMPLATE)
    if not errors or old is None:
        return errors
    return pod_spec.template(tree, at, for_update(old.get("spec") or {}, old.get("metadata"), is_pod=False))


def always_restarted(tree: Tree, kind: str, at: Path) -> list[FieldError]:
    """A template whose pods run for ever."""
    spec = tree.get("spec") or {}
    errors: list[FieldError] = []
    if (policy := spec.get("restartPolicy") or "") != "Always":
        errors.append(field.not_supported(at.child("spec", "restartPolicy"), policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        here = at.child("spec", "activeDeadlineSeconds")
        errors.append(field.forbidden(here, f"activeDeadlineSeconds in {kind} is not Supported"))
    return errors


def positive_int_or_percent(value: IntOrString, at: Path) -> list[FieldError]:
    """ValidatePositiveIntOrPercent."""
    if isinstance(value, str):
        return [field.invalid(at, value, message) for message in names.is_valid_percent(value)]
    return [field.invalid(at, value, NOT_NEGATIVE)] if value < 0 else []


def amount(value: IntOrString) -> int:
    """The integer or the number before the percent sign (getIntOrPercentValue)."""
    return int(value[:-1]) if isinstance(value, str) and not names.is_valid_percent(value) else int_value(value)


def at_most_100_percent(value: IntOrString, at: Path) -> Errors:
    """IsNotMoreThan100Percent."""
    if not isinstance(value, str) or names.is_valid_percent(value) or amount(value) <= 100:
        return NONE
    return [field.invalid(at, value, "must not be greater than 100%")]
