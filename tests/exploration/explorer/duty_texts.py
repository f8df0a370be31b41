"""The tags that tell of duty, as the small world keeps them: a time is told as how many steps ago it was."""

from __future__ import annotations

import math
import re
from typing import Final

from running_model_handler.core.duty import Override
from running_model_handler.core.duty_tags import override_tags
from running_model_handler.core.names import Tag

KEPT_OFF: Final = override_tags(Override(on=False, until=31_000_000.0, given=50_000.0))
"""Said before any moment of a world, and until after all of them: that it holds is no question of time."""
_AT: Final = re.compile(r"(?P<before>on |off )(?P<at>[0-9]+)(?P<after> .*)")
_AGE: Final = re.compile(r"(?P<before>on |off )A(?P<age>[0-9]+)(?P<after> .*)")

Tags = tuple[tuple[str, str], ...]


def memory_meant(text: str, now: float, step: float, age_max: int) -> str:
    """What was written of the memory of a model (``core.record``), as the world keeps it."""
    found = _AT.fullmatch(text)
    assert found is not None, text
    age = min(round((now - float(found["at"])) / step), age_max)
    return f"{found['before']}A{age}{found['after']}"


def memory_told(key: str, value: str, now: float, step: float) -> str:
    """A tag as it is read now; tags tell whole seconds."""
    found = _AGE.fullmatch(value) if key == Tag.DUTY else None
    if found is None:
        return value
    return f"{found['before']}{math.floor(now - int(found['age']) * step)}{found['after']}"


def older(tags: Tags, age_max: int) -> Tags:
    """The same a step of time later."""
    return tuple((key, _older(value, age_max) if key == Tag.DUTY else value) for key, value in tags)


def _older(value: str, age_max: int) -> str:
    found = _AGE.fullmatch(value)
    assert found is not None, value
    return f"{found['before']}A{min(int(found['age']) + 1, age_max)}{found['after']}"
