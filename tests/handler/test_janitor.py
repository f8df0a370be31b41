"""The janitor: models that run for nobody are stopped, and no others."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from stack_log import MODEL
from updates import update
from world import (
    OTHER,
    STACK,
    V1,
    V2,
    World,
    created,
    creating,
    lived,
    properties,
    service_error,
)

from running_model_handler import janitor
from running_model_handler.core.arn import ProjectArn, parse_project_arn, parse_project_version_arn
from running_model_handler.core.claim import Holder, Owner, claim_tags
from running_model_handler.core.names import Tag
from running_model_handler.core.operation import ResourceView
from running_model_handler.core.orphans import REMEMBERED_SECONDS, History
from running_model_handler.core.units import InferenceUnits
from running_model_handler.janitor import BETWEEN_LOOKS_SECONDS, Janitor, Summary
from running_model_handler.shell.all_models import UpModel
from running_model_handler.shell.clients import Clients


class Seen:
    """The world as the janitor sees it: what it has beside the handler's adapters."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.whole = True
        self.lines: list[dict[str, Any]] = []
        self.find_project, self.observe = world.find_project, world.observe
        self.start, self.stop, self.tags = world.start, world.stop, world.tags
        self.tag, self.untag = world.tag, world.untag

    def projects(self) -> list[ProjectArn]:
        """Every project."""
        self.world._call("DescribeProjects", "*")
        return [
            parse_project_arn(V1.partition("/version/")[0] + f"/{created}", name="project")
            for created in self.world.projects.values()
        ]

    def up_in(self, project: ProjectArn) -> list[UpModel]:
        """The models that are up."""
        self.world._call("DescribeProjectVersions", str(project))
        return [
            UpModel(parse_project_version_arn(arn, name="arn"), project)
            for arn, version in self.world.versions.items()
            if version.status in ("RUNNING", "STARTING")
        ]

    def history(self, stack_id: str, since: float | None) -> History:
        """The events of a stack, all of them."""
        self.world._call("DescribeStackEvents", stack_id)
        stack = self.world.stacks.get(stack_id)
        return History(tuple(stack.shown()) if stack is not None else (), self.whole)

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """A resource."""
        return self.world.resource(stack_id, logical_id)

    def round(self, *, stops: bool = True) -> Summary:
        """A round of the janitor."""
        return Janitor(self, self, self.world.clock, self.tell).round(stops=stops)

    def tell(self, line: str) -> None:
        """A line of metrics."""
        self.lines.append(json.loads(line))


@pytest.fixture
def world() -> World:
    """The stack's model has run for an hour."""
    world = World()
    lived(world)
    return world


def stopped(world: World, arn: str = V1, *, stops: bool = True) -> bool:
    """Whether a round stops a model."""
    Seen(world).round(stops=stops)
    return world.count("StopProjectVersion", arn) == 1


def deleted(world: World) -> None:
    """The stack is deleted, and its model still runs: every try of the Delete was killed."""
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.completes()
    world.stack.done()


def test_a_model_of_a_living_stack_is_kept(world: World) -> None:
    """Untouched by the last operation, and brought with it."""
    assert not stopped(world)
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.done()
    assert not stopped(world)
    assert world.versions[V1].status == "RUNNING"


def test_a_model_of_a_deleted_stack_is_stopped(world: World) -> None:
    """With a line and a metric that name it; the claim stays, for whoever takes the model over."""
    deleted(world)
    seen = Seen(world)
    assert seen.round() == Summary(up=1, orphans=1, stopped=1)
    assert world.versions[V1].status == "STOPPING"
    (line,) = seen.lines
    assert (line["OrphansStopped"], line["ProjectVersionArn"]) == (1, V1)
    assert "deleted" in line["Reason"]
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "OrphansStopped", "Unit": "Count"}]
    assert world.owner(V1) == STACK


