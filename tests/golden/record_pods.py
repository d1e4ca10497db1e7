"""Records the cases for pods and for the kinds that make them. As record.py, but objects get a past first.

    python tests/golden/record_pods.py --server https://127.0.0.1:6443 --token TOKEN [FILE …]

What a case stores before its request may name `status/…`, which is written through the status subresource, and
`spec/ephemeralContainers`, which is written through its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from record import HERE, Recorder, Server, Tree, changed, compact

_LATER = {"status": "/status", "spec/ephemeralContainers": "/ephemeralcontainers"}


class PodRecorder(Recorder):
    """Stores an object in up to three steps."""

    def run(self) -> Tree:
        """`start` instead of `base`: these recordings have a replay of their own (tests/registry/rules/test_pods_golden.py)."""
        self.drop(self.base)
        recording = super().run()
        return {("start" if key == "base" else key): value for key, value in recording.items()}

    def store(self, change: Tree) -> Tree:
        stored = super().store({path: value for path, value in change.items() if not path.startswith(tuple(_LATER))})
        for prefix, part in _LATER.items():
            if later := {path: value for path, value in change.items() if path.startswith(prefix)}:
                code, stored, _, _ = self.server.ask("PUT", self.place(stored) + part, changed(stored, later))
                assert code == 200, f"{self.file}: {stored.get('message')}"
                stored["metadata"].pop("managedFields", None)
        return stored

    def drop(self, stored: Tree) -> None:
        """Also jobs, which by default wait for a garbage collector to orphan their pods."""
        self.server.ask("DELETE", self.place(stored) + "?gracePeriodSeconds=0&propagationPolicy=Background")
        super().drop(stored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("files", nargs="*", type=Path, default=sorted([*HERE.glob("pods/*.py"), *HERE.glob("workloads/*.py")]))
    options = parser.parse_args()
    server = Server(options.server, options.token)
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "golden"}})
    for case_file in options.files:
        recording = PodRecorder(server, case_file).run()
        case_file.with_suffix(".json").write_text(compact(recording))
        codes = [case.get("code") for case in recording["cases"]]
        print(f"{case_file}: {len(codes)} cases, {sum(code is not None and code < 300 for code in codes)} accepted", file=sys.stderr)


if __name__ == "__main__":
    main()
