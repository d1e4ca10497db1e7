"""Feature gates are known and stand as they do by default."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kcompat.apimachinery.feature_gates import check, known

MODULES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io"
SOURCES = (
    "kubernetes@v1.37.1/pkg/features/kube_features.go", "apiserver@v0.37.1/pkg/features/kube_features.go",
    "apiextensions-apiserver@v0.37.1/pkg/features/kube_features.go", "component-base@v0.37.1/logs/api/v1/kube_features.go",
    "component-base@v0.37.1/metrics/features/kube_features.go", "component-base@v0.37.1/compatibility/registry.go",
)  # fmt: skip


def test_the_default_is_accepted() -> None:
    check(("WatchList=true", "AllAlpha=false", " AllBeta = f ", ""))


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("Nope=true", "unrecognized feature gate: Nope"), ("WatchList", "missing bool value for WatchList"),
        ("WatchList=maybe", 'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'),
        ("DisableAllocatorDualWrite=false", "cannot set feature gate DisableAllocatorDualWrite to false, feature is locked to true"),
        ("WatchList=false", "not supported"), ("AllAlpha=true", "not supported"),
    ],
)  # fmt: skip
def test_mistakes(gate: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check((gate,))


def test_the_gates_are_upstreams() -> None:
    found = [MODULES / name for name in SOURCES]
    if not found[0].exists():
        pytest.skip("k8s.io/kubernetes is not in the Go module cache")
    text = "\n".join(file.read_text() for file in found if file.exists())
    declared = set(re.findall(r'featuregate\.Feature = "(\w+)"', text))
    assert len(known()) > 200
    assert declared - known().keys() == {"LoggingStableOptions", "MyFeature"}, "one is never registered, the other is in a comment"
