"""Requests are judged by the service's own model: type, presence, length, range, enum, pattern."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from emulator_world import World, outcome_of, post
from hypothesis import given
from hypothesis import strategies as st

from local_aws.rekognition import ApiError
from local_aws.rekognition.validation import matches, service_model

PROJECT = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/1690734433420"
VERSION = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v1/1691099674800"
VALIDATION, SERIALIZATION = "InvalidParameterException", "SerializationException"

# operation, body, code, part of the message
WRONG: list[tuple[str, Any, str, str]] = [
    ("DescribeProjectVersions", {}, VALIDATION, "Value null at 'projectArn'"),
    ("DescribeProjectVersions", {"ProjectArn": None}, VALIDATION, "must not be null"),
    ("DescribeProjectVersions", {"ProjectArn": VERSION}, VALIDATION, "regular expression"),
    ("DescribeProjectVersions", {"ProjectArn": PROJECT + "\n"}, VALIDATION, "regular expression"),
    ("DescribeProjectVersions", {"ProjectArn": "a" * 2049}, VALIDATION, "less than or equal to 2048"),
    ("DescribeProjectVersions", {"ProjectArn": PROJECT, "VersionNames": []}, VALIDATION, "equal to 1"),
    (
        "DescribeProjectVersions",
        {"ProjectArn": PROJECT, "VersionNames": [f"v{n}" for n in range(11)]},
        VALIDATION,
        "less than or equal to 10",
    ),
    (
        "DescribeProjectVersions",
        {"ProjectArn": PROJECT, "VersionNames": ["v 1"]},
        VALIDATION,
        "versionNames.1.member",
    ),
    ("DescribeProjectVersions", {"ProjectArn": PROJECT, "VersionNames": "v1"}, SERIALIZATION, "list"),
    ("DescribeProjects", {"MaxResults": 101}, "ValidationException", "less than or equal to 100"),
    ("DescribeProjects", {"MaxResults": 0}, "ValidationException", "greater than or equal to 1"),
    ("DescribeProjects", {"MaxResults": 1.5}, SERIALIZATION, "integer"),
    ("DescribeProjects", {"MaxResults": True}, SERIALIZATION, "integer"),
    ("DescribeProjects", {"Features": ["LABELS"]}, VALIDATION, "CONTENT_MODERATION, CUSTOM_LABELS"),
    ("StartProjectVersion", {"ProjectVersionArn": VERSION}, VALIDATION, "minInferenceUnits"),
    (
        "StartProjectVersion",
        {"ProjectVersionArn": VERSION, "MinInferenceUnits": 0},
        VALIDATION,
        "greater than or equal to 1",
    ),
    (
        "StartProjectVersion",
        {"ProjectVersionArn": VERSION, "MinInferenceUnits": "1"},
        SERIALIZATION,
        "integer",
    ),
    (
        "StartProjectVersion",
        {"ProjectVersionArn": VERSION, "MinInferenceUnits": 2**31},
        SERIALIZATION,
        "integer",
    ),
    (
        "StartProjectVersion",
        {"ProjectVersionArn": PROJECT, "MinInferenceUnits": 1, "MaxInferenceUnits": 0},
        VALIDATION,
        "2 validation errors detected",
    ),
    ("StopProjectVersion", {"ProjectVersionArn": 7}, SERIALIZATION, "string"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": {"aws:x": "1"}}, VALIDATION, "regular expression"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": {"": "1"}}, VALIDATION, "equal to 1"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": {"k" * 129: "1"}}, VALIDATION, "equal to 128"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": {"k": "v" * 257}}, VALIDATION, "equal to 256"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": {"k": "a;b"}}, VALIDATION, "regular expression"),
    ("TagResource", {"ResourceArn": VERSION, "Tags": []}, SERIALIZATION, "map"),
    (
        "TagResource",
        {"ResourceArn": VERSION, "Tags": {f"k{n}": "" for n in range(201)}},
        VALIDATION,
        "equal to 200",
    ),
    (
        "DetectCustomLabels",
        {"ProjectVersionArn": VERSION, "Image": {"Bytes": "no base64!"}},
        SERIALIZATION,
        "base64",
    ),
    (
        "DetectCustomLabels",
        {"ProjectVersionArn": VERSION, "Image": {}, "MinConfidence": 101},
        VALIDATION,
        "equal to 100",
    ),
    ("DescribeProjects", b"{", SERIALIZATION, "JSON"),
    ("DescribeProjects", b"[]", SERIALIZATION, "object"),
    ("DescribeProjects", b'{"MaxResults": NaN}', SERIALIZATION, "JSON"),
    ("DescribeProjects", b"\xff\xfe", SERIALIZATION, "JSON"),
    ("DescribeProjects", b"[" * 100_000, SERIALIZATION, "JSON"),
]


@pytest.mark.parametrize(("operation", "body", "code", "message"), WRONG)
def test_fails_when_a_request_breaks_the_model(
    world: World, operation: str, body: object, code: str, message: str
) -> None:
    """What the model forbids is refused with the service's code and a message that names the place."""
    status, answer = post(world.emulator, operation, body)
    assert (status, answer["__type"]) == (400, code)
    assert message in answer["message"]
    assert answer["Message"] == answer["message"]


def test_members_that_the_model_does_not_have_are_ignored(world: World) -> None:
    """As AWS's JSON protocols do, so that a newer SDK does not fail."""
    status, answer = post(world.emulator, "DescribeProjects", {"Novelty": {"a": 1}, "NextToken": None})
    assert status == 200
    assert len(answer["ProjectDescriptions"]) == 1


CONSTRAINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "missing": ("StartProjectVersion", {"ProjectVersionArn": VERSION}),
    "length": ("DescribeProjects", {"ProjectNames": []}),
    "pattern": ("DescribeProjects", {"ProjectNames": ["é"]}),
    "enum": ("DescribeProjects", {"Features": ["LABELS"]}),
    "range": ("StartProjectVersion", {"ProjectVersionArn": VERSION, "MinInferenceUnits": 0}),
    "page_size": ("DescribeProjects", {"MaxResults": 101}),
}


@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_the_code_of_each_broken_constraint_is_a_switch(world: World, kind: str) -> None:
    """The documented one by default: ValidationException for MaxResults, InvalidParameterException else."""
    operation, body = CONSTRAINTS[kind]
    documented, other = "InvalidParameterException", "ValidationException"
    if kind == "page_size":
        documented, other = other, documented
    assert post(world.emulator, operation, body)[1]["__type"] == documented
    world.emulator.settings.update({f"{kind}_error": other})
    assert post(world.emulator, operation, body)[1]["__type"] == other


@pytest.mark.parametrize("name", ["é", "ａ", "日本", "٣", "ß", "a\u0301"])
def test_names_are_ascii(world: World, name: str) -> None:
    """The pattern of a name says a-z and 0-9; a letter or digit of another script is none of them."""
    assert (
        outcome_of(lambda: world.rekognition.create_project(ProjectName=name)) == "InvalidParameterException"
    )


def test_the_status_of_an_error_is_that_of_the_model() -> None:
    """Faults of the service are 500 (throttling among them), what the caller did wrong is 400."""
    names = {
        shape.name
        for operation in service_model().operation_names
        for shape in service_model().operation_model(operation).error_shapes
    }
    assert "ThrottlingException" in names
    for name in names:
        fault = vars(service_model().shape_for(name))["_shape_model"].get("fault", False)
        assert ApiError(name, "").status == (500 if fault else 400), name


def test_a_throttle_is_http_500(world: World) -> None:
    """As the API reference says of ThrottlingException; SDKs go by the code."""
    world.emulator.faults.once("DescribeProjects", "throttle")
    assert post(world.emulator, "DescribeProjects", {})[0] == 500


def test_more_than_the_model_can_say(world: World) -> None:
    """A maximum below the minimum fits the model and is InvalidParameterException."""
    arn = world.version()
    problem = outcome_of(lambda: world.start(arn, 2, MaxInferenceUnits=1))
    assert problem == "InvalidParameterException"
    assert world.emulator.status(arn) == "TRAINING_COMPLETED"


def _pattern(shape: str) -> str:
    return str(service_model().shape_for(shape).metadata["pattern"])


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("owner", True),
        ("stack:parts/Detector=1+2-3@4_5.6 7", True),
        ("Größe Ωλ 日本語 ٣", True),
        ("aws:reserved", False),
        ("AWS:fine", True),
        ("a#b", False),
        ("tab\there", False),
        ("no-break\u00a0and\u3000ideographic spaces", True),
        ("emoji 🙂", False),
    ],
)
def test_tag_keys_in_any_language(text: str, fits: bool) -> None:
    """Letters, numbers and separators of every script match the model's Unicode classes; symbols do not."""
    assert matches(_pattern("TagKey"), text) is fits


@given(st.text(max_size=40))
def test_the_tag_value_pattern_is_that_of_its_unicode_categories(text: str) -> None:
    """Whatever the text: it fits exactly if each character is a letter, separator, number or named symbol."""
    expected = all(unicodedata.category(c)[0] in "LZN" or c in "_.:/=+-@" for c in text)
    assert matches(_pattern("TagValue"), text) is expected


ODD = [None, True, 1.5, -1, 0, 10**400, 1e999, -1e999, "", "x", "\ud800", "é", [], ["x"], {}, {"a": 1}, [[1]]]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DescribeProjects", "MaxResults"),
        ("DescribeProjects", "NextToken"),
        ("DescribeProjects", "ProjectNames"),
        ("DescribeProjectVersions", "ProjectArn"),
        ("DescribeProjectVersions", "NextToken"),
        ("StartProjectVersion", "ProjectVersionArn"),
        ("StartProjectVersion", "MinInferenceUnits"),
        ("StartProjectVersion", "MaxInferenceUnits"),
        ("CreateProject", "Tags"),
        ("TagResource", "Tags"),
        ("UntagResource", "TagKeys"),
        ("DetectCustomLabels", "Image"),
        ("DetectCustomLabels", "MinConfidence"),
    ],
)
def test_no_value_ends_a_connection(world: World, operation: str, member: str, value: object) -> None:
    """Of whatever kind: an answer or a 400, as the service gives it."""
    arn = world.version()
    bodies: dict[str, dict[str, object]] = {
        "DescribeProjectVersions": {"ProjectArn": world.project},
        "StartProjectVersion": {"ProjectVersionArn": arn, "MinInferenceUnits": 1},
        "CreateProject": {"ProjectName": "other"},
        "TagResource": {"ResourceArn": arn, "Tags": {}},
        "UntagResource": {"ResourceArn": arn, "TagKeys": ["a"]},
        "DetectCustomLabels": {"ProjectVersionArn": arn, "Image": {"Bytes": "aGVsbG8="}},
    }
    status, _ = post(world.emulator, operation, {**bodies.get(operation, {}), member: value})
    assert status in (200, 400)
    assert world.emulator.journal.select(kind="note") == []
    assert outcome_of(world.rekognition.describe_projects) == "ok"
