"""Hand-overs that Lambda does not take: every request is answered all the same."""

from __future__ import annotations

from math import inf

import pytest
from courses import COURSES, UNREADABLE, failing, play
from world import V1, World

CODES = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "KMSDisabledException",
    "ResourceNotFoundException",
    "TooManyRequestsException",
    "ServiceException",
    UNREADABLE,
)


def _slow(world: World) -> None:
    """Starts and stops that no single invocation can wait for."""
    for version in world.versions.values():
        version.start_seconds, version.stop_seconds = 2400.0, 1500.0


@pytest.mark.parametrize("code", CODES)
def test_g4_a_hand_over_that_is_never_taken_is_told(code: str) -> None:
    """G4, G3: Lambda tries an event three times, and the last try answers; nothing is left running."""

    def fault(world: World) -> None:
        _slow(world)
        failing(world, "InvokeFunction", code)

    # Each hand-over whose answer is lost is made many times over, and each of them goes on.
    for nth, name in enumerate(list(COURSES)[:: 5 if code == UNREADABLE else 1]):
        played = play(name, fault, invocation_seconds=(900.0, 300.0)[nth % 2])
        assert not played.problems(), (name, played.told)


@pytest.mark.parametrize("code", CODES)
def test_g4_a_hand_over_that_is_taken_late_loses_no_request(code: str) -> None:
    """G4, G3: from the first call on, or after the first hand-over."""
    for nth, name in enumerate(COURSES):
        begin, seconds = (0.0, 780.0, 1000.0)[nth % 3], (25.0, 310.0, 1200.0, 310.0)[nth % 4]

        def fault(world: World, begin: float = begin, seconds: float = seconds) -> None:
            _slow(world)
            failing(world, "InvokeFunction", code, begin, seconds)

        played = play(name, fault)
        assert not played.problems(), (name, begin, seconds, played.told)


@pytest.mark.parametrize(("seconds", "status"), [(900.0, "SUCCESS"), (inf, "FAILED")])
def test_g4_an_outage_is_waited_out_with_lambdas_next_tries(seconds: float, status: str) -> None:
    """G4: a throttle or a lost answer is no word that the hand-over will never be taken."""

    def fault(world: World) -> None:
        _slow(world)
        world.versions[V1].start_seconds = 2400.0 if seconds < inf else 3000.0
        failing(world, "InvokeFunction", "ServiceException", seconds=seconds)

    played = play("create", fault)
    assert not played.problems()
    assert played.first["Status"] == status
    assert ("can't go on in another invocation" in played.first["Reason"]) is (status == "FAILED")
    assert played.world.versions[V1].status == ("RUNNING" if status == "SUCCESS" else "STOPPED")


def test_an_unknown_refusal_of_a_hand_over_ends_a_create_in_half_a_minute() -> None:
    """As one that the role does not allow: no later try is going to be taken, and the model stops."""

    def fault(world: World) -> None:
        _slow(world)
        world.stop_while_starting = True
        failing(world, "InvokeFunction", "KMSDisabledException")

    played = play("create", fault)
    assert played.told[0].answer is not None
    assert played.told[0].answer["At"] - played.told[0].sent_at < 900.0
    assert "KMSDisabledException" in played.first["Reason"]
    assert "deploy again" in played.first["Reason"]
