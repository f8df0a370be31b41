"""The simulated CloudFormation alone, with a handler that answers by the book: who is asked what, and when.

What is documented stands in facts B and F of the project; where nothing settles it, both ways are tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from running_model_handler.core.names import ReplacementMode
from simulator.errors import ApiError
from simulator.functions import Handler
from simulator.kernel import EPOCH
from simulator.plan import (
    FOREVER,
    Continued,
    Declared,
    Faults,
    Frozen,
    LastResort,
    Mode,
    ModelPlan,
    OnFailure,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Template,
    Verb,
    View,
)
from simulator.requests import Outcome, Request
from simulator.world import World

V1, V2 = ModelPlan("v1", "parts"), ModelPlan("v2", "parts")
MODEL: Final = "Detector"
NO_ROLL_BACK: Final = Mode.NO_ROLL_BACK


@dataclass(frozen=True)
class Says:
    """How a request is answered."""

    status: str = "SUCCESS"
    physical_id: str = ""
    """Empty: the declared model."""
    after: float = 10.0


FAILED: Final = Says("FAILED")
NEVER: Final = Says(after=7200.0)


@dataclass
class Book:
    """The answers to the first request, the second one, …; all others succeed."""

    answers: dict[int, Says] = field(default_factory=dict)
    looks: list[tuple[int, float, Any]] = field(default_factory=list)
    """(request, seconds since it came, what the view showed)."""
    look: Callable[[World, Request], Any] | None = None
    look_every: float = 5.0

    def handler(self, world: World) -> Handler:
        """A function that answers by the book."""

        def handle(event: Mapping[str, Any], context: Any) -> None:
            request: Request = context.request
            says = self.answers.get(request.number, Says())
            passed = 0.0
            while passed < says.after:
                if self.look is not None:
                    self.looks.append((request.number, passed, _tried(self.look, world, request)))
                pause = min(self.look_every if self.look is not None else says.after, says.after - passed)
                world.kernel.sleep(pause)
                passed += pause
            answer = {
                "Status": says.status,
                "PhysicalResourceId": says.physical_id or request.declared_arn,
                "StackId": event["StackId"],
                "RequestId": event["RequestId"],
                "LogicalResourceId": event["LogicalResourceId"],
                "Reason": "the book says so",
            }
            world.response_urls.put(event["ResponseURL"], json.dumps(answer).encode())

        return handle


def _tried(look: Callable[[World, Request], Any], world: World, request: Request) -> Any:
    try:
        return look(world, request)
    except ApiError as error:
        return error.code


def played(
    *operations: Operation, book: Book | None = None, plan: Plan | None = None, **of_stack: Any
) -> World:
    """A world in which a stack lived through some operations."""
    stack = StackPlan("alpha", 0.0, operations, **of_stack)
    base = plan or Plan(1, (V1, V2), ())
    world = World(replace(base, stacks=(stack, *base.stacks)), (book or Book()).handler)
    assert world.play(), "something never ends"
    return world


def deploy(units: int = 1, *, model: int = 0, siblings: Any = (), **of_operation: Any) -> Operation:
    """A deployment of one model."""
    declared = Declared(model, units=units, replacement=ReplacementMode.START_FIRST)
    return Operation(Verb.DEPLOY, Template(((MODEL, declared),), siblings), **of_operation)


DELETE: Final = Operation(Verb.DELETE)
ROLL_BACK: Final = Operation(Verb.ROLL_BACK)


def statuses(world: World) -> list[str]:
    """What the stack came to rest in."""
    stack = next(iter(world.stacks.values()))
    return [status for _, status in stack.statuses if not status.endswith("_IN_PROGRESS")]


def told(request: Request) -> str:
    """A request in short: its kind, its units (former ones first), its physical id."""
    former = f"{request.old_units[0]}→" if request.old_units else ""
    arn = request.declared_arn
    name = "v1" if arn == V1.arn else "v2"
    before = "v1/" if request.old_arn == V1.arn else "v2/" if request.old_arn else ""
    known = {V1.arn: " v1", V2.arn: " v2", None: ""}.get(request.physical_id, " invented")
    return f"{request.type} {before}{name} {former}{request.declared_units[0]}{known}"


def sent(world: World) -> list[str]:
    """Every request in short."""
    return [told(request) for request in world.requests]


def events_of(world: World, logical_id: str = MODEL) -> list[tuple[str, str | None]]:
    """Status and physical id of a resource's events."""
    stack = next(iter(world.stacks.values()))
    return [(one.status, one.physical_id) for one in stack.events if one.logical_id == logical_id]


