"""Who has, wants and answers for a model, and what the invariants make of it: histories written by hand."""

from __future__ import annotations

import ast
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import simulator
from simulator.conditions import Condition
from simulator.invariants import Violation
from simulator.invariants.base import Invariant
from simulator.invariants.effects import AsDeclared, Idempotent, StaleStartsNothing
from simulator.invariants.leaks import NoLeak
from simulator.invariants.owners import OneOwner, WithoutGap
from simulator.invariants.truth import Truth, begin_of
from simulator.kernel import EPOCH
from simulator.plan import Declared, ModelPlan, Plan, StackPlan, View
from simulator.rekognition import PERSON, Change, Look, Model
from simulator.requests import Outcome, Request
from simulator.stack import Freeze, Resource, Stack, properties_of
from simulator.world import World

V1, V2 = ModelPlan("v1", "parts"), ModelPlan("v2", "parts")


class Scene:
    """A world in which a test says what happens, second by second; nobody handles anything."""

    def __init__(self) -> None:
        stacks = (StackPlan("alpha", 0.0, ()), StackPlan("beta", 0.0, ()))
        self.world = World(Plan(1, (V1, V2), stacks), lambda _: lambda event, context: None)
        self.truth = Truth(self.world)
        self.violations: list[Violation] = []
        self.alpha, self.beta = self.world.stacks.values()
        self.tried(0)

    def at(self, second: float) -> Scene:
        self.world.kernel.now = EPOCH + second
        return self

    def stack(self, status: str, stack: Stack | None = None) -> None:
        (stack or self.alpha).set_status(status, self.world.kernel.now)

    def resource(
        self, name: str, status: str, has: ModelPlan | None = None, stack: Stack | None = None
    ) -> None:
        """A resource comes into a status; ``has``: its physical id from now on."""
        stack = stack or self.alpha
        if name not in stack.resources or status == "CREATE_IN_PROGRESS":
            stack.resources[name] = Resource(name, Declared(0))
        resource = stack.resources[name]
        resource.physical_id = has.arn if has else resource.physical_id
        stack.mark(resource, status, self.world.kernel.now)

    def retained(self, name: str, plan: ModelPlan, stack: Stack | None = None) -> None:
        """A resource goes and leaves its model as it is."""
        stack = stack or self.alpha
        self.resource(name, "DELETE_SKIPPED", stack=stack)
        self.world.note_retained(stack, stack.resources[name])

    def send(self, kind: str, name: str, model: ModelPlan, units: int = 1, **more: Any) -> Request:
        """CloudFormation sends a request."""
        stack: Stack = more.get("stack", self.alpha)
        old: tuple[ModelPlan, int] | None = more.get("old")

        def properties(plan: ModelPlan, minimum: int) -> dict[str, str]:
            return properties_of(Declared(0, units=minimum), plan, stack.plan.function_arn)

        request = Request(
            len(self.world.requests),
            kind,
            stack,
            name,
            properties(model, units),
            properties(*old) if old else None,
            more["has"].arn if "has" in more else None,
            self.world.kernel.now,
            more.get("back", False),
        )
        self.world.requests.append(request)
        return request

    def end(self, request: Request, outcome: Outcome = Outcome.SUCCESS) -> None:
        request.outcome, request.ended_at = outcome, self.world.kernel.now

    def model(self, plan: ModelPlan) -> Model:
        return self.world.rekognition.models[plan.arn]

    def tried(self, attempt: int, origin: int = 1) -> Scene:
        """Whoever acts from now on does it in this try of a delivery."""
        delivery = SimpleNamespace(origin=origin, attempt=attempt)
        self.world.current_invocation = lambda: SimpleNamespace(delivery=delivery)  # type: ignore
        return self

    def called(self, action: str) -> None:
        for invariant in self.invariants:
            invariant.called(self.world.current_invocation(), action, True)

    def act(self, verb: str, plan: ModelPlan, by: object, units: int = 1) -> Change:
        """A Start ends at once, a Stop too."""
        change = Change(self.world.kernel.now, verb, by, units, units)
        model = self.model(plan)
        for invariant in self.invariants:
            invariant.acted(model, change)
        model.changes.append(change)
        status = "RUNNING" if verb == "Start" else "STOPPED"
        shown = units if verb == "Start" else None
        model.looks.append(Look(self.world.kernel.now, status, shown, shown))
        return change

    invariants: tuple[Invariant, ...] = ()

    def watch(self, *kinds: type[Invariant]) -> Scene:
        self.invariants = tuple(kind(self.world, self.violations, self.truth) for kind in kinds)
        return self

    def created(self, name: str = "Detector", plan: ModelPlan = V1, units: int = 1, **more: Any) -> Request:
        """A resource is created, from now on; 10 seconds later all is complete."""
        begin, stack = self.world.kernel.now, more.get("stack", self.alpha)
        self.stack("CREATE_IN_PROGRESS" if not stack.statuses else "UPDATE_IN_PROGRESS", stack)
        self.resource(name, "CREATE_IN_PROGRESS", stack=stack)
        request = self.send("Create", name, plan, units, **more)
        self.act("Start", plan, request, units)
        self.world.kernel.now = begin + 8
        self.end(request)
        self.resource(name, "CREATE_COMPLETE", plan, stack=stack)
        self.world.kernel.now = begin + 10
        self.stack("CREATE_COMPLETE", stack)
        return request

    @property
    def found(self) -> list[str]:
        for invariant in self.invariants:
            invariant.at_the_end(True)
        return [f"{violation.guarantee}: {violation.text}" for violation in self.violations]


