"""Old views, late credentials, kills, a wrong clock: the end is that of a good day, or a told failure.

Each case is drawn from a seed, which a failing test names.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest
from courses import ACTIONS, COURSES, UNREADABLE, Played, Player, failing, play
from world import Version, World

from running_model_handler.shell.clock import Clock

CASES = 3
"""Of each course."""
CODES = ("AccessDeniedException", "ExpiredTokenException", "OddException", "ThrottlingException", UNREADABLE)


class _Past(NamedTuple):
    at: float
    versions: dict[str, Version]


class _Old(World):
    """Shows tags and statuses as they were a while ago."""

    tags_lag = 0.0
    seen_lag = 0.0

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._past: list[_Past] = []

    def note(self) -> None:
        """Remember what there is."""
        copies = {
            arn: Version(each.status, each.units, each.message, each.feature, dict(each.tags))
            for arn, each in self.versions.items()
        }
        self._past.append(_Past(self.clock.now(), copies))

    def move(self, arn: str, status: str) -> None:
        super().move(arn, status)
        self.note()

    def tag(self, arn: Any, tags: Any) -> None:
        try:
            super().tag(arn, tags)
        finally:
            self.note()

    def untag(self, arn: Any, keys: list[str]) -> None:
        try:
            super().untag(arn, keys)
        finally:
            self.note()

    def tags(self, arn: Any) -> dict[str, str]:
        super().tags(arn)
        return dict(self._then(str(arn), self.tags_lag).tags)

    def observe(self, arn: Any, project: Any) -> Any:
        now, then = super().observe(arn, project), self._then(str(arn), self.seen_lag)
        return now._replace(status=then.status, units=then.units, message=then.message)

    def _then(self, arn: str, lag: float) -> Version:
        shown = [past for past in self._past if past.at <= self.clock.now() - lag]
        return (shown or self._past)[-1 if shown else 0].versions[arn]


def _drawn(world: World, seed: int, *, stack_lags: tuple[float, ...]) -> None:
    chance = random.Random(seed)
    assert isinstance(world, _Old)
    world.stack.lag = chance.choice(stack_lags)
    world.tags_lag, world.seen_lag = chance.choice((0.0, 5.0, 14.0)), chance.choice((0.0, 5.0, 14.0))
    world.stop_while_starting = chance.random() < 0.5
    for version in world.versions.values():
        version.start_seconds = chance.choice((30.0, 600.0, 2000.0))
        version.stop_seconds = chance.choice((10.0, 120.0, 900.0))
    world.note()
    begin, seconds = chance.choice((0.0, 5.0, 20.0, 150.0, 605.0)), chance.choice((20.0, 60.0, 280.0, 1200.0))
    failing(world, chance.choice(ACTIONS), chance.choice(CODES), begin, seconds)


USUAL, OLDER = (0.0, 5.0, 14.0), (16.0, 60.0, 300.0)


@pytest.mark.parametrize("stack_lags", [USUAL, OLDER])
@pytest.mark.parametrize("name", COURSES)
def test_old_views_and_a_call_that_fails_leave_nothing_running_and_cut_nobody_off(
    name: str, stack_lags: tuple[float, ...]
) -> None:
    """G2, G3, G4: tags and statuses up to 14 s old, CloudFormation's word up to five minutes."""
    for case in range(CASES):
        seed = 1000 * list(COURSES).index(name) + case

        def fault(world: World, seed: int = seed) -> None:
            _drawn(world, seed, stack_lags=stack_lags)

        played = play(name, fault, made=_Old(seed=seed))
        assert not played.problems(), (seed, played.told)


class _Killed(BaseException):
    """An invocation ends without a word."""


class _KilledPlayer(Player):
    """Lambda tries again what was killed."""

    def deliver(self, event: dict[str, Any]) -> Any:
        for tries in (1, 2, 3):
            try:
                return self.world.deliver(event)
            except _Killed:
                event = self.world.invocations[-1]
                self.world.clock.sleep(60.0 * tries)
        return None


@pytest.mark.parametrize("name", COURSES)
def test_g5_a_kill_after_a_call_loses_nothing(name: str) -> None:
    """G5: each eleventh call, others in each course, while the view of the stack is 14 s old."""
    nth, calls = 1 + list(COURSES).index(name) % 11, 1

    def fault(world: World) -> None:
        world.stack.lag = 14.0

        def kill(action: str, arn: str) -> None:
            nonlocal calls
            calls = len(world.calls)
            if calls == nth and len(world.invocations) < 20:
                raise _Killed

        world.after = kill

    while nth <= calls:
        played: Played = play(name, fault, player=_KilledPlayer)
        assert not played.problems(), (nth, played.told)
        nth += 11


class _WrongClock:
    """The function's own clock."""

    def __init__(self, clock: Clock, ahead: float) -> None:
        self._clock, self._ahead = clock, ahead
        self.sleep, self.chance = clock.sleep, clock.chance

    def now(self) -> float:
        """Seconds since the epoch, as it has them."""
        return self._clock.now() + self._ahead


@pytest.mark.parametrize("ahead", [-50.0, -20.0, 20.0, 50.0])
def test_a_clock_that_is_wrong_changes_no_end(ahead: float) -> None:
    """G1 to G4: CloudFormation's clock may be 50 s before the function's, or after it."""

    def fault(world: World) -> None:
        world.function.services.clock = _WrongClock(world.clock, ahead)

    for name in COURSES:
        played = play(name, fault)
        assert not played.problems(), (name, played.told)
        assert [told.answer["Status"] for told in played.told if told.answer] == [
            told.answer["Status"] for told in play(name).told if told.answer
        ]
