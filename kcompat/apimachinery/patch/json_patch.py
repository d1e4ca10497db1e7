"""JSON Patch (RFC 6902) with the liberties of the library upstream uses (evanphx/json-patch v4). Called by the patch verb.

Against the RFC: indices may be negative, `replace` and `test` treat an absent key of an object as null, `add` without a value adds null.
Upstream hides why an operation failed behind a general 422; the reason is kept as the StatusError's cause for the log.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

import orjson

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.quote import json_text, plain_text, quote, type_text

MAX_OPERATIONS: Final = 10_000
MAX_COPY_BYTES: Final = 3 * 1024 * 1024
"""How much the `copy` operations of one patch may add (upstream: JSONPatchMaxCopyBytes)."""

Operation = Mapping[str, Any]
_FIELDS = ("op", "path", "from", "value")
_INDEX = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_GO_KINDS = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


class PatchError(ValueError):
    """Why an operation does not apply."""


def decode(patch: Any, *, validated: bool = True) -> tuple[list[Operation], list[str]]:
    """The operations of a decoded patch body, and the strict errors of unknown members (`unknown field "[0].x"`).

    validated: does the request ask for field validation (Warn or Strict)? Then types of members are checked too.
    Raises StatusError: 400 for what is no patch, 413 for too many operations.
    """
    if not isinstance(patch, list):
        if patch is None:
            return [], []
        target = "[]handlers.jsonPatchOp" if validated else "jsonpatch.Patch"
        raise _bad_patch(f"json: cannot unmarshal {_GO_KINDS[type(patch)]} into Go value of type {target}", validated)
    unknown = [error for index, operation in enumerate(patch) for error in _checked(index, operation, validated)]
    if len(patch) > MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        raise errors.request_entity_too_large(text)
    return [operation or {} for operation in patch], unknown


def _bad_patch(message: str, validated: bool) -> StatusError:
    return errors.bad_request(f"error decoding patch: {message}" if validated else message)


def _checked(index: int, operation: Any, validated: bool) -> list[str]:
    if operation is None:
        return []
    if not isinstance(operation, dict):
        target = "handlers.jsonPatchOp" if validated else "jsonpatch.Operation"
        raise _bad_patch(f"json: cannot unmarshal {_GO_KINDS[type(operation)]} into Go value of type {target}", validated)
    if not validated:
        return []
    for name in ("op", "path", "from"):
        value = operation.get(name)
        if value is not None and not isinstance(value, str):
            text = f"json: cannot unmarshal {_GO_KINDS[type(value)]} into Go struct field jsonPatchOp.{name} of type string"
            raise _bad_patch(text, validated)
    return [f"unknown field {quote(f'[{index}].{name}')}" for name in operation if name not in _FIELDS]


def apply(tree: Any, operations: list[Operation]) -> Any:
    """The tree after all operations. Raises upstream's 422 StatusError if one does not apply."""
    document = _Document(tree)
    try:
        for operation in operations:
            document.run(operation)
    except PatchError as error:
        raise errors.generic(422, "", "", "", "", str(error)) from error
    return document.root


