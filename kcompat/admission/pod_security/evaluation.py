"""Runs the checks of a level and version on a pod. Called by the plugin.

Upstream: pod-security-admission/policy/registry.go, checks.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from kcompat.admission.pod_security.checks import CHECKS, Check, CheckPod, Violation
from kcompat.admission.pod_security.policy import BASELINE, PRIVILEGED, LevelVersion

NEWEST = max(since for check in CHECKS for since, _ in check.versions)
"""The last minor that changed anything; later ones, and `latest`, are the same."""


def violations(wanted: LevelVersion, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> list[Violation]:
    """Everything a pod breaks; `metadata` is a tree with a metadata field. Empty: it is allowed."""
    if wanted.level == PRIVILEGED:
        return []
    found = (check(metadata, spec) for check in _applying(wanted.level, min(wanted.version, NEWEST)))
    return [violation for violation in found if violation is not None]


def details(found: Iterable[Violation]) -> str:
    """`host namespaces (hostNetwork=true), privileged (…)`"""
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in found)


def reasons(found: Iterable[Violation]) -> str:
    return ", ".join(reason for reason, _ in found)


@cache
def _applying(level: str, version: int) -> tuple[CheckPod, ...]:
    """The restricted level has the baseline's checks too, but those that its own override."""
    levels = (BASELINE,) if level == BASELINE else (BASELINE, level)
    chosen = {check.id: (check, form) for check in CHECKS if check.level in levels and (form := _form(check, version)) is not None}
    overridden = {check.overrides for check, _ in chosen.values()}
    return tuple(form for id, (_, form) in chosen.items() if id not in overridden)


def _form(check: Check, version: int) -> CheckPod | None:
    """The check as it is at a version; None: it came later."""
    return next((form for since, form in reversed(check.versions) if since <= version), None)
