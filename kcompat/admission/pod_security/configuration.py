"""Defaults and exemptions: PodSecurityConfiguration of the admission configuration file. Called by the plugin.

Upstream: pod-security-admission/admission/api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kcompat.admission.pod_security.policy import (
    LATEST,
    MODES,
    PRIVILEGED,
    LevelVersion,
    Policy,
    level_problem,
    version_of,
    version_problem,
)
from kcompat.apimachinery import names
from kcompat.apimachinery.field import FieldError, Path, aggregate, duplicate, invalid

Tree = Mapping[str, Any]
API_VERSION = "pod-security.admission.config.k8s.io/v1"
KIND = "PodSecurityConfiguration"


@dataclass(frozen=True, slots=True)
class Configuration:
    defaults: Policy = field(default_factory=Policy)
    usernames: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    runtime_classes: frozenset[str] = frozenset()


def read(tree: Tree | None) -> Configuration:
    """From the plugin's part of the file; None: it has none. Raises ValueError."""
    if tree is None:
        return Configuration()
    if (tree.get("apiVersion"), tree.get("kind")) != (API_VERSION, KIND):
        raise ValueError(f'no kind "{tree.get("kind", "")}" is registered for version "{tree.get("apiVersion", "")}"')
    defaults, exemptions = tree.get("defaults") or {}, tree.get("exemptions") or {}
    if found := [*_default_problems(defaults), *_exemption_problems(exemptions)]:
        raise ValueError(f"PodSecurity invalid: {aggregate(found)}")
    return Configuration(
        Policy(**{mode: _default(defaults, mode) for mode in MODES}),
        *(frozenset(exemptions.get(name) or ()) for name in ("usernames", "namespaces", "runtimeClasses")),
    )


def _default(defaults: Tree, mode: str) -> LevelVersion:
    version = version_of(defaults.get(f"{mode}-version") or "latest")
    return LevelVersion(defaults.get(mode) or PRIVILEGED, LATEST if version is None else version)


def _default_problems(defaults: Tree) -> Iterator[FieldError]:
    path = Path("defaults")
    for mode in ("enforce", "warn", "audit"):
        for name, problem_of in ((mode, level_problem), (f"{mode}-version", version_problem)):
            value = defaults.get(name)
            if value and (problem := problem_of(value)):
                yield invalid(path.child(name), value, problem)


def _exemption_problems(exemptions: Tree) -> Iterator[FieldError]:
    path = Path("exemptions")
    for name, problems_of in (
        ("namespaces", names.is_dns1123_label),
        ("runtimeClasses", names.is_dns1123_subdomain),
        ("usernames", lambda name: [] if name else ["username must not be empty"]),
    ):
        yield from _name_problems(path.child(name), exemptions.get(name) or (), problems_of)


def _name_problems(path: Path, values: Sequence[str], problems_of: Callable[[str], Sequence[str]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if problems := problems_of(value):
            yield invalid(path.index(index), value, ", ".join(problems))
        elif value in seen:
            yield duplicate(path.index(index), value)
        seen.add(value)