class _Document:
    """A tree being patched. Containers are copied the first time they change; `owned` remembers which are copies."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._owned: dict[int, Any] = {}
        self._copied = 0
        self._operations: dict[str, Callable[[Operation], None]] = {
            "add": self._add, "remove": self._remove, "replace": self._replace, "move": self._move, "copy": self._copy, "test": self._test,
        }  # fmt: skip

    def run(self, operation: Operation) -> None:
        name = operation.get("op")
        name = name if isinstance(name, str) else "unknown"
        if name not in self._operations:
            raise PatchError(f"Unexpected kind: {name}")
        self._operations[name](operation)

    def _own(self, container: Any) -> Any:
        if id(container) not in self._owned:
            container = container.copy()
            self._owned[id(container)] = container
        return container

    def _parent(self, path: str, *, change: bool) -> tuple[Any, str] | None:
        """The container of the last step, and that step; None if one before is missing. To be changed, all on the way is owned."""
        _, *parts = path.split("/")
        if not parts:
            return None
        steps = [part.replace("~1", "/").replace("~0", "~") for part in parts]
        holder = self.root = self._own(self.root) if change else self.root
        for step in steps[:-1]:
            try:
                below = _get(holder, step)
            except PatchError:
                return None
            if not isinstance(below, dict | list):
                return None
            if change:
                below = self._own(below)
                holder[step if isinstance(holder, dict) else _index(step, len(holder))] = below
            holder = below
        return holder, steps[-1]

    def _add_at(self, path: str, value: Any, operation: str, word: str = "") -> None:
        found = self._parent(path, change=True)
        if found is None:
            raise PatchError(f'{operation} operation does not apply: doc is missing {word}path: "{path}": missing value')
        holder, step = found
        if isinstance(holder, dict):
            holder[step] = value
        elif step == "-":
            holder.append(value)
        else:
            holder.insert(_index(step, len(holder) + 1), value)

    def _taken(self, path: str, operation: str, word: str = "") -> Any:
        """Removes and returns what stands at the path."""
        found = self._parent(path, change=True)
        if found is None:
            raise PatchError(f'{operation} operation does not apply: doc is missing {word}path: "{path}": missing value')
        holder, step = found
        if isinstance(holder, list):
            return holder.pop(_index(step, len(holder)))
        if step not in holder:
            raise PatchError(f"error in {operation} for path: '{path}': Unable to remove nonexistent key: {step}: missing value")
        return holder.pop(step)

    def _add(self, operation: Operation) -> None:
        self._add_at(_path(operation, "path", "add"), operation.get("value"), "add")

    def _remove(self, operation: Operation) -> None:
        self._taken(_path(operation, "path", "remove"), "remove")

    def _replace(self, operation: Operation) -> None:
        path = _path(operation, "path", "replace")
        value = operation.get("value")
        if not path:
            if not isinstance(value, dict | list):
                raise PatchError("replace operation value must be object or array")
            self.root = value
            return
        found = self._parent(path, change=True)
        if found is None:
            raise PatchError(f"replace operation does not apply: doc is missing path: {path}: missing value")
        holder, step = found
        holder[step if isinstance(holder, dict) else _index(step, len(holder))] = value

    def _move(self, operation: Operation) -> None:
        value = self._taken(_path(operation, "from", "move"), "move", "from ")
        self._add_at(_path(operation, "path", "move"), value, "move", "destination ")

    def _copy(self, operation: Operation) -> None:
        source = _path(operation, "from", "copy")
        found = self._parent(source, change=False)
        if found is None:
            raise PatchError(f"copy operation does not apply: doc is missing from path: {source}: missing value")
        value = _get(*found)
        self._copied += len(_encoded(value))
        if self._copied > MAX_COPY_BYTES:
            raise PatchError(
                f"Unable to complete the copy, the accumulated size increase of copy is {self._copied}, "
                f"exceeding the limit {MAX_COPY_BYTES}"
            )
        self._add_at(_path(operation, "path", "copy"), deepcopy(value), "copy", "destination ")

    def _test(self, operation: Operation) -> None:
        path = _path(operation, "path", "test")
        if not path:
            actual = self.root
        else:
            found = self._parent(path, change=False)
            if found is None:
                raise PatchError(f"test operation does not apply: is missing path: {path}: missing value")
            actual = _get(*found)
        if not _equal(actual, operation.get("value")):
            raise PatchError(f"testing value {path} failed: test failed")


def _path(operation: Operation, member: str, name: str) -> str:
    path = operation.get(member)
    if isinstance(path, str):
        return path
    raise PatchError(f"{name} operation failed to decode {member}: {type_text(path)} {plain_text(path)}")


def _get(holder: Any, step: str) -> Any:
    """What stands there; an absent key of an object is null."""
    return holder.get(step) if isinstance(holder, dict) else holder[_index(step, len(holder))]


def _index(step: str, size: int) -> int:
    """The index meant by a step of the path in a list where `size` are valid; negative ones count from the end."""
    if not _INDEX.fullmatch(step):
        raise PatchError(f"value was not a proper array index: '{step}'")
    index = int(step)
    if not -size <= index < size:
        raise PatchError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _equal(left: Any, right: Any) -> bool:
    """Equality that tells 1 from 1.0 and from true, as upstream does by comparing the text of scalars."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json_text(value).encode()
