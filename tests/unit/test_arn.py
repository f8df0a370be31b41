"""ARNs are taken apart or refused with a reason that names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core.arn import (
    EXAMPLE_PROJECT_ARN,
    EXAMPLE_VERSION_ARN,
    check_location,
    check_same_project,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.errors import InvalidProperty

NAMES = st.text("abcXYZ019_.-", min_size=1, max_size=255)


@given(project=NAMES, version=NAMES, created=st.integers(0, 10**15))
def test_a_version_arn_round_trips(project: str, version: str, created: int) -> None:
    """What is taken apart can be put together again."""
    text = (
        f"arn:aws-us-gov:rekognition:us-gov-west-1:123456789012:project/{project}/version/{version}/{created}"
    )
    arn = parse_project_version_arn(text, name="x")
    assert str(arn) == text
    assert (arn.project_name, arn.version_name) == (project, version)
    project_arn = arn.project_arn("17")
    assert parse_project_arn(str(project_arn), name="x") == project_arn
    check_same_project(arn, project_arn, name="x")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (EXAMPLE_PROJECT_ARN, "not of its project"),
        ("arn:aws:s3:::bucket", "not of the service 's3'"),
        ("", "must be an ARN like"),
        (None, "must be an ARN like"),
        (17, "must be an ARN like"),
        ("x" * 2049, "at most 1024 characters"),
        (EXAMPLE_VERSION_ARN + "\n", "must be the ARN"),
        (EXAMPLE_VERSION_ARN.replace("123456789012", "1234"), "must be the ARN"),
        (EXAMPLE_VERSION_ARN.replace("parts", "p" * 256), "must be the ARN"),
        (EXAMPLE_VERSION_ARN.replace("parts", "pa/rts"), "must be the ARN"),
    ],
)
def test_fails_when_it_is_no_version_arn(value: object, words: str) -> None:
    """Each wrong value is named with what to give instead."""
    with pytest.raises(InvalidProperty, match=words) as caught:
        parse_project_version_arn(value, name="project_version_arn")
    assert str(caught.value).startswith("project_version_arn ")


def test_fails_when_the_project_is_another_one() -> None:
    """A project ARN has to be that of the version."""
    version = parse_project_version_arn(EXAMPLE_VERSION_ARN, name="v")
    other = parse_project_arn(EXAMPLE_PROJECT_ARN.replace("parts", "others"), name="p")
    with pytest.raises(InvalidProperty, match="must be the project of the model version"):
        check_same_project(version, other, name="project_arn")


def test_fails_when_a_version_arn_is_given_for_a_project() -> None:
    """The two are told apart."""
    with pytest.raises(InvalidProperty, match="omit it to have it looked up"):
        parse_project_arn(EXAMPLE_VERSION_ARN, name="project_arn")


def test_location_is_checked_where_it_is_known() -> None:
    """Region and account count only where the stack's are known."""
    arn = parse_project_version_arn(EXAMPLE_VERSION_ARN, name="v")
    check_location(arn, name="v", region=None, account=None)
    with pytest.raises(InvalidProperty, match="us-east-1"):
        check_location(arn, name="v", region="us-east-1", account=None)
    with pytest.raises(InvalidProperty, match="210987654321"):
        check_location(arn, name="v", region=None, account="210987654321")
