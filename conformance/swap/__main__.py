"""Command line of the swap matrix; see the package's docstring."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from conformance.swap import storage
from conformance.swap.kubectl import Failed, Kubectl
from conformance.swap.ledger import OK, Ledger
from conformance.swap.scenarios import ALONE, SCENARIOS
from conformance.swap.servers import NODES, Parts
from conformance.tools import build


@dataclass(frozen=True)
class Cell:
    """Whose API server, controllers and scheduler; the nodes are always our simulated ones."""

    api: str = "upstream"
    controllers: str = "upstream"
    scheduler: str = "upstream"

    def start(self, parts: Parts) -> Path:
        """Starts the parts; the administrator's kubeconfig."""
        if self.api == "kcompat":
            absent = [part for part in ("controllers", "scheduler") if getattr(self, part) != "kcompat"]
            kubeconfig = parts.kcompat("--nodes", str(NODES), *(["--disable", ",".join(absent)] if absent else []))
        else:
            kubeconfig = parts.kube_apiserver(parts.etcd())
            if self.controllers == "kcompat":
                parts.controllers(kubeconfig)
            if self.scheduler == "kcompat":
                parts.part("scheduler", kubeconfig)
            parts.part("nodes", kubeconfig, "--nodes", str(NODES))
        if self.controllers == "upstream":
            parts.kube_controller_manager(kubeconfig)
        if self.scheduler == "upstream":
            parts.kube_scheduler(kubeconfig)
        return kubeconfig


CELLS = {
    "upstream's controllers and scheduler on kcompat": Cell(api="kcompat"),
    "our controllers on kube-apiserver": Cell(controllers="kcompat"),
    "our scheduler on kube-apiserver": Cell(scheduler="kcompat"),
    "our nodes on kube-apiserver": Cell(),
    "all of ours on kube-apiserver": Cell(controllers="kcompat", scheduler="kcompat"),
    "all of ours on kcompat": Cell("kcompat", "kcompat", "kcompat"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when everything that ran passed."""
    parser = argparse.ArgumentParser("python -m conformance.swap", description=__doc__)
    parser.add_argument("--cell", default="", metavar="TEXT", help="only cells whose name holds this")
    parser.add_argument("--only", default="", metavar="TEXT", help="only scenarios whose name holds this")
    parser.add_argument("--threads", type=int, default=4, help="scenarios at a time")
    chosen = parser.parse_args(arguments)
    ledger, passed = Ledger(), True
    for name, cell in CELLS.items():
        if chosen.cell in name:
            passed &= _run(name, cell, chosen, ledger)
    for name, check in storage.CELLS.items():
        if chosen.cell in name:
            passed &= _storage(name, check, ledger)
    return 0 if passed else 1


def _directory(cell: str) -> Path:
    """For data and logs of all parts; kept."""
    directory = Path(tempfile.mkdtemp(prefix="swap-"))
    print(f"== {cell}; logs in {directory}", flush=True)
    return directory


def _run(name: str, cell: Cell, chosen: argparse.Namespace, ledger: Ledger) -> bool:
    wanted = [scenario for scenario in SCENARIOS if chosen.only in scenario]
    with Parts(_directory(name)) as parts:
        kubeconfig = cell.start(parts)
        program = str(build("kubectl"))
        admin = Kubectl(program, kubeconfig, "default", parts.directory / "cache")
        admin.becomes("nodes", '{.items[*].status.conditions[?(@.type=="Ready")].status}', " ".join(["True"] * NODES), seconds=60)

        def one(scenario: str) -> tuple[str, str]:
            started = time.monotonic()
            namespace = f"swap-{scenario.replace(' ', '-')}"[:50]
            said = _scenario(scenario, Kubectl(program, kubeconfig, namespace, parts.directory / "cache"))
            print(f"{scenario}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
            return scenario, said

        with ThreadPoolExecutor(chosen.threads) as threads:
            results = dict(threads.map(one, [s for s in wanted if s not in ALONE]))
        results |= dict(one(scenario) for scenario in wanted if scenario in ALONE)
        if dead := parts.dead():
            results["no part ended"] = f"ended by themselves: {', '.join(dead)}"
    for scenario, said in results.items():
        ledger.record(name, scenario, said)
    return all(said == OK for said in results.values())


def _scenario(name: str, kubectl: Kubectl) -> str:
    """OK, or why not."""
    try:
        kubectl("create", "namespace", kubectl.namespace)
        SCENARIOS[name](kubectl)
        kubectl("delete", "namespace", kubectl.namespace, "--wait=false", "--ignore-not-found")
    except Failed as failure:
        return str(failure)
    return OK


def _storage(name: str, check: storage.Check, ledger: Ledger) -> bool:
    passed = True
    with Parts(_directory(name)) as parts:
        for step, said in check(parts):
            print(f"{step}: {said}", flush=True)
            ledger.record(name, step, said)
            passed &= said == OK
    return passed


if __name__ == "__main__":
    sys.exit(main())
