"""What the validation of a value found, and how that is told as errors of fields. Called by values.py.

Answers kube-openapi pkg/validation/validate/result.go and apiextensions-apiserver pkg/apiserver/validation: kubeOpenAPIResultToFieldErrors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.go_json import dumps

TYPE, REQUIRED, ENUM, TOO_LONG, TOO_MANY, OTHER, WHOLE = "type", "required", "enum", "too long", "too many", "other", "whole"
"""Sorts of findings. WHOLE: about no value in particular, so it is told of the root."""
_NOTHING: Final = ""


class Finding(NamedTuple):
    """`name`: the dotted path below the root; `limit`: what is allowed (a number, or the members of an enumeration)."""

    sort: str
    name: str
    value: Any
    message: str
    limit: Any = None

    def error(self, root: Path) -> FieldError:
        path = root.child(self.name.removeprefix(".")) if self.name not in ("", ".") else root
        value = _NOTHING if self.value is None else self.value
        if self.sort == REQUIRED:
            return field.required(path)
        if self.sort == ENUM:
            return field.not_supported(path, self.value, map(_shown, self.limit))
        if self.sort == TOO_LONG:
            return field.too_long(path, self.limit)
        if self.sort == TOO_MANY:
            return field.too_many(path, self.value, self.limit)
        if self.sort == TYPE:
            return field.type_invalid(path, value, self.message)
        return field.invalid(root if self.sort == WHOLE else path, value, self.message)


def _shown(allowed: Any) -> str:
    return allowed if isinstance(allowed, str) else dumps(allowed).decode().strip()


class Outcome:
    """Findings, each message once. `matches` counts what went well: the best of several alternatives is told of."""

    __slots__ = ("findings", "matches")

    def __init__(self, *findings: Finding, matches: int = 0) -> None:
        self.findings = list(findings)
        self.matches = matches

    @property
    def valid(self) -> bool:
        return not self.findings

    def add(self, findings: Iterable[Finding]) -> None:
        known = {finding.message for finding in self.findings}
        for finding in findings:
            if finding.message not in known:
                known.add(finding.message)
                self.findings.append(finding)

    def merge(self, other: Outcome) -> None:
        self.add(other.findings)
        self.matches += other.matches
