"""Replays what a real kube-apiserver made of tests/golden/apply_scenarios.py: objects with managedFields, errors, warnings."""

from __future__ import annotations

import json
import runpy
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from in_process import Api

from kcompat.api.request import Response
from kcompat.cluster import ControlPlane
from kcompat.config import Settings

GOLDEN = Path(__file__).parent.parent / "golden"
SCENARIOS = runpy.run_path(str(GOLDEN / "apply_scenarios.py"))["SCENARIOS"]
RECORDER = runpy.run_path(str(GOLDEN / "record_apply.py"))
RECORDED = json.loads((GOLDEN / "apply.json").read_text())


@dataclass
class Stepping:
    """A clock that moves only when told."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def step(self) -> None:
        self.moment += timedelta(seconds=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def control_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ControlPlane]:
    tmp_path = tmp_path_factory.mktemp("apply")
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\nuser-token,bob,bob-uid\n')
    settings = Settings(
        token_auth_file=str(tokens),
        listen="127.0.0.1:0",
        data_dir=str(tmp_path),
        datastore_endpoint="memory://",
        disable=("controllers", "scheduler", "nodes"),
        disable_admission_plugins=("ServiceAccount",),
    )
    control_plane = ControlPlane(settings, clock=Stepping())
    await control_plane.start()
    try:
        yield control_plane
    finally:
        await control_plane.stop()


async def ask(control_plane: ControlPlane, asked: Any) -> Any:
    """The answer as the recorder's server gives it."""
    api = Api(control_plane, agent=asked.agent)
    token = f"Bearer {asked.token or 'admin-token'}"
    found = await api.raw(asked.method, asked.path, bytes(asked.body), Content_Type=asked.content_type, Authorization=token)
    assert isinstance(found, Response)
    warnings = [line.split('"', 1)[1].rsplit('"', 1)[0].replace('\\"', '"') for line in found.headers.get("Warning", "").splitlines()]
    tree = orjson.loads(found.body) if found.body[:1] == b"{" else {"text": found.body.decode()}
    return RECORDER["Answer"](found.status, tree, warnings)


async def play(control_plane: ControlPlane, namespace: str, steps: Any) -> Any:
    """The outcomes of a scenario, a second a step."""
    playing = RECORDER["Player"](namespace).play(steps)
    request = next(playing)
    try:
        while True:
            control_plane.clock.step()  # type: ignore[attr-defined]
            request = playing.send(await ask(control_plane, request))
    except StopIteration as end:
        return end.value


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario(control_plane: ControlPlane, name: str) -> None:
    namespace = f"apply-{name}-x"
    body = orjson.dumps({"metadata": {"name": namespace}})
    made = RECORDER["Request"]("POST", "/api/v1/namespaces", body, "application/json", "recorder")
    assert (await ask(control_plane, made)).code == 201
    outcomes = await play(control_plane, namespace, SCENARIOS[name])
    for number, (found, wanted) in enumerate(zip(outcomes, RECORDED[name], strict=True)):
        assert found == wanted, f"step {number}: {SCENARIOS[name][number]}"
        shown = (json.dumps(outcome["object"].get("metadata", {}).get("managedFields")) for outcome in (found, wanted))
        assert len(set(shown)) == 1, f"step {number}: order of keys in managedFields"
