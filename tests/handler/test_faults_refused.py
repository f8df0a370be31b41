"""Every action of every course refused, or answered unreadably: once at the begin, once in the middle."""

from __future__ import annotations

from functools import partial
from math import inf

import pytest
from courses import ACTIONS, COURSES, UNREADABLE, failing, play
from deletes import delete, living_world
from world import V1, World

CODES = ("AccessDeniedException", "ExpiredTokenException", "OddException", "ValidationException", UNREADABLE)
BEGINS = (0.0, 5.0, 150.0, 650.0)
SECONDS = (60.0, 280.0, 310.0, 1200.0, inf)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", COURSES)
def test_g3_g4_whatever_is_refused_is_answered_in_time_and_leaves_nothing_running(
    name: str, action: str
) -> None:
    """G3, G4: in two of the hundred ways in which each action can fail here, others for each course."""
    first = list(COURSES).index(name) + ACTIONS.index(action)
    for nth in range(2):
        code = CODES[(first + nth) % len(CODES)]
        begin, seconds = BEGINS[(first + nth) % len(BEGINS)], SECONDS[(first + 2 * nth + 1) % len(SECONDS)]
        played = play(name, partial(failing, action=action, code=code, begin=begin, seconds=seconds))
        assert not played.problems(), (code, begin, seconds, played.told)


@pytest.mark.parametrize("seconds", [60.0, 1200.0, inf])
@pytest.mark.parametrize("begin", [0.0, 5.0, 150.0])
@pytest.mark.parametrize("name", ["create", "create too slow", "replacement", "stop first", "deletion"])
def test_g3_tags_that_are_not_found_leave_nothing_running(name: str, begin: float, seconds: float) -> None:
    """G3: what its project shows exists, and bills, whatever is said of its tags."""
    code = "ResourceNotFoundException"
    fault = partial(failing, action="ListTagsForResource", code=code, begin=begin, seconds=seconds)
    played = play(name, fault)
    assert not played.problems(), played.told


def test_g2_a_delete_waits_for_tags_that_are_not_found() -> None:
    """G2: for a minute they are not found; the model is stopped all the same."""
    world = living_world()
    failing(world, "ListTagsForResource", "ResourceNotFoundException", seconds=60.0)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g2_the_deletion_of_a_model_that_is_gone_asks_its_project_once() -> None:
    """G2: neither are its tags found, nor does its project show it."""
    world = living_world()
    del world.versions[V1]
    begin = world.clock.now()
    answer = delete(world)
    assert answer["Status"] == "SUCCESS"
    assert answer["At"] - begin < 60
    assert world.count("DescribeProjectVersions") == 1
    assert world.count("StopProjectVersion") == 0


def test_the_courses_are_judged() -> None:
    """A model that somebody starts after all is found, so the tests above can fail."""

    def started_later(world: World) -> None:
        world.clock.at(3000, lambda: world.move(V1, "RUNNING"))

    assert play("create that fails", started_later).problems() == ["v1 is left RUNNING"]
    assert play("deletion").problems() == []