# --- creates that stay where they fail --------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.NO_ROLL_BACK, Mode.EXPRESS])
def test_a_failed_create_stays_and_is_deleted_by_the_next_operation(mode: Mode) -> None:
    """CREATE_FAILED; then a Delete with the id of the FAILED answer, and a create of the same name."""
    book = Book({0: FAILED})
    again = deploy(2, mode=mode)
    world = played(deploy(6, mode=mode), again, book=book, deploys_again=True)
    assert statuses(world) == ["CREATE_FAILED", "UPDATE_COMPLETE"]
    assert sent(world) == ["Create v1 6", "Delete v1 6 v1", "Create v1 2"]
    assert [status for status, _ in events_of(world)] == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    stack = next(iter(world.stacks.values()))
    assert [status for _, status in stack.statuses if "ROLLBACK" in status] == []
    assert len(stack.every) == 2


def test_a_create_that_was_never_answered_is_deleted_with_an_invented_id() -> None:
    """No answer, no id."""
    world = played(
        deploy(mode=NO_ROLL_BACK), deploy(mode=NO_ROLL_BACK), book=Book({0: NEVER}), deploys_again=True
    )
    assert sent(world) == ["Create v1 1", "Delete v1 1 invented", "Create v1 1"]
    assert world.requests[0].outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(("lets_end", "outcome"), [(True, Outcome.SUCCESS), (False, Outcome.CANCELLED)])
def test_what_runs_beside_a_failure_ends_by_itself_or_is_cancelled(lets_end: bool, outcome: Outcome) -> None:
    """Not documented: both ways. A model that was created is neither deleted nor made again."""
    failing = (("Topic", Sibling(2.0, create_fails=True)),)
    mended = (("Topic", Sibling(2.0)),)
    world = played(
        deploy(siblings=failing, mode=NO_ROLL_BACK),
        deploy(siblings=mended, mode=NO_ROLL_BACK),
        book=Book({0: Says(after=60.0)}),
        deploys_again=True,
        lets_others_end=lets_end,
    )
    assert world.requests[0].outcome is outcome
    assert statuses(world) == ["CREATE_FAILED", "UPDATE_COMPLETE"]
    assert sent(world) == (
        ["Create v1 1"] if lets_end else ["Create v1 1", "Delete v1 1 invented", "Create v1 1"]
    )
    assert [status for status, _ in events_of(world, "Topic")][-2:] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]


def test_what_needs_a_model_is_made_when_that_is_mended() -> None:
    """A sibling that refers to the models was never begun before."""
    queue = (("Queue", Sibling(2.0, after_models=True)),)
    world = played(
        deploy(siblings=queue, mode=NO_ROLL_BACK),
        deploy(siblings=queue, mode=NO_ROLL_BACK),
        book=Book({0: FAILED}),
        deploys_again=True,
    )
    assert [status for status, _ in events_of(world, "Queue")] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_failed_create_whose_delete_fails_leaves_the_update_failed() -> None:
    """It is tried again by the operation after that."""
    again = deploy(mode=NO_ROLL_BACK)
    world = played(again, again, again, book=Book({0: FAILED, 1: FAILED}), deploys_again=True)
    assert statuses(world) == ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_COMPLETE"]
    assert sent(world) == ["Create v1 1", "Delete v1 1 v1", "Delete v1 1 v1", "Create v1 1"]


