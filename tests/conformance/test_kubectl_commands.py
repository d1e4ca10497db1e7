"""A few groups of upstream's own test/cmd scripts, unchanged; `python -m conformance.cmd` runs all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.cmd import runner, servers
from conformance.manifests import sources
from conformance.tools import CACHE

pytestmark = pytest.mark.slow
GROUPS = ("role", "template_output", "kubectl_create_filter", "kubectl_sort_by")


@pytest.mark.timeout(300)
def test_groups(tmp_path: Path) -> None:
    if sources.in_cache() is None or not (CACHE / "kubectl").exists():
        pytest.skip("no Kubernetes module or kubectl: run `make tools`")
    if missing := [program for program in ("bash", "jq", "tput", "curl") if shutil.which(program) is None]:
        pytest.skip(f"the scripts need {', '.join(missing)}")
    tree = runner.copied(tmp_path / "kubernetes", CACHE / "kubectl")
    with servers.started("memory", tmp_path, tree) as port:
        runner.run(tree, port, tmp_path / "log", GROUPS)
    assert dict(runner.results(tmp_path / "log")) == dict.fromkeys(GROUPS, runner.OK)
