"""A fresh emulator for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator_world import World, client_of

from local_aws.rekognition import HandClock, RekognitionEmulator, Settings


@pytest.fixture
def world() -> Iterator[World]:
    """Starts take 600 s, stops 120 s, no second passes by itself, and control and tag calls have no rate."""
    clock = HandClock()
    settings = Settings(control_calls_per_second=None, tag_calls_per_second=None)
    with RekognitionEmulator(settings=settings, clock=clock) as emulator:
        yield World(emulator, clock, client_of(emulator), emulator.add_project("parts"))
