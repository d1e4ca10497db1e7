"""The committed facts of the API (kcompat/apimachinery/data), read lazily, one file per Go package.

Called by types, protobuf and the OpenAPI builder. `openapi/generate.py` writes the files; `openapi/typefacts.py` tells their shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson

Facts = dict[str, Any]

_DATA = Path(__file__).parent.parent / "data"
META = "meta/v1"


@cache
def packages() -> dict[str, Facts]:
    """Short package name (`core/v1`, `resource`) to its import path, group and version."""
    result: dict[str, Facts] = orjson.loads((_DATA / "packages.json").read_bytes())
    return result


@cache
def package(name: str) -> Facts:
    """All facts of one package: `kinds` and `types`."""
    result: Facts = orjson.loads((_DATA / "types" / f"{name.replace('/', '.')}.json").read_bytes())
    return result


@cache
def resources() -> tuple[Facts, ...]:
    """The default-on resources with kind, scope, verbs, names, subresources and storageVersionHash, in discovery order per group."""
    return tuple(orjson.loads((_DATA / "resources.json").read_bytes()))


@cache
def versions() -> dict[str, list[str]]:
    """Kinds by `group/version` of the versions that upstream knows and does not serve by default."""
    result: dict[str, list[str]] = orjson.loads((_DATA / "versions.json").read_bytes())
    return result


@cache
def openapi() -> dict[str, Facts]:
    """What only published schemas know: `unions` by definition, and the group versions each kind of meta/v1 is published under."""
    result: dict[str, Facts] = orjson.loads((_DATA / "openapi.json").read_bytes())
    return result


@cache
def columns() -> dict[str, dict[str, str]]:
    """Kind to Table column to the field whose documentation describes it, `core/v1.Secret.type`; "" for kinds not listed."""
    result: dict[str, dict[str, str]] = orjson.loads((_DATA / "columns.json").read_bytes())
    return result


@cache
def _package_of_version() -> dict[tuple[str, str], str]:
    return {(facts["group"], facts["version"]): name for name, facts in packages().items() if "group" in facts}


def served_versions() -> Iterable[tuple[str, str]]:
    """(group, version) of everything the facts have kinds of."""
    return _package_of_version()


def package_of(group: str, version: str, kind: str) -> str | None:
    """The package that declares a kind, or None. Kinds of meta/v1 (DeleteOptions, Status, …) belong to every group version."""
    name = _package_of_version().get((group, version))
    if name is not None and kind in _kinds(name):
        return name
    known = name is not None or (group, version) == ("meta.k8s.io", "v1")
    return META if known and kind in _kinds(META) else None


@cache
def _kinds(name: str) -> frozenset[str]:
    return frozenset(package(name)["kinds"])
