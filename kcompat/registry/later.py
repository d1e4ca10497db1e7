"""Rules that are imported when they are first used, so that starting costs nothing for kinds that nobody writes.

Called by the declarations in `registry/groups/`; `catalog.py` hands out the clock and identity that some rules need.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from kcompat.registry.declare import Rules

_MODULES = "kcompat.registry.rules."


class _Later(Rules):
    """Stands for the rules of one place and, at the first look at anything of them, becomes them."""

    def __init__(self, place: str, needs: tuple[str, ...], given: Mapping[str, Any]) -> None:
        self._origin = place, needs, given

    def __getattribute__(self, name: str) -> Any:
        known = object.__getattribute__(self, "__dict__")
        place, _, given = known["_origin"]
        module, _, kind = place.rpartition(".")
        rules = getattr(import_module(_MODULES + module), kind)(**given)
        known.update(vars(rules))
        object.__setattr__(self, "__class__", type(rules))
        return getattr(self, name)


def later(place: str, *needs: str, **given: Any) -> Rules:
    """The rules at a place (`module.Class` in registry/rules), made with what they need of a catalog's tools and with what is given."""
    return _Later(place, needs, given)


def equipped(rules: Rules, tools: Mapping[str, Any]) -> Rules:
    """The rules with what they need of the tools: a catalog's own if they need anything, else the very same."""
    known: Mapping[str, Any] = object.__getattribute__(rules, "__dict__")
    place, needs, given = known.get("_origin", ("", (), {}))
    if not needs:
        return rules
    return _Later(place, needs, {**given, **{name: tools[name] for name in needs if name in tools}})
