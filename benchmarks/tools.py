"""Builds and runs the load program. Used by `benchmarks/__main__.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.results import Measurement
from benchmarks.servers import Server
from conformance.tools import CACHE, go

_SOURCE = Path(__file__).parent / "load"


def load_program() -> Path:
    """The client-go load program, built when its source is newer."""
    target = CACHE / "load"
    sources = [*_SOURCE.glob("*.go"), _SOURCE / "go.mod"]
    if not target.exists() or target.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        print("building the load program ...", file=sys.stderr, flush=True)
        environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=mod"}
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([go(), "build", "-o", str(target), "."], cwd=_SOURCE, env=environment, check=True)
    return target


def run_row(server: Server, row: str, seconds: float, objects: int, more: Mapping[str, int]) -> Measurement | None:
    """Runs one row; None when the server refuses what the row does. more: flags of the load program."""
    command = [str(load_program()), "-kubeconfig", str(server.kubeconfig), "-row", row, "-seconds", str(seconds), "-objects", str(objects)]
    command += [f"-{name}={value}" for name, value in more.items()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stderr is not None and process.stdout is not None
    while (line := process.stderr.readline()) and line.strip() != "READY":
        print(line, end="", file=sys.stderr)
    server.settle()
    load, before = os.getloadavg()[0], server.cpu()
    try:
        process.stdin.write("\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass
    output, complaint = process.communicate()
    spent = server.cpu() - before
    if process.returncode:
        print(f"{row}: {complaint.strip()}", file=sys.stderr)
        return None
    measured = json.loads(output)
    return Measurement(measured["operations"], measured["seconds"], spent, server.memory(), load)
