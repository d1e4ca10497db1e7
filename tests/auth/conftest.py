from __future__ import annotations

import pytest
from memory_reader import MemoryReader, StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader()
