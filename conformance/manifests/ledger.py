"""The record of what works: conformance/ledger/manifests.yaml, written and read by this tool only. Called by `__main__.py`.

A run is a store and a release of kubectl, "sqlite, kubectl 1.37"; it is compared with the run of the same kubectl on
upstream's binaries, if there was one, else of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from conformance.manifests.compare import alike, same_reason
from conformance.manifests.runner import OK, Result
from conformance.manifests.sources import Manifest

FILE = Path(__file__).parent.parent / "ledger" / "manifests.yaml"
_HEAD = """# Written by `python -m conformance.manifests`; do not edit.
# For each manifest of the Kubernetes module: the groups of kubectl commands that concern it, and by run (a store and a kubectl) `ok`, or the
# groups that fail with what kubectl said first. What fails in the same words on upstream's own binaries counts as upstream's answer.
# `needs`: what kcompat has not yet; not counted.
"""
_SECTIONS = ("runs", "printed as upstream", "stories", "manifests", "no manifests")
_UPSTREAM = "upstream"


class Ledger:
    """Results by manifest, and by story, of each run."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._tree: dict[str, Any] = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        for section in ("manifests", "stories"):
            self._tree.setdefault(section, {})

    def record(self, run: str, manifest: Manifest, result: Result) -> None:
        entry = self._tree["manifests"].setdefault(manifest.name, {})
        entry["kinds"] = ", ".join(manifest.kinds)
        if manifest.needs:
            entry["needs"] = manifest.needs
        entry["groups"] = " ".join(result)
        entry[run] = {group: short(said) for group, said in result.items() if said != OK} or OK

    def record_story(self, run: str, name: str, said: str) -> None:
        self._tree["stories"].setdefault(name, {})[run] = short(said)

    def record_others(self, names: list[str]) -> None:
        self._tree["no manifests"] = names

    def record_outputs(self, run: str, same: int, commands: int) -> None:
        """How many commands printed what they print on upstream."""
        self._tree.setdefault("printed as upstream", {})[run] = f"{same} of {commands} commands"

    def verdict(self, run: str, name: str) -> dict[str, str]:
        """Group → why it fails in this run and not, or not so, upstream."""
        entry = self._tree["manifests"][name]
        theirs = _failed(_upstream(entry, run))
        return {group: said for group, said in _failed(entry[run]).items() if not same_reason(said, theirs.get(group, ""))}

    def story_verdict(self, run: str, name: str) -> str:
        """OK, or why not, unless upstream says the same."""
        story = self._tree["stories"][name]
        said: str = story[run]
        return OK if same_reason(said, _upstream(story, run) or OK) else said

    def runs(self) -> list[str]:
        """Those on kcompat."""
        entries = [*self._tree["manifests"].values(), *self._tree["stories"].values()]
        return sorted({key for entry in entries for key in entry if ", kubectl " in key and not key.startswith(_UPSTREAM)}, reverse=True)

    def totals(self, run: str) -> dict[str, Any]:
        """How many manifests and stories, and how many of them do in everything as upstream does."""
        entries = {name: entry for name, entry in self._tree["manifests"].items() if run in entry and "needs" not in entry}
        good = [name for name in entries if not self.verdict(run, name)]
        stories = [name for name, story in self._tree["stories"].items() if run in story]
        return {
            "manifests": len(entries),
            "not yet": sum(1 for entry in self._tree["manifests"].values() if run in entry and "needs" in entry),
            "as upstream": len(good),
            "of these not all ok upstream either": sum(1 for name in good if entries[name][run] != OK),
            "failing groups": dict(Counter(group for name in entries for group in self.verdict(run, name))),
            "stories": len(stories),
            "stories as upstream": sum(self.story_verdict(run, name) == OK for name in stories),
        }

    def failures(self, run: str) -> Iterator[tuple[str, str, str]]:
        """Name, group, reason of what does not do as upstream does."""
        for name, entry in self._tree["manifests"].items():
            if run in entry and "needs" not in entry:
                yield from ((name, group, said) for group, said in self.verdict(run, name).items())
        for name, story in self._tree["stories"].items():
            if run in story and (said := self.story_verdict(run, name)) != OK:
                yield name, "story", said

    def save(self) -> None:
        self._tree["runs"] = {run: self.totals(run) for run in self.runs()}
        for section in ("manifests", "stories"):
            self._tree[section] = dict(sorted(self._tree[section].items()))
        self._file.parent.mkdir(exist_ok=True)
        ordered = {key: self._tree[key] for key in _SECTIONS if key in self._tree}
        self._file.write_text(_HEAD + yaml.safe_dump(ordered, sort_keys=False, width=160, allow_unicode=True))


def run_name(store: str, release: str) -> str:
    return f"{store}, kubectl {release}"


def short(said: str) -> str:
    """A reason that stays the same from run to run."""
    return "\n".join(alike(said))[:600]


def _upstream(entry: dict[str, Any], run: str) -> Any:
    """What upstream's binaries did with this kubectl, else with another."""
    runs = sorted(key for key in entry if key.startswith(_UPSTREAM))
    peer = run_name(_UPSTREAM, run.rpartition(" ")[2])
    return entry[peer if peer in runs else runs[-1]] if runs else None


def _failed(said: Any) -> dict[str, str]:
    return said if isinstance(said, dict) else {}
