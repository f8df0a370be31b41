"""DetectCustomLabels: pictures from the request and from S3, and the labels that come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from emulator_world import World, jpeg, outcome_of, png

S3 = {"S3Object": {"Bucket": "pictures", "Name": "part.png"}}


def _detect(world: World, arn: str, image: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    answer = world.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, **options)
    found: list[dict[str, Any]] = answer["CustomLabels"]
    return found


def test_labels_of_the_version_come_back(world: World) -> None:
    """Only its own labels, highest confidence first, and always at least one above the assumed threshold."""
    arn = world.version("RUNNING", labels=["good", "scratch", "dent"])
    for shade in range(0, 250, 10):
        found = _detect(world, arn, {"Bytes": png(shade=shade)})
        confidences = [label["Confidence"] for label in found]
        assert {label["Name"] for label in found} <= {"good", "scratch", "dent"}
        assert confidences == sorted(confidences, reverse=True)
        assert confidences[0] >= 80
        assert all(50 <= value <= 100 for value in confidences)


def test_the_same_picture_gives_the_same_answer(world: World) -> None:
    """Labels follow from the bytes and the version, so another picture or version may differ."""
    world.emulator.settings.detect_calls_per_second = None
    first, second = (world.version("RUNNING", labels=["a", "b", "c"]) for _ in range(2))
    pictures = [{"Bytes": png(shade=shade)} for shade in range(20)]
    once = [_detect(world, first, picture) for picture in pictures]
    assert once == [_detect(world, first, picture) for picture in pictures]
    assert once != [_detect(world, second, picture) for picture in pictures]
    assert len({found[0]["Name"] for found in once}) > 1


def test_filters(world: World) -> None:
    """MinConfidence 0 shows every label, 100 none; MaxResults keeps the highest."""
    arn = world.version("RUNNING", labels=["a", "b", "c"])
    picture = {"Bytes": jpeg()}
    everything = _detect(world, arn, picture, MinConfidence=0)
    assert {label["Name"] for label in everything} == {"a", "b", "c"}
    assert _detect(world, arn, picture, MinConfidence=0, MaxResults=2) == everything[:2]
    assert _detect(world, arn, picture, MinConfidence=100) == []


# picture, code
PICTURES: list[tuple[Callable[[], bytes], str]] = [
    (lambda: png(64, 64), "ok"),
    (lambda: png(4096, 64), "ok"),
    (lambda: jpeg(4096, 4096), "ok"),
    (lambda: png(63, 64), "InvalidParameterException"),
    (lambda: jpeg(64, 63), "InvalidParameterException"),
    (lambda: png(64, 4097), "ImageTooLargeException"),
    (lambda: png() + b"\0" * (4 * 1024 * 1024), "ImageTooLargeException"),
    (lambda: png() + b"\0" * (5 * 1024 * 1024), "InvalidParameterException"),
    (lambda: b"GIF89a" + b"\0" * 100, "InvalidImageFormatException"),
    (lambda: b"RIFF\0\0\0\0WEBPVP8 ", "InvalidImageFormatException"),
    (lambda: png()[:20], "InvalidImageFormatException"),
    (lambda: jpeg()[:15], "InvalidImageFormatException"),
    (lambda: b"\xff\xd8\xff\xff\xff\xff\xff", "InvalidImageFormatException"),
    (lambda: b"\xff\xd8\xff\xe0\x00\x00\x00\x00\x00\x00", "InvalidImageFormatException"),
    (lambda: png(0, 80), "InvalidImageFormatException"),
    (lambda: b"x", "InvalidImageFormatException"),
]


@pytest.mark.parametrize(("picture", "code"), PICTURES)
def test_what_is_a_picture(world: World, picture: Callable[[], bytes], code: str) -> None:
    """PNG and JPEG, at most 4 MB, 64 to 4096 pixels a side; everything else by the service's own errors."""
    arn = world.version("RUNNING")
    assert outcome_of(lambda: _detect(world, arn, {"Bytes": picture()})) == code