def test_a_stack_that_failed_is_deleted_like_any_other() -> None:
    """A Delete for the failed create."""
    world = played(deploy(mode=NO_ROLL_BACK), DELETE, book=Book({0: FAILED}))
    assert statuses(world) == ["CREATE_FAILED", "DELETE_COMPLETE"]
    assert sent(world) == ["Create v1 1", "Delete v1 1 v1"]


def test_rolling_back_a_failed_create_deletes_all() -> None:
    """RollbackStack from CREATE_FAILED."""
    world = played(deploy(mode=NO_ROLL_BACK), ROLL_BACK, book=Book({0: FAILED}))
    assert statuses(world) == ["CREATE_FAILED", "ROLLBACK_COMPLETE"]
    assert sent(world) == ["Create v1 1", "Delete v1 1 v1"]


def test_plain_people_leave_a_failed_stack_alone() -> None:
    """As before: nobody deploys to it unless the plan says so."""
    world = played(deploy(on_failure=OnFailure.DO_NOTHING), deploy(2), DELETE, book=Book({0: FAILED}))
    assert sent(world) == ["Create v1 1", "Delete v1 1 v1"]


# --- updates that stay where they fail --------------------------------------------------------------


def test_a_failed_update_goes_back_to_its_stable_state_before_it_goes_on() -> None:
    """An Update back, in a stack that goes forward, and one more to what is declared then."""
    world = played(
        deploy(1),
        deploy(6, mode=NO_ROLL_BACK),
        deploy(3, mode=NO_ROLL_BACK),
        book=Book({1: FAILED}),
        deploys_again=True,
    )
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_COMPLETE"]
    assert sent(world) == [
        "Create v1 1",
        "Update v1/v1 1→6 v1",
        "Update v1/v1 6→1 v1",
        "Update v1/v1 1→3 v1",
    ]
    assert [request.to_stable for request in world.requests] == [False, False, True, False]
    assert not any(request.rolls_back for request in world.requests)
    during = [request.stack.status_at(request.sent_at) for request in world.requests]
    assert during[1:] == ["UPDATE_IN_PROGRESS"] * 3
    assert events_of(world)[2:4] == [("UPDATE_IN_PROGRESS", V1.arn), ("UPDATE_FAILED", V1.arn)]


def test_or_it_goes_on_in_a_single_update() -> None:
    """Not documented to happen, nor excluded."""
    world = played(
        deploy(1),
        deploy(6, mode=NO_ROLL_BACK),
        deploy(3, mode=NO_ROLL_BACK),
        book=Book({1: FAILED}),
        deploys_again=True,
        mends_at_once=True,
    )
    assert sent(world)[2:] == ["Update v1/v1 6→3 v1"]


@pytest.mark.parametrize("at_once", [True, False])
def test_the_same_template_again_is_still_an_update(at_once: bool) -> None:
    """What failed to become what is declared is updated from its stable state."""
    world = played(
        deploy(1),
        deploy(2, mode=NO_ROLL_BACK),
        deploy(2, mode=NO_ROLL_BACK),
        book=Book({1: FAILED}),
        deploys_again=True,
        mends_at_once=at_once,
    )
    assert sent(world)[-1] == "Update v1/v1 1→2 v1"
    assert statuses(world)[-1] == "UPDATE_COMPLETE"


def test_the_earlier_template_needs_one_update_back() -> None:
    """To its stable state, and no further."""
    world = played(
        deploy(1), deploy(2, mode=NO_ROLL_BACK), deploy(1), book=Book({1: FAILED}), deploys_again=True
    )
    assert sent(world)[2:] == ["Update v1/v1 2→1 v1"]
    assert statuses(world)[-1] == "UPDATE_COMPLETE"


def test_a_way_back_that_fails_leaves_the_update_failed_with_what_it_failed_with() -> None:
    """The next operation tries the same again."""
    again = deploy(3, mode=NO_ROLL_BACK)
    world = played(
        deploy(1),
        deploy(6, mode=NO_ROLL_BACK),
        again,
        again,
        book=Book({1: FAILED, 2: FAILED}),
        deploys_again=True,
    )
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_FAILED", "UPDATE_COMPLETE"]
    assert sent(world)[2:] == ["Update v1/v1 6→1 v1", "Update v1/v1 6→1 v1", "Update v1/v1 1→3 v1"]


