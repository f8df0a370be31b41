"""G2 where a property or a tag names another project than the model's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deletes import delete, living_world
from world import ACCOUNT, REGION, V1, World, created, service_error

from running_model_handler.core.names import Tag


@pytest.fixture
def world() -> World:
    """The stack's model has run for an hour."""
    return living_world()


WRONG_PROJECT = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/parts/1111111111111"


def wrong_in_the_property(world: World) -> dict[str, str]:
    """What the properties name as the project, where that is another one."""
    return {"ProjectArn": WRONG_PROJECT}


def wrong_in_the_tag(world: World) -> dict[str, str]:
    """A tag that somebody edited names another project."""
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "1111111111111"
    return {}


def nonsense_in_the_tag(world: World) -> dict[str, str]:
    """A tag that somebody edited names no project at all: the digits are not ASCII."""
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "١٢٣٤"
    return {}


WRONG = pytest.mark.parametrize("wrong", [wrong_in_the_property, wrong_in_the_tag, nonsense_in_the_tag])


@WRONG
def test_g2_a_wrong_project_does_not_make_a_running_model_absent(
    world: World, wrong: Callable[[World], dict[str, str]]
) -> None:
    """G2: another project than the model's own shows nothing of it; the right one is looked up."""
    answer = delete(world, **wrong(world))
    assert (answer["Status"], world.versions[V1].status) == ("SUCCESS", "STOPPED")


@WRONG
@pytest.mark.parametrize("reason", ["not allowed", "not found"])
def test_g2_a_model_that_no_project_shows_is_never_called_gone(
    world: World, wrong: Callable[[World], dict[str, str]], reason: str
) -> None:
    """G2, G3: where the right project can't be looked up, a Stop is sent and the answer is no success."""
    changes = wrong(world)

    def refuse(action: str, arn: str) -> None:
        if action == "DescribeProjects" and reason == "not allowed":
            raise service_error("AccessDeniedException", "rekognition:DescribeProjects")

    world.before = refuse
    if reason == "not found":
        world.projects.clear()
    answer = delete(world, **changes)
    assert answer["Status"] == "FAILED"
    assert f"aws rekognition stop-project-version --region {REGION}" in answer["Reason"]
    assert world.count("DescribeProjects") <= 10, "looked up in a hurry"
    world.clock.sleep(600)
    assert world.versions[V1].status == "STOPPED"


def test_a_wrong_project_is_named_by_a_create(world: World) -> None:
    """A create fails by the name of the property, without a Start, and claims nothing."""
    world = World()
    answer = created(world, ProjectArn=WRONG_PROJECT)
    assert answer["Status"] == "FAILED"
    assert f"ProjectArn {WRONG_PROJECT} does not show it" in answer["Reason"]
    assert world.versions[V1].tags == {}


def test_a_create_finds_the_project_where_the_tag_was_edited() -> None:
    """G1: an edited tag does not keep a model from being started; the claim holds the right project again."""
    world = World()
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "1111111111111"
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.PROJECT_CREATED] == "1690734433420"
