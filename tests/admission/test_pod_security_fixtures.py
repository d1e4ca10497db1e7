"""Upstream's table of pods, read from the module cache: for every level and version those that pass, and those that fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kcompat.admission.pod_security.evaluation import violations
from kcompat.admission.pod_security.policy import LevelVersion
from kcompat.apimachinery import schema, yaml
from kcompat.registry.rules.pod.rules import PodRules

TABLE = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io/pod-security-admission@v0.37.1/test/testdata"


def directories() -> list[Any]:
    found = [pytest.param(each, id="-".join(each.parts[-3:])) for each in sorted(TABLE.glob("*/v*/*")) if any(each.glob("*.yaml"))]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="pod-security-admission is not in the Go module cache"))]


def passes(file: Path) -> bool:
    level, version = file.parts[-4], int(file.parts[-3].removeprefix("v1."))
    pod = schema.decode(yaml.loads(file.read_bytes())[0], "", "v1", "Pod").tree
    PodRules().default(pod)
    return not violations(LevelVersion(level, version), pod, pod["spec"])


@pytest.mark.parametrize("directory", directories())
def test_pods_pass_and_fail_as_upstreams(directory: Path) -> None:
    wanted = directory.name == "pass"
    assert [file.name for file in directory.glob("*.yaml") if passes(file) is not wanted] == []
