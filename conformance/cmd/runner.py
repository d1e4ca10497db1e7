"""Runs upstream's groups in a copy of the Kubernetes tree and reads what came of each. Called by `__main__.py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.manifests.sources import module

FOLDERS = ("hack", "test/cmd", "test/fixtures", "test/e2e/testing-manifests", "third_party/forked/shell2junit")
TIMEOUT = 2 * 3600
OK = "ok"
_GROUP = re.compile(r"^Recording: run_(\w+?)(?:_tests)?$", re.MULTILINE)
_EXIT = re.compile(r"^\+\+\+ exit code: (\d+)", re.MULTILINE)
_ALIKE = (
    (re.compile(r"/tmp/\S+/kubernetes\b"), "KUBE_ROOT"),
    (re.compile(r"namespace-\d+-\d+"), "NAMESPACE"),
    (re.compile(r" on [\d.]+:53\b"), ""),
    (re.compile(r"127\.0\.0\.1:\d+"), "SERVER"),
)
_COLOR = re.compile(r"\x1b(\[[0-9;]*m|\(B)")


def copied(directory: Path, kubectl: Path) -> Path:
    """The tree the scripts run in, writable, with kubectl where they look for it."""
    for folder in FOLDERS:
        shutil.copytree(module() / folder, directory / folder, copy_function=shutil.copyfile)
    for folder_copied in (directory, *directory.rglob("*/")):
        folder_copied.chmod(0o755)
    for file in (directory / "test").rglob("*"):
        if file.is_file() and file.read_bytes()[:2] == b"#!":
            file.chmod(0o755)
    programs = directory / "_output" / "bin"
    programs.mkdir(parents=True)
    (directory / "tmp").mkdir()
    for program in ("kubectl", "kubectl-convert"):
        if (found := kubectl.parent / program).exists():
            (programs / program).symlink_to(found)
    return directory


def run(tree: Path, port: int, log: Path, groups: Sequence[str] = ()) -> None:
    """Runs the groups, all by default, and logs what they print."""
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "SECURE_API_PORT": str(port),
        "ALLOW_SKEW": "1",  # no --match-server-version: ours has a suffix
        "KUBE_JUNIT_REPORT_DIR": str(tree / "junit"),
        "TMPDIR": str(tree / "tmp"),
        "WHAT": " ".join(groups),
        "USER": "root",
    }
    script = Path(__file__).parent / "drive.sh"
    with log.open("wb") as output:
        subprocess.run(["bash", str(script)], cwd=tree, env=environment, stdout=output, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)


def results(log: Path) -> Iterator[tuple[str, str]]:
    """Each group with OK, or the end of what it printed; what is between groups is called `inline`."""
    text = _COLOR.sub("", log.read_text(errors="replace"))
    parts = _GROUP.split(text)
    for name, printed in zip(parts[1::2], parts[2::2], strict=True):
        ended = _EXIT.search(printed)
        if ended is None:
            yield name, "did not end"
        elif ended[1] != "0":
            yield name, _last(printed[: ended.start()])
        else:
            yield name, OK
    if "TESTS PASSED" not in parts[-1] and "FAILED TESTS" not in parts[-1]:
        yield "inline", _last(text)


def _last(printed: str) -> str:
    """What was said last, without what differs from run to run."""
    lines = [line for line in printed.strip().splitlines() if line.strip() and not line.startswith(("!!! ", "+++ "))][-6:]
    text = "\n".join(lines)
    for pattern, replacement in _ALIKE:
        text = pattern.sub(replacement, text)
    return text
