"""What kcompat answers is what a kube-apiserver answered when it was recorded, but for what the ledger knows.

The scripts of conformance/differential run once against a server in this process, but for the fields of pods: they are as many as all
other requests. To see more: python -m conformance.differential.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from conformance.differential import ledger, runner, servers
from conformance.differential.compare import Difference
from conformance.differential.script import Script

pytestmark = pytest.mark.slow
SCRIPTS = [script for script in runner.scripts() if script.title != "fields/pods"]
TOPICS = sorted({script.topic for script in SCRIPTS})
Found = dict[str, list[Difference]]


@pytest.fixture(scope="module")
def unexplained() -> Found:
    """Differences by topic. A script that differs is run once more: a second that passes, or a status that a controller writes in between, is no difference."""
    found: Found = defaultdict(list)
    suspects = {difference.script for difference in _differing(SCRIPTS)}
    for difference in _differing([script for script in SCRIPTS if script.title in suspects]):
        found[difference.script.split("/", 1)[0]].append(difference)
    return found


def _differing(scripts: list[Script]) -> list[Difference]:
    """What neither its explanation nor the ledger foresees."""

    async def run() -> list[Difference]:
        return runner.differences(await runner.run_at(servers.kcompat, scripts))

    known = ledger.known()
    return [d for d in asyncio.run(run()) if not d.why and d.place not in known.get(d.script, ())] if scripts else []


@pytest.mark.timeout(900)  # all scripts run for the first topic: two minutes on a machine that does nothing else
@pytest.mark.parametrize("topic", TOPICS)
def test_answers_as_recorded(topic: str, unexplained: Found) -> None:
    assert [f"{difference.script}: {difference}" for difference in unexplained[topic]] == []