DETECTOR = (StackPlan("alpha", 0.0, ()).stack_id, "Detector")
EXTRA = (DETECTOR[0], "Extra")


@pytest.fixture
def scene() -> Scene:
    """A world in which nothing has happened yet."""
    return Scene()


# --- who lives, has and wants -------------------------------------------------------------------------


def test_a_resource_lives_until_its_deletion_begins(scene: Scene) -> None:
    """A Delete that fails does not bring it back to life."""
    scene.created()
    assert scene.truth.has(DETECTOR, V1.arn)
    scene.at(20).stack("DELETE_IN_PROGRESS")
    assert scene.truth.has(DETECTOR, V1.arn)
    scene.resource("Detector", "DELETE_IN_PROGRESS")
    assert not scene.truth.lives(DETECTOR)
    scene.resource("Detector", "DELETE_FAILED")
    assert not scene.truth.has(DETECTOR, V1.arn)


@pytest.mark.parametrize("stack_status", ["CREATE_FAILED", "ROLLBACK_IN_PROGRESS"])
def test_what_failed_to_be_created_has_no_model(scene: Scene, stack_status: str) -> None:
    """Whether the stack keeps it or not, and whatever physical id the answer named."""
    scene.stack("CREATE_IN_PROGRESS")
    scene.resource("Detector", "CREATE_IN_PROGRESS")
    request = scene.send("Create", "Detector", V1)
    assert list(scene.truth.others_with(EXTRA, V1.arn)) == [DETECTOR]
    scene.end(request, Outcome.FAILED)
    scene.resource("Detector", "CREATE_FAILED", V1)
    scene.stack(stack_status)
    assert not scene.truth.has(DETECTOR, V1.arn)
    assert list(scene.truth.others_with(EXTRA, V1.arn)) == []


def test_what_a_resource_had_counts_until_its_stack_is_complete(scene: Scene) -> None:
    """A replacement is done, another resource fails: the stack can still go back, however long it rests."""
    scene.created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.resource("Detector", "UPDATE_IN_PROGRESS")
    scene.end(update)
    scene.at(30).resource("Detector", "UPDATE_COMPLETE", V2)
    for second, status in enumerate(("UPDATE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"), 40):
        scene.at(second).stack(status)
        assert begin_of(scene.alpha) == EPOCH + 20
        assert scene.truth.had_at_begin(DETECTOR, V1.arn)
        assert scene.truth.has(DETECTOR, V2.arn)
    scene.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert not scene.truth.had_at_begin(DETECTOR, V1.arn)
    scene.stack("UPDATE_COMPLETE")
    assert begin_of(scene.alpha) is None
    assert not scene.truth.had_at_begin(DETECTOR, V1.arn)


def test_a_resource_that_was_made_anew_did_not_have_what_its_former_life_had(scene: Scene) -> None:
    """The same logical id, another resource."""
    scene.created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    scene.resource("Detector", "DELETE_COMPLETE")
    scene.at(30).stack("UPDATE_COMPLETE")
    scene.at(40).stack("UPDATE_IN_PROGRESS")
    scene.resource("Detector", "CREATE_IN_PROGRESS")
    assert not scene.truth.had_at_begin(DETECTOR, V1.arn)
    assert len(scene.alpha.every) == 2


