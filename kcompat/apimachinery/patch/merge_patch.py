"""JSON Merge Patch (RFC 7386) as the library upstream uses applies it (evanphx/json-patch v4). Called by the patch verb."""

from typing import Any

from kcompat.apimachinery import errors
from kcompat.apimachinery.quote import type_text


def check(patch: Any) -> None:
    """What a request with field validation (Warn or Strict) demands of a decoded patch body; raises upstream's 400 StatusError."""
    if patch is not None and not isinstance(patch, dict):
        kind = {"[]interface {}": "array", "string": "string", "bool": "bool"}.get(type_text(patch), "number")
        raise errors.bad_request(f"error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")


def apply(tree: dict[str, Any], patch: Any) -> Any:
    """The merged tree; both inputs stay as they are. What is merged and what the patch brings has its keys sorted, as Go's maps are
    written: it shows in fields of any JSON. Raises upstream's 400 StatusError if the patch is no object or list."""
    if isinstance(patch, dict):
        return _merged(tree, patch)
    if isinstance(patch, list):  # then it is the result, which decoding will refuse
        return _without_nulls(patch)
    raise errors.bad_request("Invalid JSON Patch")


def _merged(tree: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(tree)
    for key, value in sorted(patch.items()):
        present = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif not isinstance(present, dict):
            merged[key] = _without_nulls(value)
        else:
            merged[key] = _merged(present, value) if isinstance(value, dict) else value
    return {key: merged[key] for key in sorted(merged)}


def _without_nulls(value: Any) -> Any:
    """A patch's value where there was nothing to merge with: members that are null are dropped, items of lists are not."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in sorted(value.items()) if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
