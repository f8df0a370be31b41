"""What comes again and again, as rounds of the janitor do, for as long as there is anything to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.world import World


class Recurring:
    """Lets something happen at equal intervals until the world is over."""

    def __init__(self, world: World, first: float, interval: float, act: Callable[[], None]) -> None:
        """``first``: when it is due first, in seconds since the epoch."""
        self._world = world
        self._interval = interval
        self._act = act
        world.kernel.at(first, self._due)

    def _due(self) -> None:
        if not self._world.is_over:
            self._act()
            self._world.kernel.after(self._interval, self._due)