# --- who answers for it -------------------------------------------------------------------------------


def test_a_model_is_a_persons_until_a_request_succeeds_with_it(scene: Scene) -> None:
    """And again a person's once a person starts it anew."""
    scene.act("Start", V1, PERSON)
    assert scene.truth.is_a_persons(scene.model(V1))
    request = scene.at(5).send("Create", "Detector", V1)
    assert scene.truth.holders(scene.model(V1)) == set()
    scene.end(request)
    assert not scene.truth.is_a_persons(scene.model(V1))
    assert scene.truth.holders(scene.model(V1)) == {DETECTOR}
    scene.at(20).act("Start", V1, PERSON)
    assert scene.truth.is_a_persons(scene.model(V1))


def test_a_rename_adds_a_holder_and_another_stack_takes_over(scene: Scene) -> None:
    """The new stack is the only one that holds it then."""
    scene.created()
    scene.end(scene.at(20).send("Create", "Extra", V1))
    assert scene.truth.holders(scene.model(V1)) == {DETECTOR, EXTRA}
    assert scene.truth.stack_of(scene.model(V1)) is scene.alpha
    scene.end(scene.at(30).send("Create", "Finder", V1, stack=scene.beta))
    assert scene.truth.holders(scene.model(V1)) == {(scene.beta.plan.stack_id, "Finder")}
    assert scene.truth.stack_of(scene.model(V1)) is scene.beta


def test_requests_that_are_sent_later_are_read_too(scene: Scene) -> None:
    """Deletes declare nothing."""
    first = scene.send("Create", "Detector", V1)
    assert scene.truth.requests_of(DETECTOR) == scene.truth.declaring(V1.arn) == [first]
    delete = scene.send("Delete", "Detector", V1, has=V1)
    second = scene.send("Update", "Detector", V2, old=(V1, 1))
    assert scene.truth.requests_of(DETECTOR) == [first, delete, second]
    assert scene.truth.declaring(V1.arn) == [first]
    assert scene.truth.declaring(V2.arn) == [second]


# --- G10 ----------------------------------------------------------------------------------------------


def test_a_late_request_may_start_what_another_one_brings_but_with_its_units(scene: Scene) -> None:
    """Seeds 6087567 and 6012282: a late delivery helps the roll-back under way, or starts another size."""
    scene.watch(StaleStartsNothing).created(units=2)
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    late = scene.send("Update", "Detector", V1, 1, old=(V1, 2), has=V1)
    scene.at(60).end(late, Outcome.CANCELLED)
    scene.stack("UPDATE_ROLLBACK_IN_PROGRESS")
    back = scene.send("Update", "Detector", V1, 2, old=(V1, 1), has=V1, back=True)
    scene.at(100).act("Start", V1, late, 2)
    assert scene.found == []
    scene.at(101).act("Start", V1, late, 1)
    told = "Update #1 of alpha/Detector starts v1 with (1, 1) units 41 s after it has ended"
    assert scene.found == [f"G10: {told}"]
    scene.violations.clear()
    scene.act("Start", V1, back, 1)
    assert scene.found == []


@pytest.mark.parametrize(("outcome", "count"), [(Outcome.SUCCESS, 1), (Outcome.FAILED, 0)])
def test_what_an_update_leaves_is_wanted_again_if_it_fails(
    scene: Scene, outcome: Outcome, count: int
) -> None:
    """Seed 745428: a late look-alike takes the update for failed, which then succeeds."""
    scene.watch(StaleStartsNothing).created()
    late = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.at(12).end(late, Outcome.CANCELLED)
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.at(30).act("Stop", V1, update)
    scene.at(100).act("Start", V1, late)
    scene.at(200).end(update, outcome)
    assert len(scene.found) == count


def test_the_update_itself_may_bring_back_what_it_has_stopped(scene: Scene) -> None:
    """Whether it succeeds in the end or not."""
    scene.watch(StaleStartsNothing).created()
    update = scene.at(20).send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.at(30).act("Stop", V1, update)
    scene.at(300).act("Start", V1, update)
    scene.at(310).end(update)
    assert scene.found == []


