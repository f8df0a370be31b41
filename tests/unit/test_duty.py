"""Duty: the rows of its table, when it turns, and that no two guards, and no person, undo each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_model_handler.core.duty import (
    IDLE_AGE_SECONDS_MIN,
    LEAD_SECONDS_MAX,
    LEAD_SECONDS_UNKNOWN,
    Calls,
    Facts,
    Guards,
    Messages,
    Override,
    QueueGuard,
    deadline_of,
    duty_of,
    lead_of,
    needs_calls,
)
from running_model_handler.core.hours import Period
from running_model_handler.core.record import By, QueueMemory, Record, asked, noted, with_queue

BERLIN = "Europe/Berlin"
OFFICE = Period((0, 1, 2, 3, 4), 8 * 60, 18 * 60, BERLIN)
EVENING = Period((0, 1, 2, 3, 4), None, 20 * 60, BERLIN)
HOUR, DAY = 3600.0, 86_400.0


def at(text: str) -> float:
    """Seconds since the epoch of a time in Berlin; 1 June 2026 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()


MONDAY, TUESDAY = at("2026-06-01 08:00"), at("2026-06-02 08:00")
NOON, EVENING_AT = at("2026-06-01 12:00"), at("2026-06-01 18:00")
SATURDAY = at("2026-06-06 12:00")
OFFICE_HOURS = Guards(hours=(OFFICE,), lead_seconds=0)
QUEUE = Guards(queue=QueueGuard("https://queue", 600))
EMPTY = Messages(0)


def record(on: bool, since: float, by: By = By.DUTY, queue: QueueMemory | None = None) -> Record:
    """A memory that has been reached."""
    return Record(on, since, True, by, queue)


def test_without_a_guard_a_model_is_needed() -> None:
    """For good, since the deployment asked."""
    duty = duty_of(Facts(Guards(), asked_at=NOON), NOON + DAY)
    assert (duty.on, duty.since, duty.until) == (True, NOON, None)
    assert Guards().any is False


def test_hours() -> None:
    """On within, off outside, with edges and words."""
    within = duty_of(Facts(OFFICE_HOURS), NOON)
    assert (within.on, within.since, within.until) == (True, MONDAY, EVENING_AT)
    assert within.why == "within the running hours MON-FRI 08:00-18:00 Europe/Berlin"
    outside = duty_of(Facts(OFFICE_HOURS), EVENING_AT)
    assert (outside.on, outside.since, outside.until) == (False, EVENING_AT, TUESDAY)


def test_hours_begin_by_the_lead_early() -> None:
    """As declared, else by what the last start took."""
    known = Facts(Guards(hours=(OFFICE,)), start_seconds=600.0)
    assert duty_of(known, EVENING_AT).until == TUESDAY - 660
    assert lead_of(Guards(), None) == LEAD_SECONDS_UNKNOWN
    assert lead_of(Guards(), 7000.0) == LEAD_SECONDS_MAX
    assert lead_of(Guards(lead_seconds=60), 7000.0) == 60


def test_what_is_stopped_by_hand_stays_off_until_the_next_period() -> None:
    """Not by the sweep, and not by the hours that go on."""
    stopped = Facts(OFFICE_HOURS, record(False, NOON, By.HAND))
    duty = duty_of(stopped, NOON + 60)
    assert (duty.on, duty.since, duty.until) == (False, NOON, TUESDAY)
    assert "stopped by hand" in duty.why
    assert duty_of(stopped, TUESDAY).on is True


def test_a_deployment_starts_again_what_was_stopped_by_hand() -> None:
    """Within the hours; outside them it does not."""
    stopped = Facts(OFFICE_HOURS, record(False, NOON, By.HAND), asked_at=NOON + 60)
    assert duty_of(stopped, NOON + 120).on is True
    assert duty_of(stopped, EVENING_AT).on is False


def test_what_is_started_by_hand_outside_the_hours_is_stopped() -> None:
    """Unless an override says otherwise."""
    started = Facts(OFFICE_HOURS, record(True, SATURDAY, By.HAND))
    assert duty_of(started, SATURDAY + 60).on is False
    kept = started._replace(overrides=(Override(True, SATURDAY + HOUR, SATURDAY),))
    duty = duty_of(kept, SATURDAY + 60)
    assert (duty.on, duty.since, duty.until) == (True, SATURDAY, SATURDAY + HOUR)


