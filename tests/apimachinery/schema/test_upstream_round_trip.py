"""Upstream's serialized objects, read from the module cache: each form decodes to the same object, and encodes to the same bytes.

Those of the current release and of earlier ones; where a release added fields that are always written, `….after_roundtrip` says what comes out
(k8s.io/api/testdata/README.md).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from kcompat.apimachinery import protobuf, yaml
from kcompat.apimachinery.schema import decode, type_of

FIXTURES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io/api@v0.37.1/testdata"
UNSTABLE = re.compile(r"v\d+(alpha|beta)\d+$")
NO_OBJECT = {"core.v1.WatchEvent"}


def fixtures() -> list[Any]:
    """(file without its ending, object) of every kind in a stable version, and of others that the facts have."""
    found = []
    for file in sorted(FIXTURES.glob("*/*.json")):
        tree = json.loads(file.read_text())
        group, _, version = tree.get("apiVersion", "").rpartition("/")
        if "after_roundtrip" in file.name or file.stem in NO_OBJECT:
            continue
        if type_of(group, version, tree["kind"]) or not UNSTABLE.match(version):
            found.append(pytest.param(file.with_suffix(""), tree, id=f"{file.parent.name}-{file.stem}"))
    return found or [pytest.param(None, None, marks=pytest.mark.skip(reason="k8s.io/api is not in the Go module cache"))]


def before(file: Path, form: str) -> bytes:
    return file.with_name(f"{file.name}.{form}").read_bytes()


def after(file: Path, form: str) -> bytes:
    changed = file.with_name(f"{file.name}.after_roundtrip.{form}")
    return changed.read_bytes() if changed.exists() else before(file, form)


def indented(tree: Any) -> bytes:
    """JSON as Go indents it, with what HTML treats specially escaped."""
    text = json.dumps(tree, indent=2, ensure_ascii=False)
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


@pytest.mark.parametrize(("file", "tree"), fixtures())
def test_every_form_gives_the_same_object_and_the_same_bytes(file: Path, tree: dict[str, Any]) -> None:
    group, _, version = tree["apiVersion"].rpartition("/")
    kind = tree["kind"]
    decoded = decode(tree, group, version, kind).tree
    from_yaml = decode(yaml.loads(before(file, "yaml"))[0], group, version, kind).tree
    assert from_yaml == decoded
    assert protobuf.decode(before(file, "pb")) == (tree["apiVersion"], kind, decoded)
    assert indented(decoded) == after(file, "json")
    assert yaml.dump(decoded) == after(file, "yaml")
    assert protobuf.encode(decoded, tree["apiVersion"], kind) == after(file, "pb")