@pytest.mark.parametrize(("view", "count"), [(View.EVENTS, 0), (View.RESOURCE, 1)])
def test_nobody_knows_of_a_deletion_that_is_not_shown(scene: Scene, view: View, count: int) -> None:
    """Seed 42047254: a late delivery brings back what it has stopped, as the events tell it to."""
    scene.watch(StaleStartsNothing)
    create = scene.created()
    now = scene.at(50).world.kernel.now
    scene.alpha.freezes.append(Freeze(now, inf, (view,), None))
    scene.stack("DELETE_IN_PROGRESS")
    scene.resource("Detector", "DELETE_IN_PROGRESS")
    scene.send("Delete", "Detector", V1)
    scene.at(100).act("Start", V1, create)
    assert len(scene.found) == count


@pytest.mark.parametrize(("seconds", "count"), [(20, 0), (30, 1)])
def test_what_was_wanted_counts_for_as_long_as_a_view_may_be_old(
    scene: Scene, seconds: float, count: int
) -> None:
    """15 s for the view, and the time of a call."""
    scene.watch(StaleStartsNothing)
    scene.stack("CREATE_IN_PROGRESS")
    scene.resource("Detector", "CREATE_IN_PROGRESS")
    request = scene.send("Create", "Detector", V1)
    scene.at(50).end(request, Outcome.CANCELLED)
    scene.resource("Detector", "CREATE_FAILED")
    scene.at(50 + seconds).act("Start", V1, request)
    assert len(scene.found) == count


def test_a_way_back_that_was_skipped_is_what_its_resource_is_declared_with(
    scene: Scene,
) -> None:
    """Seed 28001520: CloudFormation counts it as gone back, and another resource gives the model back so."""
    scene.watch(StaleStartsNothing).created(units=2)
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    forward = scene.send("Update", "Detector", V1, 1, old=(V1, 2), has=V1)
    scene.at(60).end(forward)
    scene.stack("UPDATE_ROLLBACK_IN_PROGRESS")
    back = scene.send("Update", "Detector", V1, 2, old=(V1, 1), has=V1, back=True)
    scene.at(100).end(back, Outcome.FAILED)
    scene.stack("UPDATE_ROLLBACK_FAILED")
    scene.at(400).resource("Detector", "UPDATE_COMPLETE", V1)
    scene.stack("UPDATE_ROLLBACK_COMPLETE")
    scene.at(500).stack("UPDATE_IN_PROGRESS")
    another = scene.send("Create", "Extra", V1, 1)
    scene.at(600).act("Start", V1, another, 2)
    assert scene.found == []


def test_nothing_starts_for_a_resource_that_is_being_deleted(scene: Scene) -> None:
    """A late duplicate of the create helps as long as the resource rests with the model."""
    scene.watch(StaleStartsNothing)
    request = scene.created()
    scene.at(40).act("Start", V1, request)
    assert scene.found == []
    scene.at(50).resource("Detector", "DELETE_IN_PROGRESS")
    scene.at(80).act("Start", V1, request)
    assert len(scene.found) == 1


# --- G3 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_FAILED"])
def test_a_model_that_no_living_resource_has_is_a_leak(scene: Scene, status: str) -> None:
    """Also where its Delete has failed."""
    scene.watch(NoLeak).created()
    assert scene.found == []
    scene.at(100).resource("Detector", status)
    assert scene.found == ["G3: v1 is RUNNING for nobody: alpha/Detector"]


def test_what_another_resource_has_and_what_is_retained_or_a_persons_is_no_leak(scene: Scene) -> None:
    """Another stack's resource will do as well."""
    scene.watch(NoLeak).created()
    scene.created("Finder", stack=scene.beta)
    scene.at(100).resource("Detector", "DELETE_COMPLETE")
    assert scene.found == []
    scene.resource("Finder", "DELETE_COMPLETE", stack=scene.beta)
    scene.act("Start", V2, PERSON)
    assert scene.found == ["G3: v1 is RUNNING for nobody: beta/Finder"]
    scene.violations.clear()
    scene.retained("Finder", V1, stack=scene.beta)
    assert scene.found == []