def test_an_override_that_ends_within_the_hours_changes_nothing_then() -> None:
    """The duty ends with the hours."""
    kept = Facts(OFFICE_HOURS, overrides=(Override(True, NOON + HOUR, NOON),))
    assert duty_of(kept, NOON).until == EVENING_AT
    off = Facts(OFFICE_HOURS, overrides=(Override(False, SATURDAY, NOON),))
    assert duty_of(off, NOON).until == at("2026-06-08 08:00")


def test_the_later_override_counts() -> None:
    """Of two that were given at once, the one that costs nothing; one that is over counts no more."""
    keep, off = Override(True, NOON + HOUR, NOON), Override(False, NOON + 2 * HOUR, NOON + 60)
    for order in ((keep, off), (off, keep)):
        assert duty_of(Facts(Guards(), overrides=order), NOON + 120).on is False
    later = keep._replace(given=NOON + 90)
    assert duty_of(Facts(Guards(), overrides=(later, off)), NOON + 120).on is True
    assert duty_of(Facts(Guards(), overrides=(later, off)), NOON + HOUR).on is False
    assert duty_of(Facts(Guards(), overrides=(keep, off._replace(given=NOON))), NOON + 120).on is False
    assert duty_of(Facts(Guards(), overrides=(off,)), NOON + 2 * HOUR).on is True


def test_stop_after_is_an_absolute_deadline() -> None:
    """The tag's, else counted from the deployment; it ends whatever the hours and the queue say."""
    guards = Guards(hours=(OFFICE,), stop_after_seconds=3600, queue=QUEUE.queue)
    declared = Facts(guards, asked_at=NOON, messages=Messages(5))
    assert deadline_of(guards, NOON) == NOON + HOUR
    assert deadline_of(Guards(), NOON) is None
    assert duty_of(declared, NOON).until == NOON + HOUR
    over = duty_of(declared, NOON + HOUR)
    assert (over.on, over.since, over.until) == (False, NOON + HOUR, None)
    assert duty_of(declared._replace(stop_at=NOON + 60), NOON + 60).on is False
    assert duty_of(declared._replace(stop_at=NOON + DAY), NOON + HOUR).on is True
    assert duty_of(Facts(Guards(), stop_at=NOON), NOON + 60).on is True


def idle(record: Record | None, calls: Calls | None, seconds: int = 1200, **facts: float) -> Facts:
    """A model that stops when nobody calls it."""
    return Facts(Guards(idle_seconds=seconds), record, calls=calls, **facts)  # type: ignore[arg-type]


def test_idle_counts_from_running_on_and_from_the_last_call() -> None:
    """Whichever is later; a deployment counts as well."""
    up = record(True, NOON)
    never = idle(up, Calls(NOON - DAY, None))
    assert duty_of(never, NOON).until == NOON + IDLE_AGE_SECONDS_MIN
    stopped = duty_of(never, NOON + IDLE_AGE_SECONDS_MIN)
    assert (stopped.on, stopped.by) == (False, By.IDLE)
    called = idle(up, Calls(NOON - DAY, NOON + HOUR))
    assert duty_of(called, NOON + HOUR).until == NOON + HOUR + 1200
    assert duty_of(called, NOON + HOUR + 1199).on is True
    deployed = idle(up, Calls(NOON - DAY, None), asked_at=NOON + HOUR)
    assert duty_of(deployed, NOON + HOUR).until == NOON + HOUR + IDLE_AGE_SECONDS_MIN


def test_what_is_not_known_is_not_idle() -> None:
    """Neither calls that could not be counted, nor those before they were, nor a model that starts."""
    up = record(True, NOON)
    assert duty_of(idle(up, None), NOON + DAY).on is True
    assert duty_of(idle(up, Calls(NOON + 23.9 * HOUR, None)), NOON + DAY).on is True
    assert duty_of(idle(Record(True, NOON, False, By.DUTY), Calls(NOON, None)), NOON + DAY).on is True
    assert duty_of(idle(None, Calls(NOON, None)), NOON + DAY).on is True


