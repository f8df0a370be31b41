"""Explores scenes: ``python -m explorer [NAME ...]``."""

from __future__ import annotations

import sys

from explorer.search import explore
from explorer.story import story_of
from explorer.world import World
from explorer.worlds import SCENES


def main(names: list[str]) -> int:
    """Explore the scenes of these names, all of them where there are none."""
    for name in names or SCENES:
        search = explore(World(SCENES[name]), states_max=3_000_000)
        print(f"{name}: {len(search.states)} states, {search.steps} steps in {search.seconds:.1f} s, "
              f"{len(search.world.minds.all)} minds{'' if search.complete else ', not all'}", flush=True)
        for violation in search.violations:
            print("\n".join(story_of(search, violation)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