@pytest.mark.parametrize(("has", "count"), [(V1, 0), (V2, 1)], ids=["kept from its success", "failed later"])
def test_a_replacement_that_is_cancelled_as_it_succeeds_is_named_in_the_promise(
    scene: Scene, has: ModelPlan, count: int
) -> None:
    """Seed 65003506: CloudFormation has its SUCCESS, and the resource rests with what it had before."""
    scene.watch(NoLeak).created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.act("Stop", V1, update)
    scene.act("Start", V2, update)
    scene.end(update)
    scene.resource("Detector", "UPDATE_FAILED", has)
    if count:
        scene.resource("Detector", "DELETE_COMPLETE")
    scene.stack("UPDATE_FAILED")
    assert len(scene.found) == count
    assert (Condition.CROSSED in scene.world.conditions) is not bool(count)


def test_the_model_of_a_replacement_that_failed_in_a_stack_without_roll_back_is_a_leak(scene: Scene) -> None:
    """The resource rests in UPDATE_FAILED with what it had."""
    scene.watch(NoLeak).created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.act("Start", V2, update)
    scene.end(update, Outcome.FAILED)
    scene.resource("Detector", "UPDATE_FAILED")
    scene.stack("UPDATE_FAILED")
    assert scene.found == ["G3: v2 is RUNNING for nobody: alpha/Detector"]


def test_what_a_skipped_roll_back_leaves_behind_is_a_leak(scene: Scene) -> None:
    """Seed 6020548: the resource has v2, and what it had when the stack's operation began runs on."""
    scene.watch(NoLeak).created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    scene.at(25).resource("Detector", "UPDATE_COMPLETE", V2)
    scene.at(30).stack("UPDATE_ROLLBACK_FAILED")
    assert scene.found == []
    scene.at(40).resource("Detector", "UPDATE_COMPLETE")
    scene.stack("UPDATE_ROLLBACK_COMPLETE")
    assert scene.found == ["G3: v1 is RUNNING for nobody: alpha/Detector"]


FAILED = {"Status": "FAILED", "Reason": "Rekognition could not start it", "PhysicalResourceId": V1.arn}


@pytest.mark.parametrize(("another", "count"), [(False, 1), (True, 0)])
def test_a_create_that_fails_has_stopped_what_it_started(scene: Scene, another: bool, count: int) -> None:
    """Unless another resource has or wants it."""
    scene.watch(NoLeak)
    if another:
        scene.created("Extra")
    request = scene.at(30).send("Create", "Detector", V1)
    scene.act("Start", V1, request)
    for invariant in scene.invariants:
        invariant.answered(request, None, FAILED, True)  # type: ignore[arg-type]
    assert len(scene.violations) == count


# --- G6 -----------------------------------------------------------------------------------------------


def test_a_delete_must_not_stop_what_a_renamed_resource_has(scene: Scene) -> None:
    """The clean-up of a rename leaves the model to the new resource."""
    scene.watch(OneOwner).created()
    scene.created("Extra")
    delete = scene.at(60).send("Delete", "Detector", V1, has=V1)
    scene.resource("Detector", "DELETE_IN_PROGRESS")
    scene.act("Stop", V1, delete)
    assert scene.found == [f"G6: {delete.name} stops v1, which is alpha/Extra's"]


def test_a_stop_that_brings_a_model_to_its_holders_size_is_none_of_theft(scene: Scene) -> None:
    """The roll-back of a rename that came with another size."""
    scene.watch(OneOwner).created(units=2)
    scene.at(40).stack("UPDATE_IN_PROGRESS")
    create = scene.send("Create", "Extra", V1, 1)
    scene.act("Stop", V1, create, 2)
    scene.act("Start", V1, create, 1)
    scene.at(90).end(create, Outcome.CANCELLED)
    delete = scene.at(150).send("Delete", "Extra", V1, has=V1)
    scene.act("Stop", V1, delete, 1)
    assert scene.found == []


@pytest.mark.parametrize(("seconds", "count"), [(10, 0), (20, 1)])
def test_what_another_wants_can_not_be_known_at_once(scene: Scene, seconds: float, count: int) -> None:
    """15 s later it can."""
    scene.watch(OneOwner).created()
    delete = scene.at(50).send("Delete", "Detector", V1, has=V1)
    scene.resource("Extra", "CREATE_IN_PROGRESS")
    scene.send("Create", "Extra", V1)
    scene.at(50 + seconds).act("Stop", V1, delete)
    assert len(scene.found) == count


