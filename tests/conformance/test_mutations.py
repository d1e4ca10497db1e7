"""The differential runs can fail: each of five defects put in on purpose is noticed."""

from __future__ import annotations

import pytest

from conformance.mutations import MUTATIONS, Mutation, noticed

pytestmark = pytest.mark.slow


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
async def test_a_defect_is_noticed(mutation: Mutation) -> None:
    assert await noticed(mutation, mutation.script)
