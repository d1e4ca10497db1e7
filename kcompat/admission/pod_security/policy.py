"""Levels and versions of the standards, and the policy a namespace's labels ask for (upstream: pod-security-admission/api/helpers.go).

Called by the plugin and by `configuration.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kcompat.apimachinery.field import FieldError, Path, invalid

PRIVILEGED, BASELINE, RESTRICTED = LEVELS = ("privileged", "baseline", "restricted")
"""From the least to the most strict."""
LATEST = 1 << 31
"""Stands for the version `latest`; other versions are minors of v1."""
MODES = ("enforce", "audit", "warn")
PREFIX = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")
_LABELS = Path("metadata").child("labels")


@dataclass(frozen=True, slots=True)
class LevelVersion:
    level: str = PRIVILEGED
    version: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.version == LATEST else f'v1.{self.version}'}"

    def equivalent(self, other: LevelVersion) -> bool:
        """The same in effect: nothing is checked at the privileged level, whatever the version."""
        return self == other or self.level == other.level == PRIVILEGED


@dataclass(frozen=True, slots=True)
class Policy:
    """What is denied, noted in the audit log, and warned of."""

    enforce: LevelVersion = LevelVersion()
    audit: LevelVersion = LevelVersion()
    warn: LevelVersion = LevelVersion()

    @property
    def privileged(self) -> bool:
        return self.enforce.level == self.audit.level == self.warn.level == PRIVILEGED

    def equivalent(self, other: Policy) -> bool:
        return self.enforce.equivalent(other.enforce) and self.audit.equivalent(other.audit) and self.warn.equivalent(other.warn)


def level_problem(level: str) -> str:
    return "" if level in LEVELS else f"must be one of {', '.join(LEVELS)}"


def version_of(text: str) -> int | None:
    """None: not a version."""
    if text == "latest":
        return LATEST
    match = _VERSION.fullmatch(text)
    return int(match[1]) if match else None


def version_problem(text: str) -> str:
    return "" if version_of(text) is not None else 'must be "latest" or "v1.x"'


def stricter(left: str, right: str) -> bool:
    return LEVELS.index(left) > LEVELS.index(right)


def of_labels(labels: Mapping[str, str], defaults: Policy) -> tuple[Policy, list[FieldError]]:
    """The policy and what is wrong with the labels. What cannot be read enforces the strictest, but neither audits nor warns."""
    found: dict[str, LevelVersion] = {}
    problems: list[FieldError] = []
    for mode in MODES:
        chosen: LevelVersion = getattr(defaults, mode)
        if (level := labels.get(PREFIX + mode)) is not None:
            if problem := level_problem(level):
                problems.append(invalid(_LABELS.key(PREFIX + mode), level, problem))
                level = RESTRICTED if mode == "enforce" else PRIVILEGED
            chosen = replace(chosen, level=level)
        if (version := labels.get(f"{PREFIX}{mode}-version")) is not None:
            if problem := version_problem(version):
                problems.append(invalid(_LABELS.key(f"{PREFIX}{mode}-version"), version, problem))
            parsed = version_of(version)
            chosen = replace(chosen, version=LATEST if parsed is None else parsed)
        found[mode] = chosen
    return _warned(Policy(**found), labels), problems


def _warned(policy: Policy, labels: Mapping[str, str]) -> Policy:
    """What is enforced is also warned of, unless the labels say what to warn of."""
    enforce, warn = policy.enforce, policy.warn
    if PREFIX + "warn" in labels or labels.get(PREFIX + "enforce") not in LEVELS or not stricter(enforce.level, warn.level):
        return policy
    version = warn.version if PREFIX + "warn-version" in labels else enforce.version
    return replace(policy, warn=LevelVersion(enforce.level, version))
