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

pytestmark = pytest.mark.slow
SCRIPTS = [script for script in runner.scripts() if script.title != "fields/pods"]
TOPICS = sorted({script.topic for script in SCRIPTS})
Found = dict[str, list[Difference]]


@pytest.fixture(scope="module")
def unexplained() -> Found:
    """Differences by topic."""

    async def run() -> list[Difference]:
        async with servers.kcompat() as url:
            return runner.differences(await runner.run(url, SCRIPTS))

    found: Found = defaultdict(list)
    for difference in asyncio.run(run()):
        if not difference.why:
            found[difference.script.split("/", 1)[0]].append(difference)
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("topic", TOPICS)
def test_answers_as_recorded(topic: str, unexplained: Found) -> None:
    known = ledger.known()
    assert [f"{d.script}: {d}" for d in unexplained[topic] if d.place not in known.get(d.script, ())] == []