def test_calls_are_counted_only_where_they_can_matter() -> None:
    """Not before the model has been up for as long as makes it idle, and not while it is down."""
    up = idle(record(True, NOON), None, seconds=3600)
    assert not needs_calls(up, NOON + HOUR - 1)
    assert needs_calls(up, NOON + HOUR)
    assert not needs_calls(up._replace(record=record(False, NOON)), NOON + DAY)
    assert not needs_calls(up._replace(record=None), NOON + DAY)
    assert not needs_calls(up._replace(guards=OFFICE_HOURS), NOON + DAY)


@pytest.mark.parametrize("by", [By.IDLE, By.HAND])
def test_what_was_stopped_as_idle_or_by_hand_waits_for_a_deployment(by: By) -> None:
    """Where nothing else starts it."""
    off = Facts(Guards(idle_seconds=1200), record(False, NOON, by))
    assert (duty_of(off, NOON + DAY).on, duty_of(off, NOON + DAY).until) == (False, None)
    assert duty_of(off._replace(asked_at=NOON + 60), NOON + DAY).on is True
    assert duty_of(off._replace(record=record(False, NOON)), NOON + DAY).on is True


def test_what_was_stopped_as_idle_within_the_hours_waits_for_the_next_period() -> None:
    """Or it would be started again at once."""
    guards = Guards(hours=(OFFICE,), lead_seconds=0, idle_seconds=1200)
    stopped = Facts(guards, record(False, NOON, By.IDLE), calls=Calls(MONDAY, None))
    assert duty_of(stopped, NOON + 60).until == TUESDAY
    assert duty_of(stopped, TUESDAY).on is True


def queue(record: Record | None, messages: Messages | None, guards: Guards = QUEUE) -> Facts:
    """A model that runs for a queue."""
    return Facts(guards, record, messages=messages)


def test_messages_that_wait_start_it() -> None:
    """Those in flight do not, but they keep it running."""
    filled, down = QueueMemory(False, NOON), record(False, MONDAY)
    assert duty_of(queue(down._replace(queue=filled), Messages(1)), NOON).on is True
    assert duty_of(queue(down._replace(queue=filled), Messages(0, 1)), NOON).on is False
    assert duty_of(queue(record(True, MONDAY, queue=filled), Messages(0, 1)), NOON + DAY).on is True


def test_an_empty_queue_ends_the_duty_after_a_while() -> None:
    """Counted since it is empty, and from RUNNING on."""
    emptied = QueueMemory(True, NOON)
    up = queue(record(True, MONDAY, queue=emptied), EMPTY)
    assert (duty_of(up, NOON).on, duty_of(up, NOON).until) == (True, NOON + 600)
    assert duty_of(up, NOON + 600).on is False
    late = queue(record(True, NOON + HOUR, queue=emptied), EMPTY)
    assert duty_of(late, NOON + HOUR).until == NOON + HOUR + 600
    starting = queue(Record(True, NOON, False, By.DUTY, emptied), EMPTY)
    assert duty_of(starting, NOON + HOUR).on is True


def test_a_queue_that_cant_be_asked_leaves_the_model_as_it_is() -> None:
    """It is neither started nor stopped for that."""
    assert duty_of(queue(record(True, MONDAY), None), NOON).on is True
    assert duty_of(queue(record(False, MONDAY), None), NOON).on is False


def test_what_is_stopped_by_hand_waits_until_the_queue_was_empty_once() -> None:
    """Or until a deployment asks; an idle stop is no reason to let messages wait."""
    waits = QueueMemory(False, MONDAY)
    by_hand = queue(record(False, NOON, By.HAND, waits), Messages(3))
    assert duty_of(by_hand, NOON + HOUR).on is False
    anew = by_hand._replace(record=record(False, NOON, By.HAND, QueueMemory(False, NOON + 60)))
    assert duty_of(anew, NOON + HOUR).on is True
    assert duty_of(by_hand._replace(asked_at=NOON + 60), NOON + HOUR).on is True
    as_idle = by_hand._replace(record=record(False, NOON, By.IDLE, waits))
    assert duty_of(as_idle, NOON + HOUR).on is True


