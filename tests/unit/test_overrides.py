"""Overrides as a person or a script says them: a tag that sweeps read, and errors that name the argument."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from awscli.shorthand import ShorthandParser  # type: ignore[import-untyped]
from botocore.stub import ANY, Stubber

from rekognition_running_model import overrides
from running_model_handler.core.duty_tags import read_duty_tags
from running_model_handler.core.names import Tag

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v3/1627045542080"
KEYS = [str(Tag.KEEP_RUNNING), str(Tag.STAY_OFF)]
DOCS = Path(__file__).parents[2] / "docs" / "guards.md"


class Tags:
    """The tags of a model, behind the two calls."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def tag_resource(self, *, ResourceArn: str, Tags: dict[str, str]) -> None:
        assert ResourceArn == ARN
        self.found.update(Tags)

    def untag_resource(self, *, ResourceArn: str, TagKeys: list[str]) -> None:
        assert ResourceArn == ARN
        for key in TagKeys:
            self.found.pop(key, None)


def in_hours(hours: float) -> datetime.datetime:
    """A time of a place that is not UTC."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return datetime.datetime.now(zone) + datetime.timedelta(hours=hours)


def test_the_later_word_counts_and_is_taken_back() -> None:
    """What is written is what the handler reads."""
    tags = Tags()
    until = in_hours(3)
    overrides.keep_running_until(ARN, until, client=tags)
    (said,) = read_duty_tags(tags.found).overrides
    assert (said.on, said.until) == (True, int(until.timestamp()))
    assert abs(said.given - time.time()) < 5
    overrides.stay_off_until(ARN, in_hours(1), client=tags)
    assert {each.on for each in read_duty_tags(tags.found).overrides} == {True, False}
    overrides.clear(ARN, client=tags)
    assert tags.found == {}


def test_the_calls_are_those_of_the_api() -> None:
    """A real client takes them, in the Region of the model."""
    client = boto3.client(
        "rekognition", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    with Stubber(client) as stub:
        stub.add_response("tag_resource", {}, {"ResourceArn": ARN, "Tags": {KEYS[1]: ANY}})
        stub.add_response("untag_resource", {}, {"ResourceArn": ARN, "TagKeys": KEYS})
        overrides.stay_off_until(ARN, in_hours(1), client=client)
        overrides.clear(ARN, client=client)
        stub.assert_no_pending_responses()


def test_the_region_is_that_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(boto3, "client", lambda *names, **options: asked.update(options) or Tags())
    overrides.clear(ARN)
    assert asked == {"region_name": "eu-west-1"}


def test_without_boto3_only_the_call_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what to do."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ImportError, match="pip install boto3"):
        overrides.clear(ARN)


@pytest.mark.parametrize(
    ("arn", "until", "words"),
    [
        ("parts", in_hours(1), "project_version_arn must be the ARN of a project version"),
        (ARN, in_hours(-1), "until must be in the future"),
        (ARN, in_hours(24 * 367), "until must be within 366 days"),
        (ARN, datetime.datetime(2099, 1, 1), "until must be a datetime with a time zone"),
        (ARN, "tomorrow", "until must be a datetime with a time zone"),
    ],
)
def test_what_breaks_a_rule_is_named(arn: str, until: Any, words: str) -> None:
    """Nothing is called."""
    for say in (overrides.keep_running_until, overrides.stay_off_until):
        with pytest.raises(ValueError, match=words):
            say(arn, until, client=None)


def test_the_commands_of_the_docs_say_the_same(tmp_path: Path) -> None:
    """By a shell and the AWS CLI, which here only tells what it was given."""
    told = tmp_path / "aws"
    told.write_text('#!/bin/sh\nfor each in "$@"; do echo "$each"; done\n')
    told.chmod(0o755)
    text = DOCS.read_text()
    script = text.partition("```bash\n# keep it running")[2].partition("```")[0]
    assert script.count("aws rekognition") == 2
    shell = f"PATH={tmp_path}:$PATH; ARN={ARN}; {script.partition(chr(10))[2]}"
    found = subprocess.run(["bash", "-euc", shell], capture_output=True, text=True, check=True).stdout
    given = found.splitlines()
    tags = ShorthandParser().parse(given[given.index("--tags") + 1])
    (said,) = read_duty_tags(tags).overrides
    assert (said.on, round(said.until - said.given)) == (True, 7200)
    assert given[given.index("--tag-keys") + 1 :] == KEYS
    assert given.count(ARN) == 2
