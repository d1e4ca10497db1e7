"""What strategic merge says of patches it cannot apply. Called by strategic and element_order.

Answers apimachinery pkg/util/mergepatch/errors.go and how the API server maps them (interpretStrategicMergePatchError): malformed
directives are bad requests, everything else is an internal error that carries the text.
"""

from typing import Any

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.quote import plain_text, type_text


def failure(message: str) -> StatusError:
    """An error upstream has no status for."""
    return StatusError(500, "", message)


def bad_primitive_list() -> StatusError:
    return errors.bad_request("invalid patch format of primitive list")


def bad_retain_keys() -> StatusError:
    return errors.bad_request("invalid patch format of retainKeys")


def bad_order_list() -> StatusError:
    return errors.bad_request("invalid patch format of setElementOrder list")


def bad_directive(directive: Any, item: dict[str, Any]) -> StatusError:
    """Go's %s is for texts, and says so of anything else."""
    shown = directive if isinstance(directive, str) else _misprinted(directive)
    return failure(f"unknown patch type: {shown} in map: {plain_text(item)}")


def _misprinted(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{_misprinted(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_misprinted, value)) + "]"
    if isinstance(value, str):
        return value
    return "%!s(<nil>)" if value is None else f"%!s({type_text(value)}={plain_text(value)})"


def not_a_map(index: int) -> StatusError:
    return failure(f"value for key {index} is not a map")


def argument_type(expected: Any, actual: Any) -> StatusError:
    return failure(f"expected a {type_text(expected)}, but received a {type_text(actual)}")


def no_merge_key(item: dict[str, Any], merge_key: str) -> StatusError:
    return failure(f"map: {plain_text(item)} does not contain declared merge key: {merge_key}")
