from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "auth"))  # the Reader and the clock that both rooms test with

from memory_reader import MemoryReader, StandingClock
from requests_for import Permissions

from kcompat.admission.interface import Services


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader()


@pytest.fixture
def permissions() -> Permissions:
    return Permissions()


@pytest.fixture
def services(reader: MemoryReader, permissions: Permissions) -> Services:
    import random

    from kcompat.apimachinery.clock import Identity

    return Services(reader, StandingClock(), Identity(random.Random(1)), permissions.authorize)
