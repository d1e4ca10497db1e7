"""Stock kubectl in one namespace, with waiting. Used by `scenarios.py`."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any


class Failed(Exception):
    """Something did not come true; the message says what."""


class Kubectl:
    """`k("get", "pods")` runs kubectl. Every failure is a `Failed`."""

    def __init__(self, program: str, kubeconfig: Path, namespace: str, cache: Path) -> None:
        self.namespace = namespace
        self._command = [program, "--kubeconfig", str(kubeconfig), "--cache-dir", str(cache), "--namespace", namespace]

    def __call__(self, *arguments: str, stdin: str | None = None, fails: str | None = None) -> str:
        """What kubectl prints. `fails`: it must fail, and say this."""
        done = subprocess.run([*self._command, *arguments], input=stdin, capture_output=True, text=True, timeout=120, check=False)
        if fails is not None and (done.returncode == 0 or fails not in done.stderr):
            raise Failed(f"{' '.join(arguments)}: expected to fail with {fails!r}: {(done.stderr or done.stdout).strip()}")
        if fails is None and done.returncode != 0:
            raise Failed(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, tree: dict[str, Any]) -> None:
        self("apply", "-f", "-", stdin=json.dumps(tree))

    def create_raw(self, path: str, tree: dict[str, Any], fails: str | None = None) -> None:
        self("create", "--raw", path, "-f", "-", stdin=json.dumps(tree), fails=fails)

    def get(self, what: str, template: str) -> str:
        return self("get", *what.split(), "-o", f"jsonpath={template}")

    def becomes(self, what: str, template: str, value: str, *, ordered: bool = True, seconds: float = 30) -> None:
        def fits(seen: str) -> bool:
            return seen == value if ordered else sorted(seen.split()) == sorted(value.split())

        self._until(what, template, fits, f"{value!r}", seconds)

    def holds(self, what: str, template: str, part: str, seconds: float = 30) -> None:
        self._until(what, template, lambda seen: part in seen, f"something with {part!r}", seconds)

    def lacks(self, what: str, template: str, part: str, seconds: float = 30) -> None:
        self._until(what, template, lambda seen: part not in seen, f"something without {part!r}", seconds)

    def differs(self, what: str, template: str, value: str, seconds: float = 30) -> None:
        self._until(what, template, lambda seen: bool(seen) and seen != value, f"anything but {value!r}", seconds)

    def _until(self, what: str, template: str, fits: Any, wanted: str, seconds: float) -> None:
        deadline, seen = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                if fits(seen := self.get(what, template)):
                    return
            except Failed as failure:
                seen = str(failure)
            time.sleep(0.4)
        raise Failed(f"{what} {template}: wanted {wanted}, still {seen[:300]!r}")
