"""What DetectCustomLabels looks at: format and size of a picture, and labels that follow from its bytes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local_aws.rekognition.errors import ApiError, invalid_parameter

BYTES_MAX = 4 * 1024 * 1024
"""Largest picture in a request; DetectCustomLabels takes 4 MB (API reference, Image)."""
S3_BYTES_MAX = 15 * 1024 * 1024
"""Largest picture in S3 (Custom Labels guide, quotas)."""
SIDE_MIN, SIDE_MAX = 64, 4096
"""Pixels of a side (Custom Labels guide, quotas). Which error says so is not documented."""
ASSUMED_THRESHOLD = 50.0
"""Confidence below which a label is left out if the caller names no MinConfidence; from training on AWS."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's format ("PNG" or "JPEG") and its size in pixels."""

    format: str
    width: int
    height: int


def look(data: bytes, bytes_max: int) -> Picture:
    """Read a picture's header; raises ``ApiError`` as the service names what is wrong with it."""
    if len(data) > bytes_max:
        raise ApiError("ImageTooLargeException", f"Image size is too large, at most {bytes_max} bytes.")
    picture = _png(data) if data.startswith(_PNG) else _jpeg(data) if data.startswith(_JPEG) else None
    if picture is None or not (picture.width and picture.height):
        raise ApiError("InvalidImageFormatException", "Request has invalid image format")
    if max(picture.width, picture.height) > SIDE_MAX:
        raise ApiError("ImageTooLargeException", f"A side of the image has more than {SIDE_MAX} pixels.")
    if min(picture.width, picture.height) < SIDE_MIN:
        raise invalid_parameter(f"A side of the image has fewer than {SIDE_MIN} pixels.")
    return picture


def _png(data: bytes) -> Picture | None:
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", data[16:24])
    return Picture("PNG", width, height)


def _jpeg(data: bytes) -> Picture | None:
    for marker, position in _segments(data):
        if marker in _FRAMES and position + 7 <= len(data):
            height, width = struct.unpack(">HH", data[position + 3 : position + 7])
            return Picture("JPEG", width, height)
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and position of the length of each segment, up to the picture's data."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        elif marker == 0xDA:
            return
        else:
            yield marker, position + 2
            position += 2 + int(struct.unpack(">H", data[position + 2 : position + 4])[0])


def labels_of(data: bytes, version_arn: str, labels: Sequence[str]) -> list[tuple[str, float]]:
    """Labels with their confidence in percent, highest first. Invented: the same bytes give the same answer,
    one label is always above the assumed threshold, and nothing is seen in the picture.
    """
    drawn = sorted(
        (
            (hashlib.sha256(version_arn.encode() + b"/" + label.encode() + b"/" + data).digest(), label)
            for label in labels
        ),
        reverse=True,
    )
    found = [(label, _percent(digest)) for digest, label in drawn]
    if found:
        name, confidence = found[0]
        found[0] = (name, round(80.0 + confidence / 5.0, 4))
    return sorted(found, key=lambda item: -item[1])


def _percent(digest: bytes) -> float:
    return round(int.from_bytes(digest[:4], "big") / 2**32 * 100.0, 4)