def test_a_dry_run_only_tells(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The command that stops it by hand included."""
    deleted(world)
    seen = Seen(world)
    with caplog.at_level(logging.WARNING):
        assert seen.round(stops=False) == Summary(up=1, orphans=1)
    assert world.versions[V1].status == "RUNNING"
    assert [line["OrphansFound"] for line in seen.lines] == [1]
    assert f"stop-project-version --region eu-west-1 --project-version-arn {V1}" in caplog.text


def test_it_never_touches_a_model_without_a_claim(world: World) -> None:
    """Whatever else it is tagged with; nor does it ask anything about it."""
    world.run_model(V2)
    world.versions[V2].tags = {"team": "vision", str(Tag.START_SECONDS): "600", str(Tag.STACK_ID): "mine"}
    assert Seen(world).round() == Summary(up=2)
    assert world.versions[V2].status == "RUNNING"


def test_a_model_of_a_resource_that_is_gone_is_stopped(world: World) -> None:
    """The stack lives on without it."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.completes()
    world.stack.done()
    assert stopped(world)


def test_a_replaced_model_whose_clean_up_failed_is_stopped(world: World) -> None:
    """Its successor is the resource's, and stays."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("UPDATE", properties(V2))
    world.run_model(V2)
    world.own(V2)
    world.stack.completes(physical_id=V2)
    world.stack.cleans_up()
    world.stack.begins("DELETE", properties(), physical_id=V1, leftover=True)
    world.stack.leftover_gone(MODEL, V1, failed=True)
    world.stack.done()
    assert stopped(world)
    assert world.versions[V2].status == "RUNNING"


def test_a_deletion_that_has_failed_leaves_an_orphan(world: World) -> None:
    """Nobody wants the model any more, and CloudFormation does not try again by itself."""
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.fails()
    world.stack.goes("DELETE_FAILED")
    assert stopped(world)


def test_a_create_that_failed_without_a_roll_back_leaves_an_orphan() -> None:
    """A failed create stops its model itself; this one was killed each time."""
    world = World()
    creating(world)
    world.run_model(V1)
    world.own(V1)
    world.stack.fails()
    world.stack.goes("CREATE_FAILED")
    world.clock.time += 60
    assert stopped(world)


@pytest.mark.parametrize("status", ["CREATE", "DELETE", "UPDATE", "ROLLBACK", "UPDATE_ROLLBACK"])
def test_while_an_operation_is_under_way_nothing_is_stopped(world: World, status: str) -> None:
    """Whatever it is: what it wants is for the requests to do."""
    world.stack.begins("DELETE", properties())
    world.stack.completes()
    world.stack.goes(f"{status}_IN_PROGRESS")
    world.clock.time += 60
    assert not stopped(world)


def test_a_stack_that_cleans_up_is_under_way(world: World) -> None:
    """The Delete of the former model is still to come."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("UPDATE", properties(V2))
    world.stack.completes(physical_id=V2)
    world.stack.cleans_up()
    assert not stopped(world)


def test_what_can_still_come_back_is_kept(world: World) -> None:
    """A roll-back that failed can be continued, to the model that the resource had."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("UPDATE", properties(V2))
    world.stack.completes(physical_id=V2)
    world.stack.turns_back()
    world.stack.goes("UPDATE_ROLLBACK_FAILED")
    assert not stopped(world)


def test_what_an_update_that_failed_without_a_roll_back_may_turn_back_to_is_kept(world: World) -> None:
    """The resource has its new model by then; the former one runs until the update is cleaned up."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("UPDATE", properties(V2))
    world.stack.completes(physical_id=V2)
    world.stack.goes("UPDATE_FAILED")
    assert not stopped(world)


def test_a_resource_at_which_something_is_done_keeps_the_model(world: World) -> None:
    """The answer about it is newer than that about its stack."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.done()
    seen = Seen(world)
    seen.resource = lambda *_: ResourceView("UPDATE_IN_PROGRESS", V2)  # type: ignore[method-assign]
    assert seen.round() == Summary(up=1)


def test_a_retained_model_is_kept(world: World) -> None:
    """Its stack is deleted without it, or lives on without its resource."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.skips()
    world.stack.done()
    assert not stopped(world)
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.done()
    assert not stopped(world)


def test_a_model_that_was_given_up_when_its_deletion_failed_is_stopped(world: World) -> None:
    """Deleted "without it" so that the stack can go (DeleteStack, RetainResources): nobody wanted it kept."""
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.fails()
    world.stack.goes("DELETE_FAILED")
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.skips()
    world.stack.done()
    assert stopped(world)


def test_a_retained_model_that_another_resource_took_over_is_not_retained_for_ever(world: World) -> None:
    """What counts is what was done since it was claimed last."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.skips()
    world.stack.done()
    world.clock.time += 60
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("CREATE", properties(), "Second")
    world.own(V1, logical_id="Second")
    world.stack.completes("Second", V1)
    world.stack.done()
    assert not stopped(world)
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("DELETE", properties(), "Second")
    world.stack.completes("Second")
    world.stack.done()
    assert stopped(world)


def test_a_claim_that_is_newer_than_the_answer_is_kept(world: World) -> None:
    """CloudFormation's answer is old: the operation that claimed the model does not show yet."""
    deleted(world)
    world.own(V1, t=world.clock.now() + 30)
    assert not stopped(world)


def test_a_stack_that_there_never_was(world: World) -> None:
    """An answer that can't be, so soon after the claim: the stack is gone. Later it may just be forgotten."""
    world.stacks.clear()
    assert stopped(world)


def test_a_forgotten_stack_leaves_doubt(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """After 90 days nobody can tell an orphan from a model that was retained: it is told, not stopped."""
    world.stacks.clear()
    world.clock.time += REMEMBERED_SECONDS
    seen = Seen(world)
    with caplog.at_level(logging.WARNING):
        assert seen.round() == Summary(up=1, doubts=1)
    assert [line["ClaimsInDoubt"] for line in seen.lines] == [1]
    assert "stop-project-version" in caplog.text


@pytest.mark.parametrize("claim", ["without a holder", "elsewhere"])
def test_a_claim_that_is_not_whole_leaves_doubt(world: World, claim: str) -> None:
    """Tags that people have changed, or that were copied with the model."""
    tags = world.versions[V1].tags
    if claim == "elsewhere":
        owner = Owner(STACK.replace("123456789012", "999999999999"), MODEL)
        tags.clear()
        tags.update(claim_tags(owner, Holder(world.clock.now(), InferenceUnits(1)), None))
    else:
        for key in [key for key in tags if key.startswith(Tag.HOLDER)]:
            del tags[key]
    assert Seen(world).round() == Summary(up=1, doubts=1)


def test_events_that_can_not_all_be_read_leave_doubt(world: World) -> None:
    """The one that tells of a retained model may be among the others."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.completes()
    world.stack.done()
    seen = Seen(world)
    seen.whole = False
    assert seen.round() == Summary(up=1, doubts=1)


def test_the_stack_of_the_claim_decides(world: World) -> None:
    """Another stack has taken the model over: that its former stack is gone does not matter."""
    deleted(world)
    other = world.other_stack()
    other.goes("CREATE_IN_PROGRESS")
    other.begins("CREATE", properties())
    world.own(V1, stack=OTHER)
    assert not stopped(world)
    other.completes(physical_id=V1)
    other.done()
    assert not stopped(world)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda world: world.own(V1, stack=OTHER),
        lambda world: world.versions[V1].tags.clear(),
        lambda world: setattr(world.versions[V1], "status", "STOPPING"),
    ],
)
def test_what_changes_between_the_two_looks_is_left_alone(
    world: World, meanwhile: Callable[[World], None]
) -> None:
    """It was claimed by a stack that is under way, released, or stopped by somebody."""
    deleted(world)
    other = world.other_stack()
    other.goes("CREATE_IN_PROGRESS")
    other.begins("CREATE", properties())
    world.clock.at(BETWEEN_LOOKS_SECONDS / 2, lambda: meanwhile(world))
    assert not stopped(world)


def test_an_answer_that_was_old_is_asked_again(world: World) -> None:
    """CloudFormation showed the stack as it was before it made the resource anew."""
    deleted(world)
    world.stack.as_of = world.clock.now()
    world.stack.goes("CREATE_IN_PROGRESS")
    world.clock.at(BETWEEN_LOOKS_SECONDS / 2, lambda: setattr(world.stack, "as_of", None))
    assert not stopped(world)


def test_a_round_that_is_throttled_goes_on(world: World) -> None:
    """The quota is the account's; calls are tried again."""
    deleted(world)
    refused = {"DescribeProjects", "DescribeStackEvents", "ListTagsForResource"}

    def refuse(action: str, _: str) -> None:
        if action in refused:
            refused.remove(action)
            raise service_error("ThrottlingException")

    world.before = refuse
    assert Seen(world).round() == Summary(up=1, orphans=1, stopped=1)


def test_what_can_not_be_looked_at_does_not_keep_the_others(world: World) -> None:
    """It counts as a failure, which the function's Errors metric shows."""
    deleted(world)
    world.run_model(V2)
    world.own(V2)

    def refuse(action: str, target: str) -> None:
        if (action, target) == ("ListTagsForResource", V2):
            raise service_error("AccessDeniedException")

    world.before = refuse
    assert Seen(world).round() == Summary(up=2, orphans=1, stopped=1, failures=1)
    assert world.versions[V2].status == "RUNNING"


def test_a_stop_that_is_refused_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """With the command; the next round tries it again."""
    deleted(world)

    def refuse(action: str, _: str) -> None:
        if action == "StopProjectVersion":
            raise service_error("AccessDeniedException")

    world.before = refuse
    seen = Seen(world)
    with caplog.at_level(logging.WARNING):
        assert seen.round() == Summary(up=1, orphans=1, failures=1)
    assert [line["OrphanStopFailures"] for line in seen.lines] == [1]
    assert "stop-project-version" in caplog.text


def test_an_account_that_can_not_be_listed_is_a_failure(world: World) -> None:
    """Nothing was looked at, and that is told."""

    def refuse(action: str, _: str) -> None:
        if action == "DescribeProjects":
            raise service_error("AccessDeniedException")

    world.before = refuse
    assert Seen(world).round() == Summary(failures=1)


def test_the_handlers_own_life_leaves_no_orphan() -> None:
    """A create and a replacement, with rounds in between: only what the clean-up leaves is stopped."""
    world = World()
    created(world)
    world.stack.done()
    assert Seen(world).round() == Summary(up=1)
    update(world, properties(V2), properties())
    assert Seen(world).round() == Summary(up=2)
    world.stack.cleans_up()
    assert Seen(world).round() == Summary(up=2)
    world.stack.done()
    assert Seen(world).round().stopped == 1, "its clean-up was never sent"
    assert world.versions[V2].status == "RUNNING"


@pytest.fixture
def invoked(world: World, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The function with the world in place of AWS."""
    seen = Seen(world)
    monkeypatch.setattr(janitor, "new_session", lambda: None)
    monkeypatch.setattr(Clients, "get", lambda _, service: service)
    monkeypatch.setattr(janitor, "RekognitionAllModels", lambda client: seen)
    monkeypatch.setattr(janitor, "CloudFormationHistories", lambda client: seen)
    monkeypatch.setattr(janitor, "SystemClock", lambda: world.clock)
    return seen


@pytest.mark.parametrize("event", [{}, {"Stops": False}, {"Stops": "true"}, {"Stops": 1}])
def test_the_function_stops_nothing_unless_its_event_says_so(
    world: World, invoked: Seen, event: dict[str, Any]
) -> None:
    """An invocation by hand, with whatever event, only tells."""
    deleted(world)
    assert janitor.handler(event, None)["orphans"] == 1
    assert world.versions[V1].status == "RUNNING"


def test_the_function_says_what_it_did(
    world: World, invoked: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    """In its answer, and in a line of metrics on its output."""
    deleted(world)
    expected = Summary(up=1, orphans=1, stopped=1)._asdict()
    assert janitor.handler({"Stops": True}, None) == expected
    assert world.versions[V1].status == "STOPPING"
    assert json.loads(capsys.readouterr().out)["OrphansStopped"] == 1


def test_a_round_that_could_not_do_all_fails(world: World, invoked: Seen) -> None:
    """The function's Errors metric shows it."""

    def refuse(action: str, _: str) -> None:
        if action == "ListTagsForResource":
            raise service_error("AccessDeniedException")

    world.before = refuse
    with pytest.raises(janitor.UnfinishedRound, match="1 looks or stops failed"):
        janitor.handler({"Stops": True}, None)
