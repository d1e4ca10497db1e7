"""Paths to fields and the errors of validation, with upstream's texts. Called by every rule that validates.

Answers apimachinery pkg/util/validation/field. A rule returns a list of FieldError; errors.invalid makes the Status of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kcompat.apimachinery.quote import float_text, json_text, quote

NOT_FOUND: Final = "FieldValueNotFound"
REQUIRED: Final = "FieldValueRequired"
DUPLICATE: Final = "FieldValueDuplicate"
INVALID: Final = "FieldValueInvalid"
NOT_SUPPORTED: Final = "FieldValueNotSupported"
FORBIDDEN: Final = "FieldValueForbidden"
TOO_LONG: Final = "FieldValueTooLong"
TOO_SHORT: Final = "FieldValueTooShort"
TOO_MANY: Final = "FieldValueTooMany"
TOO_FEW: Final = "FieldValueTooFew"
INTERNAL: Final = "InternalError"
TYPE_INVALID: Final = "FieldValueTypeInvalid"

_TEXTS = {
    NOT_FOUND: "Not found",
    REQUIRED: "Required value",
    DUPLICATE: "Duplicate value",
    INVALID: "Invalid value",
    NOT_SUPPORTED: "Unsupported value",
    FORBIDDEN: "Forbidden",
    TOO_LONG: "Too long",
    TOO_SHORT: "Too short",
    TOO_MANY: "Too many",
    TOO_FEW: "Too few",
    INTERNAL: "Internal error",
    TYPE_INVALID: "Invalid value",
}
_WITHOUT_VALUE = frozenset((REQUIRED, FORBIDDEN, TOO_LONG, TOO_SHORT, INTERNAL))


class Path:
    """The way from a root to a field; immutable, cheap to extend, rendered only when an error needs it."""

    __slots__ = ("_parent", "_step")

    def __init__(self, name: str = "", *more: str) -> None:
        self._parent: Path | None = None
        self._step = name
        for child in more:
            self._parent, self._step = _joined(self._parent, self._step), "." + child

    def child(self, *names: str) -> Path:
        """The field reached through these names: spec → spec.template.metadata."""
        path = self
        for name in names:
            path = _joined(path, "." + name if path._step or path._parent else name)
        return path

    def index(self, index: int) -> Path:
        """An item of a list: containers → containers[0]."""
        return _joined(self, f"[{index}]")

    def key(self, key: str) -> Path:
        """An entry of a map: labels → labels[app]."""
        return _joined(self, f"[{key}]")

    def __str__(self) -> str:
        steps = []
        path: Path | None = self
        while path is not None:
            steps.append(path._step)
            path = path._parent
        return "".join(reversed(steps)) or "<nil>"

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _joined(parent: Path | None, step: str) -> Path:
    path = Path.__new__(Path)
    path._step, path._parent = step, parent
    return path


ROOT: Final = Path()
"""Upstream's nil path: children start without a dot, and it prints as <nil> itself."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A bad value that is printed as it stands, for what upstream prints in a Go form of its own."""

    text: str


OMITTED: Final = Raw("")
"""A bad value that is not shown at all."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule. `type` is the cause's reason on the wire, `field` the rendered path."""

    type: str
    field: str
    bad_value: Any
    detail: str

    @property
    def body(self) -> str:
        """The message without the field (upstream: ErrorBody)."""
        text = _TEXTS[self.type]
        if self.type not in _WITHOUT_VALUE and self.bad_value is not OMITTED:
            text = f"{text}: {printed(self.bad_value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def printed(value: Any) -> str:
    """A bad value as upstream shows it: strings quoted, floats by %v, everything else as JSON."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, str):
        return quote(value)
    return float_text(value) if isinstance(value, float) else json_text(value)


def type_invalid(path: Path, value: Any, detail: str) -> FieldError:
    return FieldError(TYPE_INVALID, str(path), value, detail)


def not_found(path: Path, value: Any) -> FieldError:
    return FieldError(NOT_FOUND, str(path), value, "")


def required(path: Path, detail: str = "") -> FieldError:
    return FieldError(REQUIRED, str(path), "", detail)


def duplicate(path: Path, value: Any) -> FieldError:
    return FieldError(DUPLICATE, str(path), value, "")


def invalid(path: Path, value: Any, detail: str) -> FieldError:
    return FieldError(INVALID, str(path), value, detail)


def not_supported(path: Path, value: Any, supported: Iterable[str], *, plain: bool = False) -> FieldError:
    """An enumeration's unknown value; the supported ones are listed in the order given (upstream sorts at most call sites). Enumerations are
    types of their own, which upstream shows as JSON, unless they are `plain` strings."""
    listed = ", ".join(map(quote, supported))
    if not plain and isinstance(value, str) and (shown := json_text(value)) != quote(value):
        value = Raw(shown)
    return FieldError(NOT_SUPPORTED, str(path), value, f"supported values: {listed}" if listed else "")


def forbidden(path: Path, detail: str) -> FieldError:
    return FieldError(FORBIDDEN, str(path), "", detail)


def too_long(path: Path, max_bytes: int) -> FieldError:
    return FieldError(TOO_LONG, str(path), "<value omitted>", _at_most(max_bytes, "byte"))


def too_long_characters(path: Path, max_characters: int) -> FieldError:
    return FieldError(TOO_LONG, str(path), "<value omitted>", _at_most(max_characters, "character"))


def _at_most(limit: int, unit: str) -> str:
    return "value is too long" if limit < 0 else f"may not be more than {limit} {unit}{'' if limit == 1 else 's'}"


def too_short(path: Path, value: str, min_length: int) -> FieldError:
    unit = "character" if min_length == 1 else "characters"
    return FieldError(TOO_SHORT, str(path), value, "value is too short" if min_length < 0 else f"must be at least {min_length} {unit}")


def too_many(path: Path, actual: int, maximum: int) -> FieldError:
    """A list of `actual` items where `maximum` are allowed; either may be negative for unknown."""
    detail = "has too many items" if maximum < 0 else f"must have at most {maximum} {'item' if maximum == 1 else 'items'}"
    return FieldError(TOO_MANY, str(path), actual if actual >= 0 else OMITTED, detail)


def too_few(path: Path, actual: int, minimum: int) -> FieldError:
    detail = "has too few items" if minimum < 0 else f"must have at least {minimum} {'item' if minimum == 1 else 'items'}"
    return FieldError(TOO_FEW, str(path), actual, detail)


def internal(path: Path, message: str) -> FieldError:
    return FieldError(INTERNAL, str(path), message, message)


def to_causes(errors: Sequence[FieldError]) -> list[dict[str, Any]]:
    """The causes of a Status: reason, message and field of every error, in order."""
    return [{"reason": error.type, "message": error.body, "field": error.field} for error in errors]


def aggregate(errors: Iterable[object]) -> str:
    """One text for several errors: each distinct one once, in brackets if more than one (upstream: errors.Aggregate)."""
    texts = list(dict.fromkeys(map(str, errors)))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
