"""Command line of the clients' run; see the package's docstring."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.clients.ledger import PASS, Ledger
from conformance.clients.programs import PROGRAMS
from conformance.clients.runner import Cluster, cluster


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every step of every client that ran passed."""
    parser = argparse.ArgumentParser("python -m conformance.clients", description=__doc__)
    parser.add_argument("client", nargs="*", metavar="CLIENT", help=f"only clients whose name holds one of these ({', '.join(PROGRAMS)})")
    chosen = parser.parse_args(arguments)
    wanted = [name for name in PROGRAMS if not chosen.client or any(part.lower() in name.lower() for part in chosen.client)]
    directory = Path(tempfile.mkdtemp(prefix="clients-"))
    print(f"logs in {directory}", flush=True)
    ledger, passed = Ledger(), True
    with cluster(directory) as running:
        for name in wanted:
            passed &= _one(name, running, ledger)
    return 0 if passed else 1


def _one(name: str, running: Cluster, ledger: Ledger) -> bool:
    program, started = PROGRAMS[name], time.monotonic()
    if missing := program.missing():
        print(f"== {name}: skipped, {', '.join(missing)} not found", flush=True)
        return True
    try:
        command = program.build()
    except subprocess.CalledProcessError as error:
        steps = {"builds": f"fail: {error}"}
    else:
        steps = running.run(name, command)
    ledger.record(name, steps)
    failed = {step: said for step, said in steps.items() if said != PASS}
    print(f"== {name}: {len(steps) - len(failed)} of {len(steps)} passed ({time.monotonic() - started:.0f} s)", flush=True)
    for step, said in failed.items():
        print(f"   {step}: {said}", flush=True)
    return not failed


if __name__ == "__main__":
    sys.exit(main())