def test_what_a_look_may_not_show_yet_is_no_theft(scene: Scene) -> None:
    """Seed 29101412: two deliveries of a Delete give a model back, one by a look that is 11 s old."""
    scene.watch(OneOwner).created(units=2)
    gives_back = scene.at(100).send("Delete", "Extra", V1, 3)
    scene.act("Start", V1, gives_back, 3)
    scene.at(200).act("Stop", V1, gives_back)
    scene.at(201).act("Start", V1, gives_back, 2)
    scene.at(205).act("Stop", V1, gives_back)
    assert scene.found == []
    scene.at(206).act("Start", V1, gives_back, 2)
    scene.at(230).act("Stop", V1, gives_back)
    assert scene.found == ["G6: Delete #1 of alpha/Extra stops v1, which is alpha/Detector's"]


def test_another_stack_stops_nothing_unless_both_came_at_once(scene: Scene) -> None:
    """Tags know no conditional write (README)."""
    scene.watch(OneOwner).created()
    thief = scene.at(20).send("Create", "Finder", V1, 3, stack=scene.beta)
    scene.at(30).act("Stop", V1, thief)
    assert scene.found == [f"G6: {thief.name} stops v1, which is alpha/Detector's"]
    scene.violations.clear()
    scene.model(V1).tagged += [(EPOCH + 19, scene.world.requests[0]), (EPOCH + 21, thief)]
    scene.act("Start", V1, scene.world.requests[0])
    scene.act("Stop", V1, thief)
    assert scene.found == []


@pytest.mark.parametrize(("seconds", "count"), [(14, 1), (15, 0)])
def test_nobody_knows_of_another_stacks_resource_that_is_not_shown(
    scene: Scene, seconds: int, count: int
) -> None:
    """Seed 34005335: for 15 s what the claim says is waited for."""
    scene.watch(OneOwner).created()
    now = scene.at(20).world.kernel.now
    scene.alpha.freezes.append(Freeze(now, inf, (View.RESOURCE,), "Detector"))
    thief = scene.send("Create", "Finder", V1, 3, stack=scene.beta)
    scene.at(20 + seconds).act("Stop", V1, thief)
    assert len(scene.found) == count


def test_what_a_person_has_started_is_stopped_by_those_who_declare_it_alone(scene: Scene) -> None:
    """Adopting means owning, but a request that has ended adopts nothing."""
    scene.watch(OneOwner)
    request = scene.send("Create", "Detector", V1)
    scene.at(50).end(request, Outcome.CANCELLED)
    scene.at(100).act("Start", V1, PERSON)
    scene.at(101).act("Stop", V1, request)
    assert scene.found == [f"G6: {request.name} stops v1, which a person has started"]
    scene.violations.clear()
    scene.at(110).act("Start", V1, PERSON)
    scene.act("Stop", V1, scene.send("Create", "Extra", V1, 2))
    assert scene.found == []


@pytest.mark.parametrize(
    ("claimed_at", "origin", "count"), [(30, 1, 0), (30, 2, 1), (70, 1, 1), (None, 1, 1)]
)
def test_what_a_person_starts_is_stopped_by_a_delivery_that_had_claimed_it_before(
    scene: Scene, claimed_at: int | None, origin: int, count: int
) -> None:
    """Seeds 32015613, 60017885, 60168013: it can't tell that it has not started it itself."""
    scene.watch(OneOwner)
    request = scene.send("Create", "Detector", V1)
    if claimed_at is not None:
        scene.at(claimed_at).called("rekognition:TagResource")
    scene.at(40).end(request, Outcome.CANCELLED)
    scene.at(60).act("Start", V1, PERSON)
    scene.at(100).tried(1, origin).act("Stop", V1, request)
    assert len(scene.found) == count


