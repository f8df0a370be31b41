"""Whatever a plan can draw really happens: an adversary that never strikes would be false comfort."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Final

import pytest

from running_model_handler.core.names import ReplacementMode
from simulator.counting import tally
from simulator.draw import draw
from simulator.plan import Faults, Hand, KillAt, Mode, OnFailure, StartEnd, View
from simulator.tally import Tally

pytestmark = pytest.mark.xdist_group("adversary")
"""What they count is counted once, in one process."""
SEEDS: Final = (*range(1, 1001), *range(2001, 2501))
"""So many that the rarest things happen too: a clean-up tried again, an old view of a resource."""
FAULTS: Final[dict[str, tuple[str, ...]]] = {
    "throttled": ("throttled",),
    "failed_before": ("failed before",),
    "lost_after": ("lost after",),
    "slow": ("slow",),
    "describe_lag": ("old look at a model",),
    "tag_lag": ("old tags",),
    "stack_lag": ("old view of a resource", "old events"),
    "iam_delay": ("policy not yet in force",),
    "duplicated": ("duplicated",),
    "duplicate_delay": ("duplicated",),
    "delayed": ("delayed",),
    "delay_seconds": ("delayed",),
    "hand_over_throttled": ("hand-over throttled",),
    "answer_lost": ("answer not sent", "answer lost after"),
    "denied": ("denied for good",),
    "bad_credentials": ("bad credentials",),
    "timed_out": ("HTTP 408",),
    "unknown_code": ("unknown code",),
    "credentials_late": ("credentials late",),
    "stop_denied_for": ("stop denied for a while",),
}
"""What is counted when a fault of the plan happens."""
OPERATIONS: Final = {
    "first create",
    "addition",
    "rename",
    "resize",
    "other properties",
    *(f"replacement {mode}" for mode in ReplacementMode),
    "roll-back of an update",
    "delete in the clean-up of an update",
    "retained",
    "sibling CREATE_FAILED",
    "sibling UPDATE_FAILED",
    "Create cancelled",
    "Update cancelled",
    "stack UPDATE_ROLLBACK_FAILED",
    "stack DELETE_FAILED",
}
"""What people ask of their stacks, what fails beside the models, and where it leads."""
AFTER_FAILURE: Final = {
    OnFailure.ROLLBACK: "stack ROLLBACK_COMPLETE",
    OnFailure.DELETE: "stack DELETE_COMPLETE",
    OnFailure.DO_NOTHING: "stack CREATE_FAILED",
}


WIDE_FAULTS: Final = {
    *(f"frozen {view}" for view in (View.RESOURCE, View.EVENTS)),
    "hand-over denied",
    "a Delete that never shows",
}
WIDE_FEATURES: Final = {
    *(f"deploy, {mode}" for mode in (Mode.NO_ROLL_BACK, Mode.EXPRESS)),
    "delete, express",
    "deployed again after a failure",
    "back to a stable state",
    "replacement refused without a roll-back",
    "RollbackStack",
    "RollbackStack refused in express mode",
    "roll-back fails for a sibling",
    "roll-back continued without a resource",
    "a roll-back is given up",
    "creation initiated",
    "deletion without a physical id",
    "clean-up tried again",
}
"""What CloudFormation and its users do in wide plans, counted where it happens."""
WIDE_OPERATIONS: Final = {
    "stack UPDATE_FAILED",
    "created again after a failure",
    "takes a model over",
    "rename with another size",
    "stack created again",
    "stack takes a model over",
    "operations back to back",
    "sibling fails late",
}


@contextmanager
def quietly() -> Iterator[None]:
    """No logs: nobody reads those of a thousand histories."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def counted() -> Tally:
    """All that happened."""
    with quietly():
        return tally(SEEDS)


def missing(happened: Counter[str], expected: set[str]) -> set[str]:
    """What never happened."""
    return {name for name in expected if not happened[name]}


def test_every_fault_strikes(counted: Tally) -> None:
    """Each field of ``Faults`` has its effect; a new one fails here until it is counted."""
    assert set(FAULTS) == {field.name for field in fields(Faults)} - {"ends"}
    assert not missing(counted.faults, {name for names in FAULTS.values() for name in names})


def test_all_that_wide_plans_hold_happens(counted: Tally) -> None:
    """Late credentials, old views, no roll-back, models that change hands: each has its effect somewhere."""
    assert not missing(counted.faults, WIDE_FAULTS | WIDE_FEATURES)
    assert not missing(counted.operations, WIDE_OPERATIONS)


def test_every_guarantee_holds_beyond_a_plain_life(counted: Tally) -> None:
    """Without a roll-back, with old views, late credentials, resources that swap their models."""
    assert counted.violations == {}


def test_wide_plans_are_a_good_part_of_all() -> None:
    """Enough of them to find something, enough others to be comparable."""
    seeds = range(1, 3001)
    widened = sum(draw(seed, wide=True) != draw(seed, wide=False) for seed in seeds)
    assert 0.35 < widened / len(seeds) < 0.45


def test_every_kind_of_kill_and_lack_strikes(counted: Tally) -> None:
    """Kills at each of their moments; no concurrency left, quotas used up, events that come to nothing."""
    assert not missing(counted.faults, {f"killed {at}" for at in KillAt})
    assert not missing(counted.faults, {"concurrency", "drops an event (the function is gone)"})
    assert not missing(counted.refusals, {"LimitExceededException", "ResourceInUseException"})


def test_people_do_all_that_they_can(counted: Tally) -> None:
    """Starts, stops and deletes by hand have an effect, and some are refused."""
    assert not missing(counted.by_hand, {f"{hand}s" for hand in Hand} | {"refused"})


def test_every_operation_is_asked_for(counted: Tally) -> None:
    """Each change of a template, each way that it fails, each end of a start."""
    assert set(AFTER_FAILURE) == set(OnFailure)
    assert not missing(counted.operations, OPERATIONS | set(AFTER_FAILURE.values()))
    assert not missing(counted.models, {f"start ends {end}" for end in StartEnd})


def test_the_handler_makes_every_call(counted: Tally) -> None:
    """A history in which nothing is started or handed over would excuse everything."""
    rekognition = ("Start", "Stop", "Describe")
    calls = {f"rekognition:{verb}ProjectVersion{'s' * (verb == 'Describe')}" for verb in rekognition}
    assert not missing(counted.calls, calls | {"lambda:InvokeFunction", "cloudformation:DescribeStackEvents"})
    assert counted.histories == len(SEEDS)