def test_a_queue_works_beside_hours() -> None:
    """Messages start it outside, the hours keep it with an empty queue, and a person is no message."""
    both = Guards(hours=(OFFICE,), lead_seconds=0, queue=QUEUE.queue)
    emptied = QueueMemory(True, MONDAY)
    assert duty_of(queue(record(False, MONDAY, queue=emptied), Messages(1), both), SATURDAY).on is True
    assert duty_of(queue(record(True, MONDAY, queue=emptied), EMPTY, both), NOON).on is True
    by_hand = queue(record(True, SATURDAY, By.HAND, emptied), EMPTY, both)
    assert duty_of(by_hand, SATURDAY + 60).on is False


def test_hours_that_only_stop() -> None:
    """What was begun before is stopped; what is begun afterwards runs until the next such moment."""
    guards = Guards(hours=(EVENING,))
    edge, following = at("2026-06-01 20:00"), at("2026-06-02 20:00")
    up = Facts(guards, record(True, NOON), asked_at=NOON)
    assert (duty_of(up, NOON).on, duty_of(up, NOON).until) == (True, edge)
    assert (duty_of(up, edge).on, duty_of(up, edge).until) == (False, None)
    down = up._replace(record=record(False, edge))
    assert duty_of(down, following - 1).on is False
    started = up._replace(record=record(True, edge + HOUR, By.HAND))
    assert (duty_of(started, edge + HOUR).on, duty_of(started, edge + HOUR).until) == (True, following)
    deployed = down._replace(asked_at=edge + 60)
    assert duty_of(deployed, edge + 120).on is True


# --- whatever the facts ---------------------------------------------------------------------------

_TIMES = st.integers(int(MONDAY), int(MONDAY + 7 * DAY)).map(float)
_PERIODS = st.sampled_from(
    [OFFICE, Period((5,), 0, 24 * 60, "UTC"), Period((2,), 60, 120, "America/New_York")]
)
_GUARDS = st.builds(
    Guards,
    hours=st.lists(_PERIODS, max_size=2, unique=True).map(tuple) | st.just((EVENING,)),
    lead_seconds=st.none() | st.integers(0, 3300),
    stop_after_seconds=st.none() | st.integers(3300, 500_000),
    idle_seconds=st.none() | st.integers(900, 100_000),
    queue=st.none() | st.builds(QueueGuard, st.just("https://queue"), st.integers(60, 7200)),
)
_FACTS = st.builds(
    Facts,
    _GUARDS,
    st.none()
    | st.builds(
        Record,
        st.booleans(),
        _TIMES,
        st.booleans(),
        st.sampled_from(By),
        st.none() | st.builds(QueueMemory, st.booleans(), _TIMES),
    ),
    asked_at=st.none() | _TIMES,
    stop_at=st.none() | _TIMES,
    overrides=st.lists(st.builds(Override, st.booleans(), _TIMES, _TIMES), max_size=3).map(tuple),
    start_seconds=st.none() | st.floats(1, 7200),
    calls=st.none() | st.builds(Calls, _TIMES, st.none() | _TIMES),
    messages=st.none() | st.builds(Messages, st.integers(0, 2), st.integers(0, 2)),
)


@settings(max_examples=200, deadline=None)
@given(_FACTS, _TIMES, st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5))
def test_a_duty_turns_when_it_says_and_not_before(facts: Facts, now: float, shares: list[float]) -> None:
    """Looked at on either side of the edge, and in between."""
    duty = duty_of(facts, now)
    end = duty.until if duty.until is not None else now + 14 * DAY
    assert end > now
    for share in shares:
        assert duty_of(facts, now + share * (end - now) * 0.999_999).on is duty.on
    if duty.until is not None:
        assert duty_of(facts, duty.until).on is not duty.on


def test_a_deadline_far_behind_many_edges_is_told() -> None:
    """Messages that wait keep it running over all of them."""
    guards = Guards(hours=(OFFICE,), stop_after_seconds=1, queue=QUEUE.queue)
    facts = Facts(guards, stop_at=MONDAY + 200 * DAY, messages=Messages(1))
    assert duty_of(facts, MONDAY).until == MONDAY + 200 * DAY


# --- a world that is swept ------------------------------------------------------------------------