# --- G5 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stops", "starts", "count"),
    [((0, 1), (0, 1), 1), ((0, 1), (1, 1), 0), ((1, 1), (1, 1), 1), ((0, 2), (0, 2), 0)],
    ids=[
        "one try",
        "a try after the one that has undone it",
        "a try that undoes it itself",
        "two deliveries",
    ],
)
def test_a_start_a_stop_and_a_start_more_are_allowed_to_those_who_disagree(
    scene: Scene, stops: tuple[int, int], starts: tuple[int, int], count: int
) -> None:
    """Seed 60036759: killed after the claim was gone, it is tried again and knows of nothing; once."""
    scene.watch(Idempotent)
    request = scene.send("Create", "Detector", V1)
    scene.tried(0, 1).act("Start", V1, request)
    scene.at(20).tried(*stops).act("Stop", V1, request)
    scene.at(90).tried(*starts).act("Start", V1, request)
    assert len(scene.found) == count
    scene.at(120).tried(2).act("Stop", V1, request)
    scene.at(190).tried(3).act("Start", V1, request)
    assert len(scene.found) == 1


# --- G7, G8 -------------------------------------------------------------------------------------------


def test_a_roll_back_that_fails_may_leave_running_what_it_goes_back_to(scene: Scene) -> None:
    """It is no new model that a failed replacement leaves."""
    scene.watch(WithoutGap).created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    scene.at(25).resource("Detector", "UPDATE_COMPLETE", V2)
    scene.at(30).stack("UPDATE_ROLLBACK_IN_PROGRESS")
    back = scene.send("Update", "Detector", V1, old=(V2, 1), has=V2, back=True)
    scene.act("Start", V1, back)
    body = {**FAILED, "PhysicalResourceId": V2.arn}
    for invariant in scene.invariants:
        invariant.answered(back, None, body, True)  # type: ignore[arg-type]
    assert scene.violations == []


def resize_that_fails(scene: Scene, units: int | None = None) -> Request:
    """In a stack that keeps what failed; with ``units`` a start of these has failed after the stop."""
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V1, 1, old=(V1, 2), has=V1)
    scene.at(25).act("Stop", V1, update, 2)
    if units is not None:
        scene.act("Start", V1, update, units)
        scene.model(V1).looks.append(Look(scene.world.kernel.now, "FAILED"))
    scene.at(60).end(update, Outcome.FAILED)
    update.answers.append(FAILED)
    scene.resource("Detector", "UPDATE_FAILED")
    scene.stack("UPDATE_FAILED")
    return update


@pytest.mark.parametrize(("units", "count"), [(None, 1), (1, 1), (2, 0)])
def test_a_resize_that_fails_without_roll_back_brings_back_what_was(
    scene: Scene, units: int | None, count: int
) -> None:
    """An accepted start with the former units is enough."""
    scene.watch(AsDeclared).created(units=2)
    resize_that_fails(scene, units)
    for invariant in scene.invariants:
        invariant.rested(scene.alpha)
    assert len(scene.violations) == count


@pytest.mark.parametrize(("replacement", "count"), [("START_FIRST", 0), ("STOP_FIRST", 1)])
def test_what_was_to_be_replaced_without_a_gap_keeps_the_size_that_another_one_gave_it(
    scene: Scene, replacement: str, count: int
) -> None:
    """Seed 32036298: to bring the former size back would be the gap."""
    scene.watch(AsDeclared).created(units=2)
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, 2, old=(V1, 2), has=V1)
    update.properties = {**update.properties, "Replacement": replacement}
    other = scene.send("Create", "Extra", V1, 1)
    scene.at(25).act("Stop", V1, other, 2)
    scene.at(30).act("Start", V1, other, 1)
    for request in (other, update):
        scene.at(60).end(request, Outcome.FAILED)
        request.answers.append(FAILED)
    scene.resource("Extra", "CREATE_FAILED")
    scene.resource("Detector", "UPDATE_FAILED")
    scene.stack("UPDATE_FAILED")
    for invariant in scene.invariants:
        invariant.rested(scene.alpha)
    assert len(scene.violations) == count


def test_what_another_delivery_still_works_on_is_judged_after_that(scene: Scene) -> None:
    """Seed 64039758: it has stopped the model when the other one had failed, which did not show yet."""
    scene.watch(AsDeclared).created(units=2)
    update = resize_that_fails(scene)
    update.running = 1
    assert scene.found == []
    update.running = 0
    assert scene.found == [f"G8: {update.name} failed, and what was is STOPPED with (None, None) units"]