def test_rolling_back_a_failed_update_swaps_its_properties() -> None:
    """RollbackStack from UPDATE_FAILED: an ordinary roll-back, in a stack that goes back."""
    world = played(deploy(1), deploy(6, mode=NO_ROLL_BACK), ROLL_BACK, book=Book({1: FAILED}))
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"]
    assert sent(world)[2:] == ["Update v1/v1 6→1 v1"]
    assert world.requests[2].rolls_back
    assert any("the user of alpha: rolls back what failed" in line for line in world.story.lines())
    assert world.requests[2].stack.status_at(world.requests[2].sent_at) == "UPDATE_ROLLBACK_IN_PROGRESS"


def test_rolling_back_takes_along_what_had_succeeded() -> None:
    """A model that was updated while a sibling failed goes back as well."""
    failing = (("Queue", Sibling(update_seconds=30.0, update_fails=True)),)
    world = played(
        deploy(1, siblings=(("Queue", Sibling()),)),
        deploy(2, siblings=failing, mode=NO_ROLL_BACK),
        ROLL_BACK,
    )
    assert sent(world) == ["Create v1 1", "Update v1/v1 1→2 v1", "Update v1/v1 2→1 v1"]


def test_with_a_roll_back_a_mended_update_that_fails_goes_back_to_the_last_stable_stack() -> None:
    """Not to what failed in between."""
    world = played(
        deploy(1),
        deploy(6, mode=NO_ROLL_BACK),
        deploy(3),
        book=Book({1: FAILED, 3: FAILED}),
        deploys_again=True,
    )
    assert statuses(world)[-1] == "UPDATE_ROLLBACK_COMPLETE"
    assert sent(world)[2:] == ["Update v1/v1 6→1 v1", "Update v1/v1 1→3 v1", "Update v1/v1 3→1 v1"]


def test_a_replacement_without_a_roll_back_works_as_usual() -> None:
    """One way of what is not documented: the old id gets its Delete in the clean-up."""
    world = played(deploy(), deploy(model=1, mode=NO_ROLL_BACK))
    assert sent(world) == ["Create v1 1", "Update v1/v2 1→1 v1", "Delete v1 1 v1"]
    assert statuses(world)[-1] == "UPDATE_COMPLETE"


def test_or_it_is_refused_and_what_it_made_is_deleted_later() -> None:
    """The other way: the resource keeps its id, and the other one gets a Delete once the stack is stable."""
    world = played(
        deploy(),
        deploy(model=1, mode=NO_ROLL_BACK),
        deploy(2, mode=NO_ROLL_BACK),
        deploys_again=True,
        replaces_without_roll_back=False,
    )
    assert world.requests[1].refused
    assert world.requests[1].outcome is Outcome.SUCCESS
    assert ("UPDATE_FAILED", V1.arn) in events_of(world)
    assert sent(world)[2:] == ["Update v2/v1 1→1 v1", "Update v1/v1 1→2 v1", "Delete v2 1 v2"]


def test_what_a_refused_replacement_made_is_deleted_by_a_roll_back_too() -> None:
    """And by the deletion of the stack."""
    of_stack: Any = {"replaces_without_roll_back": False}
    failed = deploy(model=1, mode=NO_ROLL_BACK)
    assert sent(played(deploy(), failed, ROLL_BACK, **of_stack))[2:] == [
        "Update v2/v1 1→1 v1",
        "Delete v2 1 v2",
    ]
    deleted = sent(played(deploy(), failed, DELETE, **of_stack))[2:]
    assert sorted(deleted) == ["Delete v2 1 v1", "Delete v2 1 v2"]


