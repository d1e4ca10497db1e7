"""The record of what works: conformance/ledger/manifests.yaml, written and read by this tool only. Called by `__main__.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from conformance.manifests.compare import alike, same_reason
from conformance.manifests.runner import OK, Result
from conformance.manifests.sources import Manifest

FILE = Path(__file__).parent.parent / "ledger" / "manifests.yaml"
_HEAD = """# Written by `python -m conformance.manifests`; do not edit.
# For each manifest of the Kubernetes module and each cluster it was run on: the groups of kubectl commands that went well,
# and those that did not with the first thing kubectl said. `as upstream`: upstream's own binaries answer the same.
"""


_SECTIONS = ("totals", "printed as upstream", "stories", "manifests", "no manifests")


class Ledger:
    """Results by manifest, and by story, of each store."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._tree: dict[str, Any] = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        for section in ("manifests", "stories"):
            self._tree.setdefault(section, {})

    def record(self, store: str, manifest: Manifest, result: Result) -> None:
        entry = self._tree["manifests"].setdefault(manifest.name, {})
        entry["kinds"] = manifest.kinds
        if manifest.needs:
            entry["needs"] = manifest.needs
        groups: dict[str, Any] = {"ok": [group for group, said in result.items() if said == OK]}
        failed = {group: short(said) for group, said in result.items() if said != OK}
        entry[store] = groups | ({"failed": failed} if failed else {})

    def record_story(self, store: str, name: str, said: str) -> None:
        self._tree["stories"].setdefault(name, {})[store] = short(said)

    def record_others(self, names: list[str]) -> None:
        self._tree["no manifests"] = names

    def verdict(self, store: str, name: str) -> dict[str, str]:
        """Group → why it fails on this store and not, or not so, upstream."""
        entry = self._tree["manifests"][name]
        theirs = (entry.get("upstream") or {}).get("failed") or {}
        ours = entry[store].get("failed") or {}
        return {group: said for group, said in ours.items() if not same_reason(said, theirs.get(group, ""))}

    def story_verdict(self, store: str, name: str) -> str:
        """OK, or why not, unless upstream says the same."""
        story = self._tree["stories"][name]
        return OK if same_reason(story[store], story.get("upstream", OK)) else story[store]

    def stores(self) -> list[str]:
        entries = [*self._tree["manifests"].values(), *self._tree["stories"].values()]
        return [store for store in ("sqlite", "etcd", "memory") if any(store in entry for entry in entries)]

    def totals(self, store: str) -> dict[str, Any]:
        """How many manifests, and how many of them do in everything as upstream does."""
        entries: Mapping[str, Any] = {name: entry for name, entry in self._tree["manifests"].items() if store in entry}
        counts: dict[str, Any] = {}
        for title, chosen in (
            ("of the skeleton's kinds", [name for name, entry in entries.items() if "needs" not in entry]),
            ("of other kinds", [name for name, entry in entries.items() if "needs" in entry]),
        ):
            good = [name for name in chosen if not self.verdict(store, name)]
            groups = Counter(group for name in chosen for group in self.verdict(store, name))
            refused = sum(1 for name in good if entries[name][store].get("failed"))
            counts[title] = {
                "manifests": len(chosen),
                "ok": len(good),
                "of these refused as upstream": refused,
                "failing groups": dict(groups),
            }
        stories = [name for name, story in self._tree["stories"].items() if store in story]
        counts["stories"] = {"run": len(stories), "ok": sum(self.story_verdict(store, name) == OK for name in stories)}
        return counts

    def failures(self, store: str) -> Iterator[tuple[str, str, str]]:
        """Name, group, reason of what does not do as upstream does."""
        for name, entry in self._tree["manifests"].items():
            if store in entry:
                yield from ((name, group, said) for group, said in self.verdict(store, name).items())
        for name, story in self._tree["stories"].items():
            if store in story and (said := self.story_verdict(store, name)) != OK:
                yield name, "story", said

    def record_outputs(self, store: str, same: int, commands: int) -> None:
        """How many commands printed what they print on upstream."""
        self._tree.setdefault("printed as upstream", {})[store] = f"{same} of {commands} commands"

    def save(self) -> None:
        self._tree["totals"] = {store: self.totals(store) for store in self.stores()}
        self._file.parent.mkdir(exist_ok=True)
        ordered = {key: self._tree[key] for key in _SECTIONS if key in self._tree}
        self._file.write_text(_HEAD + yaml.safe_dump(ordered, sort_keys=False, width=160, allow_unicode=True))


def short(said: str) -> str:
    """A reason that stays the same from run to run."""
    return "\n".join(alike(said))[:600]