def test_what_a_resource_never_lived_with_is_not_brought_back(scene: Scene) -> None:
    """Seed 64067745: its create had failed, since the model was another stack's."""
    scene.watch(AsDeclared).created("Finder", stack=scene.beta)
    scene.at(15).stack("CREATE_IN_PROGRESS")
    scene.resource("Detector", "CREATE_IN_PROGRESS")
    scene.end(scene.send("Create", "Detector", V1), Outcome.FAILED)
    scene.resource("Detector", "UPDATE_IN_PROGRESS", V1)
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    update = scene.send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.act("Stop", V1, scene.send("Delete", "Finder", V1, has=V1, stack=scene.beta))
    scene.resource("Finder", "DELETE_COMPLETE", stack=scene.beta)
    scene.end(update, Outcome.FAILED)
    scene.resource("Detector", "UPDATE_FAILED")
    scene.stack("UPDATE_FAILED")
    assert scene.found == []


@pytest.mark.parametrize(("failed_at", "count"), [(50, 1), (70, 0)])
def test_a_start_that_brings_back_and_fails_after_its_request_is_the_services(
    scene: Scene, failed_at: float, count: int
) -> None:
    """Seed 64099192: it took more than an hour, and CloudFormation waited for nothing any more."""
    scene.watch(AsDeclared).created()
    scene.at(20).stack("UPDATE_IN_PROGRESS")
    other = scene.send("Create", "Finder", V1, 6)
    scene.at(30).act("Stop", V1, other)
    scene.act("Start", V1, other)
    scene.at(60).end(other, Outcome.FAILED)
    scene.at(failed_at).model(V1).looks.append(Look(scene.world.kernel.now, "FAILED"))
    scene.at(80).stack("UPDATE_ROLLBACK_COMPLETE")
    assert len(scene.found) == count


@pytest.mark.parametrize(
    ("outcome", "count"), [(Outcome.SUCCESS, 0), (Outcome.FAILED, 1)], ids=["has lived with it", "has failed"]
)
def test_what_was_retained_is_stopped_by_nobody_who_has_not_lived_with_it(
    scene: Scene, outcome: Outcome, count: int
) -> None:
    """Seed 64003138: an update to it fails, and the next one stops it."""
    scene.watch(OneOwner).created()
    scene.created("Finder", V2)
    scene.at(30).retained("Finder", V2)
    update = scene.at(40).send("Update", "Detector", V2, old=(V1, 1), has=V1)
    scene.act("Stop", V2, update)
    scene.act("Start", V2, update)
    scene.at(100).end(update, outcome)
    assert scene.truth.is_retained(V2.arn) is bool(count)
    scene.at(200).act("Stop", V2, scene.send("Update", "Detector", V1, old=(V2, 1), has=V1))
    assert len(scene.found) == count


def test_what_was_retained_passes_on_to_another_stack_that_claims_it(scene: Scene) -> None:
    """Seed 66042661: a create there resizes it and is cancelled, so that it stops what it has started."""
    scene.watch(OneOwner).created()
    scene.at(30).retained("Detector", V1)
    create = scene.at(100).send("Create", "Finder", V1, 2, stack=scene.beta)
    scene.act("Stop", V1, create)
    scene.act("Start", V1, create, 2)
    scene.at(110).end(create, Outcome.CANCELLED)
    scene.at(300).act("Stop", V1, scene.send("Delete", "Finder", V1, stack=scene.beta))
    assert scene.found == []


def test_what_succeeded_runs_as_declared_in_a_stack_that_keeps_what_failed(scene: Scene) -> None:
    """That another resource failed is no excuse."""
    scene.watch(AsDeclared)
    create = scene.created()
    scene.at(20).act("Stop", V1, create)
    scene.at(30).stack("CREATE_FAILED")
    assert scene.found == [f"G8: after {create.name} succeeded, its model is STOPPED with (None, None) units"]


def test_the_invariants_import_nothing_of_the_handler() -> None:
    """They judge the world: a handler may be another one tomorrow. The calendar of hours is no part of it."""
    calendar = {"running_model_handler.core.guards", "running_model_handler.core.hours"}
    root = Path(simulator.__file__).parent
    judges = [root / f"{name}.py" for name in ("conditions", "lives", "verdicts")]
    files = [*(root / "invariants").glob("*.py"), *judges]
    assert len(files) > 8
    for file in files:
        names = [
            name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([getattr(node, "module", None) or ""] + [alias.name for alias in node.names])
        ]
        ours = {name for name in names if name.startswith("running_model_handler")}
        assert not ours - calendar, file