@dataclass
class World:
    """A model, a queue, people, and a sweep every few minutes that does what duty says."""

    guards: Guards
    now: float = MONDAY - 12 * HOUR
    status: str = "STOPPED"
    ends_at: float = 0.0
    waiting: int = 0
    asked_at: float | None = None
    overrides: tuple[Override, ...] = ()
    record: Record | None = None
    acts: list[tuple[float, str]] = field(default_factory=list)

    def start(self) -> None:
        """Accepted where the model is at rest."""
        if self.status == "STOPPED":
            self.status, self.ends_at = "STARTING", self.now + 540

    def stop(self) -> None:
        """Accepted where the model is up."""
        if self.status in ("RUNNING", "STARTING"):
            self.status, self.ends_at = "STOPPING", self.now + 240

    def pass_time(self, seconds: float) -> None:
        """Starts and stops end; a running model takes messages."""
        self.now += seconds
        if self.status in ("STARTING", "STOPPING") and self.now >= self.ends_at:
            self.status = {"STARTING": "RUNNING", "STOPPING": "STOPPED"}[self.status]
        if self.status == "RUNNING":
            self.waiting = max(0, self.waiting - 2)

    def sweep(self) -> bool:
        """Look, note, decide, write, act; whether the model is on duty."""
        record = noted(self.record, self.status, self.now)
        assert record is not None
        if self.guards.queue is not None:
            record = with_queue(record, self.now, empty=self.waiting == 0)
        calls = Calls(self.now - DAY, None)
        messages = Messages(self.waiting) if self.guards.queue is not None else None
        duty = duty_of(
            Facts(
                self.guards, record, asked_at=self.asked_at, overrides=self.overrides, calls=calls,
                messages=messages,
            ),
            self.now,
        )  # fmt: skip
        if duty.on and self.status == "STOPPED":
            record = asked(record, self.now, on=True, by=duty.by)
            self.start()
            self.acts.append((self.now, "start"))
        elif not duty.on and self.status in ("RUNNING", "STARTING"):
            record = asked(record, self.now, on=False, by=duty.by)
            self.stop()
            self.acts.append((self.now, "stop"))
        self.record = record
        return duty.on


_DOINGS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["start", "stop", "send", "keep", "off", "deploy"])),
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(_GUARDS, _DOINGS)
def test_off_duty_comes_to_rest_and_nobody_undoes_what_another_does(
    guards: Guards, doings: list[tuple[int, str]]
) -> None:
    """Whatever people do: off duty and two sweeps later nothing runs; and each does little by itself."""
    world = World(guards)
    todo = sorted(doings)
    off_for = 0
    for step in range(300):
        world.pass_time(300.0)
        for _, doing in [each for each in todo if each[0] == step]:
            do(world, doing)
        off_for = 0 if world.sweep() else off_for + 1
        if off_for > 2:
            assert world.status in ("STOPPED", "STOPPING")
    # A day: hours begin and end twice; each doing turns it twice at most, as its end does.
    assert len(world.acts) <= 6 + 4 * len(doings)
    for (first, _), (second, _) in pairwise(world.acts):
        assert second - first >= 240


def do(world: World, doing: str) -> None:
    """What a person, a deployment or a sender of messages does."""
    match doing:
        case "start":
            world.start()
        case "stop":
            world.stop()
        case "send":
            world.waiting += 4
        case "keep" | "off":
            said = Override(doing == "keep", world.now + 2 * HOUR, world.now)
            world.overrides = (*world.overrides, said)
        case _:
            world.asked_at = world.now


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 100), st.booleans())
def test_a_stop_by_hand_holds_for_the_rest_of_the_period(minutes: int, idle: bool) -> None:
    """The sweep does not start the model again before the next morning, and then it does."""
    guards = Guards(hours=(OFFICE,), lead_seconds=0, idle_seconds=36_000 if idle else None)
    world = World(guards, now=MONDAY + minutes * 60)
    world.sweep()
    while world.status != "RUNNING":
        world.pass_time(60.0)
        world.sweep()
    world.stop()
    acts = len(world.acts)
    while world.now < TUESDAY - 60:
        world.pass_time(60.0)
        world.sweep()
        assert world.status in ("STOPPING", "STOPPED")
    assert len(world.acts) == acts
    world.pass_time(60.0)
    world.sweep()
    assert world.status == "STARTING"
