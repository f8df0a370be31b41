"""Tags of versions and projects."""

from __future__ import annotations

import pytest
from emulator_world import World, outcome_of


def test_tagging(world: World) -> None:
    """Adding, overwriting and removing; keys that are not there do not matter."""
    arn = world.version(tags={"kept": "1", "changed": "old"})
    client = world.rekognition
    client.tag_resource(ResourceArn=arn, Tags={"changed": "new", "added": ""})
    expected = {"kept": "1", "changed": "new", "added": ""}
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == expected
    client.untag_resource(ResourceArn=arn, TagKeys=["kept", "added", "nothing"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"changed": "new"}
    assert world.emulator.tags(arn) == {"changed": "new"}


def test_projects_have_tags_too(world: World) -> None:
    """Given at creation, changed later."""
    client = world.rekognition
    arn = client.create_project(ProjectName="tagged", Tags={"a": "1"})["ProjectArn"]
    client.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


def test_a_resource_has_200_tags_at_most(world: World) -> None:
    """One more is ServiceQuotaExceededException and adds nothing; overwriting one still works."""
    arn = world.version(tags={f"k{number}": "" for number in range(199)})
    client = world.rekognition
    client.tag_resource(ResourceArn=arn, Tags={"last": ""})
    with pytest.raises(client.exceptions.ServiceQuotaExceededException):
        client.tag_resource(ResourceArn=arn, Tags={"more": ""})
    client.tag_resource(ResourceArn=arn, Tags={"last": "changed"})
    assert len(world.emulator.tags(arn)) == 200


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v9/1",
        "arn:aws:rekognition:eu-west-1:123456789012:project/parts/1",
        "arn:aws:rekognition:eu-west-1:123456789012:collection/faces",
    ],
)
def test_what_does_not_exist_has_no_tags(world: World, arn: str) -> None:
    """Each tag operation is ResourceNotFoundException."""
    client = world.rekognition
    calls = (
        lambda: client.tag_resource(ResourceArn=arn, Tags={"a": "b"}),
        lambda: client.untag_resource(ResourceArn=arn, TagKeys=["a"]),
        lambda: client.list_tags_for_resource(ResourceArn=arn),
    )
    assert [outcome_of(call) for call in calls] == ["ResourceNotFoundException"] * 3


def test_tags_go_with_the_version(world: World) -> None:
    """A name that is made again begins without the tags of the deleted version."""
    arn = world.version(tags={"owner": "me"})
    world.emulator.delete_by_hand(arn, at_once=True)
    again = world.emulator.add_version(world.project, "v0")
    assert world.emulator.tags(again) == {}
    tags = world.rekognition.list_tags_for_resource
    assert outcome_of(lambda: tags(ResourceArn=arn)) == "ResourceNotFoundException"


def test_tagging_may_be_refused_in_a_status(world: World) -> None:
    """Not documented, so a switch: tags can still be read."""
    arn = world.version("TRAINING_IN_PROGRESS", tags={"a": "1"})
    client = world.rekognition
    client.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    world.emulator.settings.tagging_refused_while = ("TRAINING_IN_PROGRESS", "DELETING")
    tag, untag = client.tag_resource, client.untag_resource
    assert outcome_of(lambda: tag(ResourceArn=arn, Tags={"c": "3"})) == "InvalidParameterException"
    assert outcome_of(lambda: untag(ResourceArn=arn, TagKeys=["a"])) == "InvalidParameterException"
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "1", "b": "2"}
