"""The process of one mutant: ``python -m explorer.mutants.child NAME STATES [SCENE FAULTS]``.

Nothing of the handler is imported before the mutant is in its place.
"""

from __future__ import annotations

import json
import sys

from explorer.mutants.table import BY_NAME
from simulator.mutants.hook import install


def main(name: str, states_max: int, scene: str = "", faults: str = "") -> None:
    """Put the mutant in, explore, and print what was found as JSON."""
    mutant = BY_NAME[name]
    install(mutant)
    from explorer import worlds
    from explorer.search import explore
    from explorer.story import story_of
    from explorer.world import World

    search = explore(
        World(worlds.world_of(scene or mutant.scene, faults or mutant.faults)), states_max=states_max
    )
    found = search.violations[:1]
    print(
        json.dumps(
            {
                "violation": found[0].text if found else None,
                "states": len(search.states),
                "complete": search.complete,
                "seconds": search.seconds,
                "story": story_of(search, found[0]) if found else [],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
