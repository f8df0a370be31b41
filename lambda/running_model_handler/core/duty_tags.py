"""What of a model's duty stands in its tags: overrides, deadline, memory; pure.

Each has a key and a writer of its own, so nothing is read, changed and written back that others write too:
people write overrides, a deployment the deadline, the sweep its memory. Times are whole seconds since the
epoch. Values that make no sense, as people may leave them, count as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from running_model_handler.core.duty import Override
from running_model_handler.core.names import Tag
from running_model_handler.core.record import Record, read_record

OVERRIDE_SECONDS_MAX: Final = 366 * 86_400
"""An override that lasts longer than a year is a declaration, and belongs into the template."""
_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_OVERRIDE: Final = re.compile(r"(?P<until>[0-9]{1,11}) given (?P<given>[0-9]{1,11})")


class DutyTags(NamedTuple):
    """The tags of a model that its duty reads."""

    overrides: tuple[Override, ...] = ()
    stop_at: float | None = None
    record: Record | None = None


def read_duty_tags(tags: Mapping[str, str]) -> DutyTags:
    """What a model's tags tell of its duty (ListTagsForResource)."""
    said = [
        override
        for key, on in ((Tag.KEEP_RUNNING, True), (Tag.STAY_OFF, False))
        if (override := _read_override(tags.get(key, ""), on=on)) is not None
    ]
    stop_at = tags.get(Tag.STOP_AT, "")
    return DutyTags(
        tuple(said),
        float(stop_at) if _SECONDS.fullmatch(stop_at) else None,
        read_record(tags.get(Tag.DUTY, "")),
    )


def override_tags(override: Override) -> dict[str, str]:
    """The tag that says it (TagResource). It replaces an earlier one of its kind; the later word counts."""
    key = Tag.KEEP_RUNNING if override.on else Tag.STAY_OFF
    return {str(key): f"{int(override.until)} given {int(override.given)}"}


def stop_at_tags(stop_at: float) -> dict[str, str]:
    """The tag of a deadline."""
    return {str(Tag.STOP_AT): str(int(stop_at))}


def record_tags(record: Record) -> dict[str, str]:
    """The tag of the memory."""
    return {str(Tag.DUTY): str(record)}


def _read_override(text: str, *, on: bool) -> Override | None:
    match = _OVERRIDE.fullmatch(text)
    if match is None:
        return None
    until, given = float(match["until"]), float(match["given"])
    return Override(on, until, given) if given < until <= given + OVERRIDE_SECONDS_MAX else None
