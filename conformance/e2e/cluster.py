"""A fresh kcompat process with all its parts, two simulated nodes and a store of its own. Called by `__main__.py`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NODES = 2
MISSING_IMAGES = ("foo:non-existent", "webserver:404", "gcr.io/google_samples/gb-redisslave:nonexistent")
"""Images that the tests count on no registry to have."""


@contextmanager
def fresh(directory: Path) -> Iterator[Path]:
    """Answers with the administrator's kubeconfig; the server's own words are in kcompat.log of the directory."""
    flags = ["--data-dir", str(directory / "data"), "--listen", "127.0.0.1:0", "--nodes", str(NODES)]
    flags += ["--missing-images", ",".join(MISSING_IMAGES)]
    command = [sys.executable, "-m", "kcompat", "up", *flags]
    with (directory / "kcompat.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        printed = process.stdout.readline()
        if not printed.startswith("export KUBECONFIG="):
            raise RuntimeError(f"kcompat did not start:\n{(directory / 'kcompat.log').read_text()}")
        yield Path(printed.strip().removeprefix("export KUBECONFIG="))
    finally:
        process.terminate()
        process.wait(60)


def revision() -> str:
    """The commit that is tested; a plus: kcompat/ had changes beside it."""
    commit = _git("rev-parse", "--short=10", "HEAD").strip()
    return f"{commit}+" if _git("status", "--porcelain", "--", "kcompat") else commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
