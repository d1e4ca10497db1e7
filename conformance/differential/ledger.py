"""The score by topic, and conformance/ledger/differential.yaml. Written by the tool only. Called by __main__.py."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.differential.compare import Difference
from conformance.differential.script import Tree

LEDGER = Path(__file__).parent.parent / "ledger" / "differential.yaml"


@dataclass
class Score:
    """Requests of a topic: how many, how many answered exactly as upstream, how many with explained differences only."""

    requests: int = 0
    same: int = 0
    explained: int = 0

    def __str__(self) -> str:
        share = 100 * (self.same + self.explained) / max(1, self.requests)
        return f"{self.requests:5} requests  {self.same:5} same  {self.explained:4} explained  {share:6.2f} %"


def scores(seen: dict[str, list[Tree]], found: list[Difference]) -> dict[str, Score]:
    """By topic, "total" last."""
    unexplained = {(d.script, d.step) for d in found if not d.why}
    explained = {(d.script, d.step) for d in found if d.why} - unexplained
    result: dict[str, Score] = defaultdict(Score)
    for title, steps in seen.items():
        for step in range(len(steps)):
            for score in (result[title.split("/", 1)[0]], result["total"]):
                score.requests += 1
                score.explained += (title, step) in explained
                score.same += (title, step) not in explained and (title, step) not in unexplained
    return dict(sorted(result.items(), key=lambda item: (item[0] == "total", item[0])))


def write(seen: dict[str, list[Tree]], found: list[Difference]) -> None:
    """The ledger of a run of everything."""
    by_script: dict[str, list[str]] = defaultdict(list)
    for difference in found:
        if not difference.why:
            by_script[difference.script].append(str(difference))
    reasons = sorted({f"{d.script} | {d.path}: {d.why}" for d in found if d.why})
    document: dict[str, Any] = {
        "scores": {topic: {"requests": s.requests, "same": s.same, "explained": s.explained} for topic, s in scores(seen, found).items()},
        "explained": reasons,
        "differences": dict(by_script),
    }
    LEDGER.parent.mkdir(exist_ok=True)
    LEDGER.write_text("# Written by `python -m conformance.differential run`.\n" + yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True))


def known() -> dict[str, set[str]]:
    """The places (Difference.place) that the ledger has as unexplained, by script."""
    document = yaml.safe_load(LEDGER.read_text())
    return {script: {_place(line) for line in lines} for script, lines in (document["differences"] or {}).items()}


def _place(line: str) -> str:
    found = re.match(r"\d+ (.* \| (?:line )?[^ ]*?): ", line)
    return found[1] if found else line
