"""Capacities of devices that several claims share, and how much of them may be asked for (pkg/apis/resource/validation).

Called by the rules of ResourceSlices. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, required, too_many
from kcompat.apimachinery.quantity import Quantity, parse
from kcompat.registry.declare import Tree

_MAX_OPTIONS: Final = 10
_MAX_INT64: Final = Quantity((1 << 63) - 1)
_ONE_POLICY: Final = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def policy_errors(capacity: Tree, path: Path) -> list[FieldError]:
    """validateRequestPolicy."""
    policy, most = capacity.get("requestPolicy"), parse(capacity["value"])
    if policy is None:
        return []
    values, limits, default = policy.get("validValues"), policy.get("validRange"), policy.get("default")
    if values and limits is not None:
        return [forbidden(path, _ONE_POLICY)]
    name = "validValues" if values else "validRange"
    if not values and limits is None:
        return []
    if default is None:
        return [required(path.child("default"), f"required when {name} is defined")]
    at = path.child(name)
    return _values([*map(parse, values)], parse(default), most, at) if values else _range(limits or {}, parse(default), most, at)


def _values(values: Sequence[Quantity], default: Quantity, most: Quantity, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, (value, following) in enumerate(pairwise(values)):
        if value > following:
            errors.append(invalid(path.index(index + 1), str(following), "values must be sorted in ascending order"))
    if len(values) > _MAX_OPTIONS:
        errors.append(too_many(path, len(values), _MAX_OPTIONS))
        return [*errors, _no_default(default, path)]
    for index, value in enumerate(values):
        if value > most:
            errors.append(invalid(path.index(index), str(value), f"option is larger than capacity value: {most}"))
    whole = [str(value.value()) for value in values]
    errors += [duplicate(path.index(index), key) for index, key in enumerate(whole) if key in whole[:index]]
    return errors if default in values else [*errors, _no_default(default, path)]


def _no_default(default: Quantity, path: Path) -> FieldError:
    return invalid(path, str(default), "default value is not valid according to the requestPolicy")


def _range(limits: Tree, default: Quantity, most: Quantity, path: Path) -> list[FieldError]:
    least, greatest, step = (None if limits.get(name) is None else parse(limits[name]) for name in ("min", "max", "step"))
    if least is None:
        return [required(path.child("min"), "required when validRange is defined")]
    errors: list[FieldError] = []
    at, top, start = path.child("min"), path.child("max"), path.child("default")
    if least > most:
        errors.append(invalid(at, str(least), f"min is larger than capacity value: {most}"))
    if default < least:
        errors.append(invalid(start, str(default), f"default is less than min: {least}"))
    if greatest is not None:
        if least > greatest:
            errors.append(invalid(top, str(least), f"min is larger than max: {greatest}"))
        if greatest > most:
            errors.append(invalid(top, str(greatest), f"max is larger than capacity value: {most}"))
        if default > greatest:
            errors.append(invalid(start, str(default), f"default is more than max: {greatest}"))
    given = {"default": default, "min": least, "max": greatest, "step": step}
    return errors + _steps({name: value for name, value in given.items() if value is not None}, most, path)


def _steps(given: dict[str, Quantity], most: Quantity, path: Path) -> list[FieldError]:
    """Values are reached in steps from the least, in whole numbers."""
    step, least, at = given.get("step"), given["min"], path.child("step")
    if step is None:
        return []
    if step.sign <= 0:
        return [invalid(at, str(step), "must be greater than zero")]
    first = least + step
    errors = [invalid(at, str(step), f"one step {first} is larger than capacity value: {most}")] if first > most else []
    unsafe = [error for name, value in given.items() for error in _int64(value, path.child(name))]
    if unsafe:
        return errors + unsafe
    for name in ("default", "max"):
        value = given.get(name)
        if value is not None and (value.value() - least.value()) % step.value():
            errors.append(invalid(at, str(value), f"value is not a multiple of a given step ({step}) from ({least})"))
    return errors


def _int64(value: Quantity, path: Path) -> list[FieldError]:
    if value.sign < 0:
        return [invalid(path, str(value), "must be greater than or equal to 0")]
    return [invalid(path, str(value), f"must not be larger than {_MAX_INT64}")] if value > _MAX_INT64 else []