def test_the_former_id_of_a_replacement_waits_for_the_stack_to_be_stable() -> None:
    """A sibling failed: the old model gets its Delete in the clean-up of the operation that succeeds."""
    failing = (("Queue", Sibling(update_seconds=30.0, update_fails=True)),)
    queue = (("Queue", Sibling()),)
    first = deploy(siblings=queue)
    second = deploy(model=1, siblings=failing, mode=NO_ROLL_BACK)
    world = played(first, second, deploy(model=1, siblings=queue), deploys_again=True)
    assert sent(world) == ["Create v1 1", "Update v1/v2 1→1 v1", "Delete v1 1 v1"]
    back = played(first, second, ROLL_BACK)
    assert sent(back)[2:] == ["Update v2/v1 1→1 v2", "Delete v2 1 v2"]
    and_back = played(first, second, first, deploys_again=True)
    assert sent(and_back)[2:] == ["Update v2/v1 1→1 v2", "Delete v2 1 v2"]


# --- express mode -----------------------------------------------------------------------------------


def test_express_mode_waits_for_models_alone() -> None:
    """Siblings are complete at once, a custom resource's answer is waited for."""
    queue = (("Queue", Sibling(200.0)),)
    operation = deploy(siblings=queue, mode=Mode.EXPRESS, pause_seconds=0.0)
    world = played(operation, book=Book({0: Says(after=50.0)}))
    stack = next(iter(world.stacks.values()))
    ends = {e.logical_id: e.at - EPOCH for e in stack.events if e.status == "CREATE_COMPLETE"}
    assert ends["Queue"] < 5.0
    assert 50.0 < ends[MODEL] < ends["alpha"] < 65.0


def test_express_mode_refuses_to_roll_back_and_stays() -> None:
    """RollbackStack is refused, and what follows is express too, whatever it asks for."""
    world = played(
        deploy(),
        deploy(6, mode=Mode.EXPRESS),
        ROLL_BACK,
        deploy(6),
        DELETE,
        book=Book({1: FAILED, 3: FAILED}),
        deploys_again=True,
    )
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_FAILED", "DELETE_COMPLETE"]
    assert world.gateway.fired["RollbackStack refused in express mode"] == 1
    assert world.gateway.fired["delete, express"] == 1


# --- roll-backs that fail ---------------------------------------------------------------------------


def failing_update(**of_continued: Any) -> list[Operation]:
    """An update that fails of a sibling, which does not go back at once either."""
    failing = (("Queue", Sibling(update_seconds=30.0, update_fails=True, failing_roll_backs=1)),)
    update = deploy(2, siblings=failing, continued=Continued(pause_seconds=60.0, **of_continued))
    return [deploy(siblings=(("Queue", Sibling()),)), update]


