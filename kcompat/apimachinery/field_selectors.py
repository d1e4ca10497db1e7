"""Field selectors: `metadata.name=web,status.phase!=Running`. Reached through selectors.

Answers apimachinery pkg/fields/selector.go. Which fields a resource supports is the registry's business, through `transform`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kcompat.apimachinery.label_selectors import SelectorError

Fields = Mapping[str, str]
Transform = Callable[[str, str], tuple[str, str]]
"""(field, value) → the pair to use instead; two empty strings drop the requirement. Raises SelectorError to refuse a field."""


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition: operator is `=` or `!=`; an absent field counts as empty."""

    field: str
    operator: str
    value: str

    def matches(self, fields: Fields) -> bool:
        return (fields.get(self.field, "") == self.value) == (self.operator == "=")

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{escape(self.value)}"


class FieldSelector:
    """All requirements at once. Immutable."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: Iterable[FieldRequirement] = ()) -> None:
        self.requirements: tuple[FieldRequirement, ...] = tuple(requirements)

    def matches(self, fields: Fields) -> bool:
        for requirement in self.requirements:  # noqa: SIM110 - a generator would double the cost of a match
            if not requirement.matches(fields):
                return False
        return True

    @property
    def empty(self) -> bool:
        return not self.requirements

    def requires_exact_match(self, field: str) -> str | None:
        """The only value the field may have, if the selector demands one."""
        for requirement in self.requirements:
            if requirement.field == field and requirement.operator == "=":
                return requirement.value
        return None

    def transform(self, function: Transform) -> FieldSelector:
        """The selector over other fields or values, as a resource's field label conversion wants it."""
        pairs = [(requirement.operator, *function(requirement.field, requirement.value)) for requirement in self.requirements]
        return FieldSelector(FieldRequirement(field, operator, value) for operator, field, value in pairs if field or value)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"FieldSelector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldSelector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)


ALL_FIELDS: Final = FieldSelector()


def from_fields(fields: Fields) -> FieldSelector:
    """Selects objects whose fields have exactly these values (upstream: SelectorFromSet)."""
    return FieldSelector(FieldRequirement(field, "=", value) for field, value in fields.items())


def escape(value: str) -> str:
    """A literal value as it stands in a selector (upstream: EscapeValue)."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def unescape(text: str) -> str:
    """The literal value of an escaped one; raises SelectorError (upstream: UnescapeValue)."""
    if not any(special in text for special in "\\,="):
        return text
    value: list[str] = []
    characters = iter(text)
    for character in characters:
        if character in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(character)}")
        if character == "\\":
            character = next(characters, "")
            if character not in ("\\", ",", "="):
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{character}")
        value.append(character)
    return "".join(value)


@lru_cache(maxsize=2048)
def parse(text: str) -> FieldSelector:
    """Parses the string form; raises SelectorError with upstream's message. Terms are sorted as upstream sorts them."""
    requirements = [_requirement(text, term) for term in sorted(_terms(text)) if term]
    return FieldSelector(one for one in requirements if one.field or one.value)


def _requirement(selector: str, term: str) -> FieldRequirement:
    position = next((index for index in range(len(term)) if term[index] == "=" or term.startswith("!=", index)), None)
    if position is None:
        raise SelectorError(f"invalid selector: '{selector}'; can't understand '{term}'")
    operator = "!=" if term[position] == "!" else "==" if term.startswith("==", position) else "="
    value = unescape(term[position + len(operator) :])
    return FieldRequirement(term[:position], "!=" if operator == "!=" else "=", value)


def _terms(text: str) -> list[str]:
    """Splits at commas that no backslash precedes, backslashes kept."""
    terms, start, escaped = [], 0, False
    for index, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            terms.append(text[start:index])
            start = index + 1
    return [*terms, text[start:]]
