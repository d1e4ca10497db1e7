"""The committed facts are what the generator makes of upstream's modules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DATA = ROOT / "kcompat/apimachinery/data"
MODULES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io"


@pytest.mark.skipif(not shutil.which("go") or not (MODULES / "kubernetes@v1.37.1").exists(), reason="Go or upstream's modules are not here")
def test_generating_again_changes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "openapi/generate.py"), "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    generated = {p.relative_to(tmp_path): p.read_text() for p in tmp_path.rglob("*.json")}
    assert generated == {p.relative_to(DATA): p.read_text() for p in DATA.rglob("*.json")}