def test_a_roll_back_fails_for_a_sibling_and_is_continued() -> None:
    """The model has gone back by then, and is not asked again."""
    world = played(*failing_update(retries=1))
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"]
    assert sent(world)[1:] == ["Update v1/v1 1→2 v1", "Update v1/v1 2→1 v1"]
    assert "roll-back continued without a resource" not in world.gateway.fired


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_roll_back_is_continued_as_often_as_people_like(retries: int) -> None:
    """Then without what does not go back: UPDATE_COMPLETE without a call."""
    refused = dict.fromkeys(range(2, retries + 3), FAILED)
    world = played(
        deploy(), deploy(2, continued=Continued(retries)), deploy(3), book=Book({1: FAILED, **refused})
    )
    backs = [request for request in world.requests if request.rolls_back]
    assert statuses(world)[1 : retries + 3] == [
        *["UPDATE_ROLLBACK_FAILED"] * (retries + 1),
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert len([one for one in backs if one.old_units == (2, 2)]) == retries + 1
    assert told(world.requests[retries + 3]) == "Update v1/v1 1→3 v1"


def test_only_the_named_resources_are_skipped_first() -> None:
    """The others are tried again."""
    two = Template(((MODEL, Declared(0)), ("Sorter", Declared(1))))
    resized = Template(((MODEL, Declared(0, units=2)), ("Sorter", Declared(1, units=2))))
    update = Operation(Verb.DEPLOY, resized, continued=Continued(0, skips=(MODEL,)))
    book = Book(dict.fromkeys(range(2, 6), FAILED))
    world = played(Operation(Verb.DEPLOY, two), update, book=book)
    backs = [request.logical_id for request in world.requests if request.rolls_back]
    assert sorted(backs) == [MODEL, "Sorter", "Sorter"]
    assert backs[-1] == "Sorter"


def test_a_stack_is_deleted_whose_roll_back_failed() -> None:
    """DeleteStack from UPDATE_ROLLBACK_FAILED; nobody can deploy to it before."""
    update = deploy(2, continued=Continued(0, last_resort=LastResort.DELETE))
    world = played(deploy(), update, deploy(3), DELETE, book=Book({1: FAILED, 2: FAILED}))
    assert statuses(world) == ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_COMPLETE"]
    assert sent(world)[3:] == ["Delete v1 1 v1"]


# --- what CloudFormation shows ----------------------------------------------------------------------


def resource_status(world: World, request: Request) -> str:
    """DescribeStackResource."""
    return str(world.apis.describe_stack_resource(request.stack.plan.stack_id, request.logical_id).status)


def newest_event(world: World, request: Request) -> str:
    """DescribeStackEvents."""
    events, _ = world.apis.describe_stack_events(request.stack.plan.stack_id)
    return f"{events[0].logical_id} {events[0].status}"


def stack_status(world: World, request: Request) -> str:
    """DescribeStacks."""
    return world.apis.describe_stack(request.stack.plan.stack_id)


BEGUN: Final = {View.EVENTS: "alpha DELETE_IN_PROGRESS", View.STACK: "DELETE_IN_PROGRESS"}
"""What shows of a deletion that has begun, but not for the resource."""
LOOKS: Final[dict[View, tuple[Callable[[World, Request], str], str, str]]] = {
    View.RESOURCE: (resource_status, "CREATE_COMPLETE", "DELETE_IN_PROGRESS"),
    View.EVENTS: (newest_event, "alpha CREATE_COMPLETE", f"{MODEL} DELETE_IN_PROGRESS"),
    View.STACK: (stack_status, "CREATE_COMPLETE", "DELETE_IN_PROGRESS"),
}


def looks_at_deletion(view: View, frozen: Frozen) -> tuple[list[tuple[float, str]], Request]:
    """What a view shows every five seconds of a Delete of two minutes, and that request."""
    book = Book({1: Says(after=120.0)}, look=LOOKS[view][0])
    world = played(deploy(), replace(DELETE, frozen=frozen), book=book)
    assert statuses(world)[-1] == "DELETE_COMPLETE"
    return [(at, shown) for number, at, shown in book.looks if number == 1], world.requests[1]


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("each_request", [True, False])
@pytest.mark.parametrize("seconds", [15.0, 60.0])
def test_a_view_shows_a_deletion_late(view: View, each_request: bool, seconds: float) -> None:
    """For so long it stays as before, then it shows all."""
    _, before, after = LOOKS[view]
    before = BEGUN.get(view, before) if each_request else before
    looks, request = looks_at_deletion(view, Frozen(seconds, (view,), each_request))
    # The operation began up to three seconds before its request came, and each look takes its time.
    assert {shown for at, shown in looks if at < seconds - 8.0} == {before}
    assert {shown for at, shown in looks if at > seconds} == {after}
    assert request.hidden_views == (view,)
    assert request.hidden_until == pytest.approx(request.sent_at + seconds, abs=4.0)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("each_request", [True, False])
def test_a_view_never_shows_a_deletion(view: View, each_request: bool) -> None:
    """As long as it lasts; the other views do not know of that."""
    _, before, _ = LOOKS[view]
    before = BEGUN.get(view, before) if each_request else before
    looks, request = looks_at_deletion(view, Frozen(FOREVER, (view,), each_request))
    assert {shown for _, shown in looks} == {before}
    assert request.hidden_until == float("inf")
    other = next(one for one in View if one is not view)
    looks, _ = looks_at_deletion(other, Frozen(FOREVER, (view,), each_request))
    assert {shown for _, shown in looks} == {LOOKS[other][2]}


@pytest.mark.parametrize("each_request", [True, False])
def test_a_request_knows_what_never_shows_it(each_request: bool) -> None:
    """Where neither events nor the resource do, nobody can tell that it is wanted."""

    def deleted(frozen: Frozen) -> Request:
        return played(deploy(), replace(DELETE, frozen=frozen)).requests[1]

    assert deleted(Frozen(FOREVER, tuple(View), each_request)).never_shows
    assert not deleted(Frozen(FOREVER, (View.EVENTS,), each_request)).never_shows
    request = deleted(Frozen(15.0, tuple(View), each_request))
    assert not request.never_shows
    assert not request.may_show(View.EVENTS, request.sent_at + 1.0)
    assert request.may_show(View.EVENTS, request.sent_at + 16.0)


def test_a_frozen_view_of_one_operation_shows_the_next_one() -> None:
    """The clean-up Delete of a replacement does not show; the deletion of the stack does."""
    book = Book(look=newest_event)
    frozen = Frozen(FOREVER, (View.EVENTS,), each_request=True)
    world = played(deploy(), deploy(model=1, frozen=frozen), DELETE, book=book)
    shown = {number: {one for n, _, one in book.looks if n == number} for number in range(4)}
    assert [told(request).split()[0] for request in world.requests] == [
        "Create",
        "Update",
        "Delete",
        "Delete",
    ]
    assert shown[2] == {f"{MODEL} UPDATE_COMPLETE"}
    assert shown[3] == {f"{MODEL} DELETE_IN_PROGRESS"}
    assert world.gateway.fired["frozen DescribeStackEvents"] >= 1


def test_a_stack_that_is_being_created_may_not_show_at_all() -> None:
    """What was before it is nothing."""
    book = Book(look=stack_status)
    played(deploy(frozen=Frozen(FOREVER, (View.STACK,))), book=book)
    assert {shown for _, _, shown in book.looks} == {"ValidationError"}


def test_a_create_shows_twice_that_it_is_in_progress() -> None:
    """The second time with its physical id, right before its end; a failed one does not."""
    world = played(deploy(), shows_initiated=True)
    assert events_of(world) == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_IN_PROGRESS", V1.arn),
        ("CREATE_COMPLETE", V1.arn),
    ]
    failed = played(deploy(mode=NO_ROLL_BACK), book=Book({0: FAILED}), shows_initiated=True)
    assert [status for status, _ in events_of(failed)] == ["CREATE_IN_PROGRESS", "CREATE_FAILED"]


