"""Wide plans, and that plain ones are what they were: the same plan, the same story, to the letter."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from simulator import stored
from simulator.alternatives import BOTO3_WAITER
from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.features import features, plain
from simulator.plan import Plan
from simulator.shrink import shrink
from simulator.world import World

PLAIN_STORIES: Final = "1050950e8855fb2e"
"""Of the stories of seeds 1 to 300 as one handler that never changes has lived through them, before there was
anything but plain plans. Whoever changes the plain world on purpose notes the new one here."""
SEEDS: Final = range(1, 1001)


def test_plain_histories_are_what_they_were() -> None:
    """Every event at its time, for a handler that has nothing to do with ours."""
    digest = hashlib.sha256()
    for seed in range(1, 301):
        world = BOTO3_WAITER.world(draw(seed, wide=False))
        world.play()
        digest.update("\n".join(world.story.lines()).encode())
    assert digest.hexdigest()[:16] == PLAIN_STORIES


def test_what_is_drawn_beyond_a_plain_life_moves_nothing_else() -> None:
    """Without it, the plan is the plain one: each group draws from a stream of its own."""
    compared = 0
    for seed in SEEDS:
        wide, narrow = draw(seed, wide=True), draw(seed, wide=False)
        lives = [stack.operations for stack in plain(wide).stacks]
        other = (wide.models, wide.faults.iam_delay) != (narrow.models, narrow.faults.iam_delay)
        if wide == narrow or other or lives != [stack.operations for stack in narrow.stacks]:
            continue
        assert replace(plain(wide), invocation_seconds=narrow.invocation_seconds) == narrow
        compared += 1
    assert compared > 50


def test_plain_plans_have_none_of_it() -> None:
    """A field at its default is as before; what people declare may change hands in a plain life, too."""
    of_plain = Counter(one for seed in SEEDS for one in features(draw(seed, wide=False)))
    assert set(of_plain) <= {"a model changes hands", "renamed and resized"}


def test_every_feature_is_drawn_now_and_then() -> None:
    """None in less than two of a thousand plans, none in more than a fifth."""
    drawn = Counter(one for seed in range(1, 3001) for one in features(draw(seed, wide=True)))
    assert len(drawn) > 30
    assert {name for name, count in drawn.items() if not 4 <= count <= 600} == set()


def test_a_wide_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    """Every new field."""
    for seed in range(1, 120):
        found = stored.Found(seed, "G3", "it bills", draw(seed, wide=True))
        assert stored.read(stored.write(found, tmp_path)) == found


def test_shrinking_takes_out_all_that_is_not_needed() -> None:
    """What fails whatever it holds shrinks to a plain plan."""
    for seed in _wide_seeds(12):
        assert features(shrink(draw(seed, wide=True), lambda _: True)) == []


def test_shrinking_keeps_what_is_needed() -> None:
    """And nothing else."""

    def with_initiated(plan: Plan) -> bool:
        return any(stack.shows_initiated for stack in plan.stacks)

    seed = next(seed for seed in SEEDS if with_initiated(draw(seed, wide=True)))
    assert features(shrink(draw(seed, wide=True), with_initiated)) == ["shows_initiated=True"]


def test_a_story_tells_what_its_user_does_beyond_a_plain_life() -> None:
    """A reader sees why a stack does not roll back, and what is not shown."""
    told = [line for seed in _wide_seeds(60) for line in _user_lines(seed)]
    assert any("no roll-back" in line for line in told)
    assert any("is shown nothing of" in line for line in told)


def _wide_seeds(count: int) -> list[int]:
    return [seed for seed in SEEDS if draw(seed, wide=True) != draw(seed, wide=False)][:count]


def _user_lines(seed: int) -> list[str]:
    world = World(draw(seed, wide=True), new_handler)
    world.play()
    return [line for line in world.story.lines() if "the user of" in line]