def test_the_errors_are_typed(world: World) -> None:
    """boto3 raises the exceptions of the service's model."""
    arn, idle = world.version("RUNNING"), world.version()
    errors = world.rekognition.exceptions
    with pytest.raises(errors.InvalidImageFormatException):
        _detect(world, arn, {"Bytes": b"no picture"})
    with pytest.raises(errors.ResourceNotReadyException, match="TRAINING_COMPLETED"):
        _detect(world, idle, {"Bytes": png()})
    with pytest.raises(errors.InvalidS3ObjectException):
        _detect(world, arn, S3)


def test_a_picture_from_s3(world: World) -> None:
    """The reader gets bucket, key and version, and its bytes count as those of a request do."""
    arn = world.version("RUNNING")
    asked: list[tuple[str, str, str | None]] = []

    def read(bucket: str, key: str, version: str | None) -> bytes:
        asked.append((bucket, key, version))
        return png()

    world.emulator.s3_reader = read
    found = _detect(world, arn, S3)
    _detect(world, arn, {"S3Object": {**S3["S3Object"], "Version": "7"}})
    assert found == _detect(world, arn, {"Bytes": png()})
    assert asked == [("pictures", "part.png", None), ("pictures", "part.png", "7")]


def test_a_picture_in_s3_may_be_larger(world: World) -> None:
    """15 MB there, 4 MB in a request."""
    arn = world.version("RUNNING")
    world.emulator.s3_reader = lambda *_: png() + b"\0" * (5 * 1024 * 1024)
    assert outcome_of(lambda: _detect(world, arn, S3)) == "ok"
    world.emulator.s3_reader = lambda *_: png() + b"\0" * (15 * 1024 * 1024)
    assert outcome_of(lambda: _detect(world, arn, S3)) == "ImageTooLargeException"


def test_an_object_that_can_not_be_read(world: World) -> None:
    """Whatever the reader raises, the caller sees InvalidS3ObjectException."""
    arn = world.version("RUNNING")

    def read(bucket: str, key: str, version: str | None) -> bytes:
        raise PermissionError(key)

    world.emulator.s3_reader = read
    assert outcome_of(lambda: _detect(world, arn, S3)) == "InvalidS3ObjectException"
    nameless = {"S3Object": {"Bucket": "pictures"}}
    assert outcome_of(lambda: _detect(world, arn, nameless)) == "InvalidS3ObjectException"


@pytest.mark.parametrize("image", [{}, {"Bytes": b"\x89PNG", **S3}])
def test_either_bytes_or_an_object(world: World, image: dict[str, Any]) -> None:
    """Both or neither is InvalidParameterException."""
    arn = world.version("RUNNING")
    assert outcome_of(lambda: _detect(world, arn, image)) == "InvalidParameterException"


def test_detections_have_their_own_rates(world: World) -> None:
    """50 a second by default; and, where set, so many for each inference unit of a model."""
    arn = world.version("RUNNING", units=2)
    picture = {"Bytes": png()}
    over = "ProvisionedThroughputExceededException"
    outcomes = [outcome_of(lambda: _detect(world, arn, picture)) for _ in range(51)]
    assert outcomes == ["ok"] * 50 + [over]
    world.clock.advance(1)
    world.emulator.settings.detect_calls_per_unit_second = 5
    outcomes = [outcome_of(lambda: _detect(world, arn, picture)) for _ in range(11)]
    assert outcomes == ["ok"] * 10 + [over]


def test_the_journal_holds_no_picture(world: World) -> None:
    """A picture stands in the journal as its size."""
    arn = world.version("RUNNING")
    picture = png()
    _detect(world, arn, {"Bytes": picture})
    entry = world.emulator.journal.calls("DetectCustomLabels", arn)[0]
    assert entry.detail["parameters"]["Image"] == {"Bytes": f"{len(picture)} bytes"}