@pytest.mark.parametrize("hides", [True, False])
def test_an_invented_physical_id_may_be_hidden(hides: bool) -> None:
    """The Delete itself carries it all the same."""
    interrupted = deploy(interrupt_after=20.0)
    world = played(interrupted, book=Book({0: Says(after=100.0)}), hides_invented=hides)
    assert sent(world) == ["Create v1 1", "Delete v1 1 invented"]
    shown = {physical_id for status, physical_id in events_of(world) if status.startswith("DELETE_")}
    assert shown == ({""} if hides else {world.requests[1].physical_id})


@pytest.mark.parametrize("tries", [1, 3])
def test_a_clean_up_is_tried_as_often_as_the_plan_says(tries: int) -> None:
    """Each try is a request, and shows as events of its own; then the stack goes on without it."""
    world = played(
        deploy(), deploy(model=1), book=Book(dict.fromkeys(range(2, 9), FAILED)), clean_up_tries=tries
    )
    assert statuses(world)[-1] == "UPDATE_COMPLETE"
    assert sent(world)[2:] == ["Delete v1 1 v1"] * tries
    deletions = [status for status, _ in events_of(world) if status.startswith("DELETE_")]
    assert deletions == ["DELETE_IN_PROGRESS", "DELETE_FAILED"] * tries


# --- stacks one after the other ---------------------------------------------------------------------


