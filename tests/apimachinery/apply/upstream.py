"""Where upstream's test tables are: structured-merge-diff in the Go module cache. Tests that need it are skipped where it is not."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kcompat.apimachinery import yaml

MODULES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod"))
SMD = MODULES / "sigs.k8s.io/structured-merge-diff/v6@v6.4.2"


def source(name: str) -> str:
    """A file of structured-merge-diff; "" where the module cache does not have it."""
    file = SMD / name
    return file.read_text() if file.exists() else ""


def object_of(text: Any) -> Any:
    """YAML indented as Go source is."""
    return yaml.loads(dedent(text.expandtabs(8)).encode())[0]


needs_upstream = pytest.mark.skipif(not SMD.exists(), reason="structured-merge-diff is not in the Go module cache")
