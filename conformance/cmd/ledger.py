"""The record of the groups: conformance/ledger/cmd.yaml, written and read by this tool only. Called by `__main__.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from conformance.cmd.runner import OK

FILE = Path(__file__).parent.parent / "ledger" / "cmd.yaml"
_HEAD = """# Written by `python -m conformance.cmd`; do not edit.
# Groups of upstream's test/cmd: by store, `ok` or the end of what the group printed; `upstream` is its own kube-apiserver, run the same way.
# `needs`: what kcompat, or the machine, has not.
"""
UPSTREAM = "upstream"
LATER = dict.fromkeys(
    ("assert_short_name", "assert_singular_name", "ambiguous_shortname", "explain_crd_with_additional_properties", "kubectl_apply")
    + ("kubectl_server_side_apply", "kubectl_events", "crd", "crd_deletion_recreation", "deprecated_api"),
    "custom resources",
) | {"swagger": "upstream's sentences on parameters, which are not shipped", "multi_resources": "raw.githubusercontent.com"}
"""Groups that need what kcompat has not."""


class Ledger:
    """Results by group of each store."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        tree = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        self._groups: dict[str, dict[str, str]] = tree.get("groups") or {}

    def record(self, store: str, group: str, said: str) -> None:
        self._groups.setdefault(group, {})[store] = said

    def failures(self, store: str) -> Iterator[tuple[str, str]]:
        """Groups that fail on this store but not upstream, and need nothing that is not there, with what they printed."""
        for group, entry in self._groups.items():
            if store in entry and _outcome(group, entry, store) == "failed":
                yield group, entry[store]

    def totals(self, store: str) -> dict[str, int]:
        return dict(Counter(_outcome(group, entry, store) for group, entry in self._groups.items() if store in entry))

    def save(self) -> None:
        stores = sorted({store for entry in self._groups.values() for store in entry if store != "needs"})
        for group in LATER.keys() & self._groups.keys():
            self._groups[group] = {"needs": LATER[group], **self._groups[group]}
        tree = {"totals": {store: self.totals(store) for store in stores}, "groups": self._groups}
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text(_HEAD + yaml.safe_dump(tree, sort_keys=False, width=160, allow_unicode=True))


def _outcome(group: str, entry: dict[str, str], store: str) -> str:
    if entry[store] == OK:
        return OK
    if group in LATER:
        return f"need {LATER[group]}"
    return "fail upstream too" if entry.get(UPSTREAM, OK) != OK and store != UPSTREAM else "failed"