def test_a_stack_is_created_again_at_once_with_another_id() -> None:
    """The same name; the requests of both have nothing in common."""
    again = StackPlan("alpha", 0.5, (deploy(pause_seconds=0.0), DELETE), life=1, after="alpha")
    world = played(deploy(), DELETE, plan=Plan(1, (V1, V2), (again,)))
    assert sent(world) == ["Create v1 1", "Delete v1 1 v1"] * 2
    first, second = world.stacks.values()
    assert first.plan.stack_id != second.plan.stack_id
    assert first.plan.function_arn != second.plan.function_arn
    assert second.statuses[0][0] - first.statuses[-1][0] < 5.0


def test_another_stack_waits_until_the_first_is_gone() -> None:
    """However long that takes."""
    heir = StackPlan("heir", 3.0, (deploy(pause_seconds=0.0),), after="alpha")
    world = played(deploy(), DELETE, book=Book({1: Says(after=600.0)}), plan=Plan(1, (V1, V2), (heir,)))
    first, second = world.stacks.values()
    assert second.statuses[0][0] > first.statuses[-1][0]
    assert [request.stack.plan.name for request in world.requests] == ["alpha", "alpha", "heir"]


# --- refusals that end by themselves ----------------------------------------------------------------


def calls(action: Callable[[World], Any], faults: Faults, **of_plan: Any) -> list[tuple[float, str]]:
    """What a call of every five seconds is answered with for 200 seconds, and when."""
    book = Book({0: Says(after=200.0)}, look=lambda world, _: action(world) or "done")
    played(deploy(), book=book, plan=Plan(1, (V1, V2), (), faults=faults, **of_plan))
    return [(at, result) for _, at, result in book.looks]


def describe(world: World) -> Any:
    """DescribeProjectVersions."""
    return world.apis.describe(V1.arn, V1.project_arn, V1.name)[0] and "done"  # type: ignore[index]


def test_credentials_are_not_known_at_first() -> None:
    """For as long as the plan says, from the creation of the function on."""
    results = calls(describe, Faults(credentials_late=60.0))
    early = {result for at, result in results if at < 45.0}
    assert early <= {"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
    assert len(early) > 1
    assert {result for at, result in results if at > 62.0} == {"done"}


@pytest.mark.parametrize(
    ("faults", "codes"),
    [
        (Faults(bad_credentials=0.5), {"UnrecognizedClientException", "ExpiredTokenException"}),
        (Faults(timed_out=0.5), {"RequestTimeoutException"}),
        (Faults(unknown_code=0.5), {"NobodyHasHeardOfThisException", "UnforeseenFault"}),
    ],
)
def test_calls_are_refused_by_chance(faults: Faults, codes: set[str]) -> None:
    """Some of them, at any time."""
    results = [result for _, result in calls(describe, faults)]
    assert codes <= set(results)
    assert 8 < results.count("done") < 35


def test_cloudformation_has_names_of_its_own_for_bad_credentials() -> None:
    """The query protocol says it in other words."""

    def ask(world: World) -> str:
        return world.apis.describe_stack(world.requests[0].stack.plan.stack_id) and "done"

    results = {result for _, result in calls(ask, Faults(bad_credentials=0.5))}
    assert results == {"InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch", "done"}


def test_a_stop_is_refused_for_minutes_and_then_allowed() -> None:
    """Counted from the first one on."""

    def stop(world: World) -> None:
        world.rekognition.tag(V1.arn, {"rekognition-running-model:stack-id": "x"})
        world.apis.stop(V1.arn)

    results = calls(stop, Faults(stop_denied_for=60.0))
    assert {result for at, result in results if at < 55.0} == {"AccessDeniedException"}
    assert {result for at, result in results if at > 62.0} == {"ResourceInUseException"}


def test_a_boundary_forbids_the_hand_over_for_good() -> None:
    """Whatever the role's own policies say."""

    def invoke(world: World) -> None:
        world.apis.invoke(world.requests[0].stack.plan.function_arn, {})

    assert {result for _, result in calls(invoke, Faults(), hand_over_denied=True)} == {
        "AccessDeniedException"
    }
