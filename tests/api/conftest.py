"""A control plane in process, without controllers, scheduler and nodes: the API over a memory store, reached through the pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from in_process import Api

from kcompat.cluster import ControlPlane
from kcompat.config import Settings


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
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
    control_plane = ControlPlane(settings)
    await control_plane.start()
    try:
        yield Api(control_plane)
    finally:
        await control_plane.stop()


@pytest.fixture
def config_maps() -> str:
    return "/api/v1/namespaces/default/configmaps"
