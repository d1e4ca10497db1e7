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


def argument_type(expected: Any, actual: Any) -> StatusError:
    return failure(f"expected a {type_text(expected)}, but received a {type_text(actual)}")


def no_merge_key(item: dict[str, Any], merge_key: str) -> StatusError:
    return failure(f"map: {plain_text(item)} does not contain declared merge key: {merge_key}")
