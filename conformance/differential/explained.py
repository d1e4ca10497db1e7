"""Differences that are meant, each with its reason. Called by compare.py."""

from __future__ import annotations

import re

_EXPLAINED = [
    # (script, request, path, reason): regular expressions that must match the whole
    (r"(documents/version|errors/paths)", r"GET /version.*", r"body\.(gitVersion|gitCommit|gitTreeState|buildDate|goVersion|compiler|platform)", "names its own build"),
]
_COMPILED = [(re.compile(script), re.compile(ask), re.compile(path), reason) for script, ask, path, reason in _EXPLAINED]


def explanation(script: str, ask: str, path: str, upstream: str, kcompat: str) -> str:
    """The reason of a difference, "" when there is none."""
    for script_pattern, ask_pattern, path_pattern, reason in _COMPILED:
        if script_pattern.fullmatch(script) and ask_pattern.fullmatch(ask) and path_pattern.fullmatch(path):
            return reason
    return ""
