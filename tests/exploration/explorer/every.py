"""One world explored from beginning to end, for whoever runs many of them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from explorer.search import explore
from explorer.story import story_of
from explorer.world import World
from explorer.worlds import world_of

STATES_MAX: Final = 150_000
"""Of one world, unless more are asked for; a million take half a gigabyte."""
ROW: Final = "| {:<38} | {:<32} | {:>9} | {:>7} | {}"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a world, without the states."""

    story: str
    faults: str
    states: int
    seconds: float
    complete: bool
    stories: tuple[tuple[str, ...], ...]

    def row(self) -> str:
        """A row of a Markdown table."""
        end = "violated |" if self.stories else "all |" if self.complete else "not all |"
        return ROW.format(self.story, self.faults, f"{self.states:,}", f"{self.seconds:.0f} s", end)


def found_in(story: str, faults: str, states_max: int, violations_max: int = 1) -> Found:
    """Explore one world."""
    search = explore(World(world_of(story, faults)), states_max=states_max, violations_max=violations_max)
    stories = tuple(tuple(story_of(search, each)) for each in search.violations)
    return Found(story, faults, len(search.states), search.seconds, search.complete, stories)


def found_in_task(task: tuple[str, str, int]) -> Found:
    """The same, of one argument."""
    return found_in(*task)
