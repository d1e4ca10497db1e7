"""--feature-gates: which gates there are in 1.37, and that they stand as they do by default. Called by `cluster.py`.

kcompat behaves as upstream does with every gate at its default. A gate that is set to that is accepted, as configurations of real clusters name
many; one that is set to anything else is an error, not ignored. Upstream: component-base/featuregate/feature_gate.go. The facts, by name: stage,
default, and whether it is locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from kcompat.apimachinery.quote import quote

_GROUPS = {"AllAlpha": "Alpha", "AllBeta": "Beta"}
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


def known() -> dict[str, tuple[str, bool, bool]]:
    """(stage, default, locked) by name."""
    facts: dict[str, tuple[str, bool, bool]] = orjson.loads((Path(__file__).parent / "data" / "feature_gates.json").read_bytes())
    return facts


def check(gates: Iterable[str]) -> None:
    """`NAME=BOOL`, any number. Raises ValueError, with upstream's text where it is upstream's error."""
    wanted = dict(_parsed(gate) for gate in gates if gate)
    facts = known() if wanted else {}
    for name, value in wanted.items():
        if name in _GROUPS:
            if value:
                raise ValueError(f"feature gate {name}=true is not supported: gates stand as they do by default")
            continue
        if name not in facts:
            raise ValueError(f"unrecognized feature gate: {name}")
        _, default, locked = facts[name]
        if value != default and locked:
            said = str(default).lower()
            raise ValueError(f"cannot set feature gate {name} to {str(value).lower()}, feature is locked to {said}")
        if value != default:
            raise ValueError(f"feature gate {name}={str(value).lower()} is not supported: gates stand as they do by default")


def _parsed(gate: str) -> tuple[str, bool]:
    name, separator, value = (part.strip() for part in gate.partition("="))
    if not separator:
        raise ValueError(f"missing bool value for {name}")
    if value not in _TRUE + _FALSE:
        raise ValueError(f"invalid value of {name}={value}, err: strconv.ParseBool: parsing {quote(value)}: invalid syntax")
    return name, value in _TRUE
