"""Calls that are refused: policies and credentials that come late, or never, and errors that nobody knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deletes import delete, living_world
from updates import clean_up, update, updating_world
from world import REGION, V1, V2, World, created, lived, properties, service_error

from running_model_handler.core.errors import ErrorKind, ServiceError

COMMAND = f"aws rekognition stop-project-version --region {REGION} --project-version-arn {V1}"
LATE = [30, 75, 90, 150, 290]
"""Seconds until a policy, or what a role may do, has come into force."""
LATE_CREDENTIALS = [
    ("UnrecognizedClientException", 400),
    ("ExpiredTokenException", 400),
    ("InvalidClientTokenId", 403),
    ("InvalidSignatureException", 400),
    ("RequestTimeoutException", 408),
    ("AccessDeniedException", 400),
]


def refuse_for(
    world: World, seconds: float, code: str = "AccessDeniedException", *, only: str = "", status: int = 400
) -> None:
    """Rekognition refuses what is asked of it, or one action, for so long from now on."""
    until = world.clock.now() + seconds

    def refuse(action: str, arn: str) -> None:
        is_it = action == only if only else not action.startswith(("DescribeStack", "Invoke"))
        if is_it and world.clock.now() < until:
            raise service_error(code, f"rekognition:{action}", status)

    world.before = refuse


def refuse_once(world: World, code: str, only: str, *, status: int = 400, after: float = 0.0) -> None:
    """One call of an action is refused; the first one, or the first one after so many seconds."""
    since, refused = world.clock.now() + after, False

    def refuse(action: str, arn: str) -> None:
        nonlocal refused
        if action == only and not refused and world.clock.now() >= since:
            refused = True
            raise service_error(code, f"rekognition:{action}", status)

    world.before = refuse


# --- policies that come late ----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", LATE)
def test_a_create_waits_for_a_policy_that_comes_late(seconds: int) -> None:
    """Design 4: access that is denied is retried for five minutes."""
    world = World()
    begin = world.clock.now()
    refuse_for(world, seconds)
    assert created(world)["Status"] == "SUCCESS"
    assert seconds <= world.history[0][0] - begin <= seconds + 25


@pytest.mark.parametrize("seconds", LATE)
def test_g3_a_delete_waits_for_a_policy_that_comes_late(seconds: int) -> None:
    """G3: the model is stopped as soon as that is allowed."""
    world = living_world()
    begin = world.clock.now()
    refuse_for(world, seconds)
    assert delete(world)["Status"] == "SUCCESS"
    assert seconds <= world.history[0][0] - begin <= seconds + 25
    assert world.versions[V1].status == "STOPPED"


def test_one_early_and_one_late_denial_are_two_short_ones() -> None:
    """Denied time counts from the last call of the action that worked."""
    world = World()
    refuse_once(world, "AccessDeniedException", "DescribeProjectVersions")
    world.clock.at(
        400, lambda: refuse_once(world, "AccessDeniedException", "DescribeProjectVersions", after=0)
    )
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STARTING", "RUNNING"]


def test_one_early_and_one_late_denial_end_no_delete() -> None:
    """The same of a stop that takes ten minutes."""
    world = living_world()
    world.versions[V1].stop_seconds = 600
    refuse_once(world, "AccessDeniedException", "DescribeProjectVersions")
    world.clock.at(
        400, lambda: refuse_once(world, "AccessDeniedException", "DescribeProjectVersions", after=0)
    )
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_denials_of_two_actions_do_not_add_up() -> None:
    """Each action is counted for itself: 200 s of one, then 200 s of the next."""
    world = World()
    refuse_for(world, 200, only="ListTagsForResource")
    world.clock.at(200, lambda: refuse_for(world, 200, only="TagResource"))
    assert created(world)["Status"] == "SUCCESS"


def test_what_another_delivery_has_released_is_released_once() -> None:
    """The role may remove tags of its own stack's models only; refused, it looks whether they are left."""
    world, refused = living_world(), []

    def released_by_another(action: str, arn: str) -> None:
        if action == "UntagResource":
            refused.append(arn)
            world.versions[V1].tags = {}
            raise service_error("AccessDeniedException", "rekognition:UntagResource")

    world.before = released_by_another
    assert delete(world)["Status"] == "SUCCESS"
    assert refused == [V1]


def test_a_permission_that_never_comes_is_named_by_a_create() -> None:
    """After five minutes FAILED names action and resource; the model is at rest, and nobody's."""
    world = World()
    refuse_for(world, 9999, only="StartProjectVersion")
    before = world.clock.now()
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "lacks permission for rekognition:StartProjectVersion on" in answer["Reason"]
    assert 300 <= answer["At"] - before < 360
    assert world.owner(V1) is None


def test_a_permission_missing_in_an_update_leaves_the_old_model_running() -> None:
    """A role without Start fails the replacement by name."""
    world = updating_world()
    refuse_for(world, 9999, only="StartProjectVersion")
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert "rekognition:StartProjectVersion" in answer["Reason"]
    assert world.history == []


def test_a_permission_that_never_comes_is_named_by_the_delete_of_a_stack() -> None:
    """After five minutes FAILED, which somebody sees, names the action and the command."""
    world = living_world()
    refuse_for(world, 9999, only="StopProjectVersion")
    before = world.clock.now()
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert "lacks permission for rekognition:StopProjectVersion on" in answer["Reason"]
    assert COMMAND in answer["Reason"]
    assert 300 <= answer["At"] - before < 360


def test_g3_a_clean_up_waits_for_the_stop_to_be_allowed() -> None:
    """G3: nobody is told when a clean-up fails, so it goes on: Stop is refused for 20 minutes."""
    world = updating_world()
    update(world, properties(V2), properties())
    begin = world.clock.now()
    refuse_for(world, 20 * 60, only="StopProjectVersion")
    answer = clean_up(world)
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    stopping_at = next(at for at, arn, status in world.history if (arn, status) == (V1, "STOPPING"))
    assert 1200 <= stopping_at - begin < 1230


def test_g3_a_failed_create_waits_for_the_stop_to_be_allowed() -> None:
    """G3: what a create that fails has started is stopped before it answers, however late that is allowed."""
    world = World()
    world.versions[V1].start_seconds = 1000
    refuse_for(world, 20 * 60, only="StopProjectVersion")
    answer = created(world, TimeoutSeconds="60")
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None


def test_cloudformation_that_may_not_be_asked_fails_a_delete_by_name() -> None:
    """G2, G3: without its word nobody can tell whose the model is; the reason has the command."""
    world = living_world()

    def deny(action: str, arn: str) -> None:
        if action.startswith("DescribeStack"):
            raise service_error("AccessDenied", f"cloudformation:{action}")

    world.before = deny
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert "cloudformation:DescribeStackEvents" in answer["Reason"]
    assert COMMAND in answer["Reason"]


# --- credentials that come late, requests that time out ---------------------------------------------


@pytest.mark.parametrize(("code", "status"), LATE_CREDENTIALS)
@pytest.mark.parametrize(
    "only", ["ListTagsForResource", "DescribeProjectVersions", "TagResource", "StartProjectVersion"]
)
def test_credentials_that_come_late_fail_no_create(code: str, status: int, only: str) -> None:
    """They are like a policy that comes late, and a time-out like a throttle."""
    world = World()
    refuse_once(world, code, only, status=status)
    assert created(world)["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


@pytest.mark.parametrize(("code", "status"), LATE_CREDENTIALS)
@pytest.mark.parametrize(
    "only", ["ListTagsForResource", "DescribeProjectVersions", "StopProjectVersion", "UntagResource"]
)
def test_g3_credentials_that_come_late_fail_no_delete(code: str, status: int, only: str) -> None:
    """G3: one such refusal, and the model stops all the same."""
    world = living_world()
    refuse_once(world, code, only, status=status)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize(("code", "status"), LATE_CREDENTIALS)
@pytest.mark.parametrize("life", [created, delete])
def test_the_stack_is_asked_again_after_any_of_them(
    code: str, status: int, life: Callable[[World], dict[str, object]]
) -> None:
    """What is true of Rekognition is true of CloudFormation."""
    world = World() if life is created else living_world()
    refuse_once(world, code, "DescribeStackEvents", status=status)
    assert life(world)["Status"] == "SUCCESS"


# --- errors that nobody knows, and values that AWS refuses -------------------------------------------


@pytest.mark.parametrize("only", ["DescribeProjectVersions", "TagResource", "StartProjectVersion"])
def test_an_unknown_error_fails_a_create_with_type_and_message(only: str) -> None:
    """What is no time-out and no throttle is told; nothing is left."""
    world = World()
    refuse_once(world, "OddException", only)
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "OddException: OddException of the world" in answer["Reason"]
    assert f"rekognition:{only}" in answer["Reason"]
    assert world.owner(V1) is None
    assert world.history == []


@pytest.mark.parametrize(
    "only", ["ListTagsForResource", "DescribeProjectVersions", "StopProjectVersion", "UntagResource"]
)
@pytest.mark.parametrize("code", ["OddException", "InvalidParameterException", "LimitExceededException"])
def test_g3_an_unknown_error_is_no_reason_to_let_a_model_bill(only: str, code: str) -> None:
    """G3: a Delete tries again."""
    world = living_world()
    refuse_once(world, code, only)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("code", ["OddException", "InvalidParameterException"])
def test_g3_a_delete_retries_it_to_its_deadline(code: str) -> None:
    """G3: then FAILED names the command; half an hour of refusals is not too long."""
    world = living_world()
    refuse_for(world, 30 * 60, code, only="StopProjectVersion")
    assert delete(world)["Status"] == "SUCCESS"
    world = living_world()
    begin = world.clock.now()
    refuse_for(world, 9999, code, only="StopProjectVersion")
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert COMMAND in answer["Reason"]
    assert 3000 < answer["At"] - begin < 3600


@pytest.mark.parametrize("only", ["", "DescribeProjectVersions", "ListTagsForResource"])
@pytest.mark.parametrize("ceiling", [60, 600, 3600])
@pytest.mark.parametrize("seed", range(3))
def test_g4_whatever_is_refused_for_good_is_answered_in_time(only: str, ceiling: int, seed: int) -> None:
    """G4: no pause before the next try goes beyond the last word."""
    world = World(seed=seed)
    lived(world)
    begin = world.clock.now()
    refuse_for(world, 9999, "OddException", only=only)
    assert delete(world, ServiceTimeout=str(ceiling))["At"] - begin < ceiling


def test_a_value_that_aws_refuses_fails_at_once() -> None:
    """InvalidParameter names the call, the units and what AWS says."""
    world = World()
    refuse_for(world, 9999, "InvalidParameterException", only="StartProjectVersion")
    before = world.clock.now()
    answer = created(world, MinInferenceUnits="3")
    assert answer["Status"] == "FAILED"
    assert "3 inference units" in answer["Reason"]
    assert "InvalidParameterException of the world" in answer["Reason"]
    assert answer["At"] - before < 60
    assert world.owner(V1) is None


# --- a function that may not go on ---------------------------------------------------------------------


def no_hand_over(world: World, code: str = "AccessDeniedException") -> None:
    """A permissions boundary without lambda:InvokeFunction."""

    def refuse(action: str, arn: str) -> None:
        if action == "InvokeFunction":
            raise service_error(code, "lambda:InvokeFunction")

    world.before = refuse


@pytest.mark.parametrize("stops_while_starting", [True, False])
def test_g4_a_start_of_50_minutes_that_may_not_be_handed_over_fails(stops_while_starting: bool) -> None:
    """G4, G3: FAILED names the permission and the command, and the model has been told to stop."""
    world = World()
    world.versions[V1].start_seconds = 50 * 60
    world.stop_while_starting = stops_while_starting
    begin = world.clock.now()
    no_hand_over(world)
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "lambda:InvokeFunction" in answer["Reason"]
    assert len(world.invocations) == 1
    assert answer["At"] - begin <= 900
    assert world.count("StopProjectVersion") >= 1
    if stops_while_starting:
        assert world.versions[V1].status in ("STOPPING", "STOPPED")
    else:
        assert COMMAND in answer["Reason"]


@pytest.mark.parametrize("seconds", [900.0, 300.0, 240.0])
@pytest.mark.parametrize("seed", range(8))
def test_g4_the_last_invocation_answers_although_no_call_comes_back(seconds: float, seed: int) -> None:
    """Seed 60109585: no call begins that its time-out would keep from ending before the invocation does."""
    world = World(invocation_seconds=seconds, seed=seed)
    lived(world)
    world.versions[V1].stop_seconds = 40 * 60
    begin = world.clock.now()

    def lose(action: str, arn: str) -> None:
        if action == "InvokeFunction":
            raise service_error("AccessDeniedException", "lambda:InvokeFunction")
        if world.count("StopProjectVersion"):
            world.clock.sleep(15.0)
            raise ServiceError(ErrorKind.UNCERTAIN, f"rekognition:{action}", arn, "ReadTimeoutError", "lost")

    world.before = lose
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert COMMAND in answer["Reason"]
    assert answer["At"] - begin < seconds


def test_g4_the_hand_over_is_tried_for_half_a_minute() -> None:
    """A policy of 25 s ago is not in force yet; one that never comes is found out in time."""
    world = World()
    world.versions[V1].start_seconds = 50 * 60
    tries: list[float] = []

    def refuse(action: str, arn: str) -> None:
        if action == "InvokeFunction" and (not tries or world.clock.now() - tries[0] < 25):
            tries.append(world.clock.now())
            raise service_error("AccessDeniedException", "lambda:InvokeFunction")

    world.before = refuse
    assert created(world)["Status"] == "SUCCESS"
    assert len(tries) > 3


def test_g4_a_stop_of_40_minutes_that_may_not_be_handed_over_fails_with_the_command() -> None:
    """G4: the Delete says what keeps it from seeing the end."""
    world = living_world()
    world.versions[V1].stop_seconds = 40 * 60
    no_hand_over(world)
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert "lambda:InvokeFunction" in answer["Reason"]
    assert COMMAND in answer["Reason"]
    assert world.count("StopProjectVersion") == 1


def test_g8_a_resize_that_may_not_be_handed_over_brings_the_old_size_back() -> None:
    """G8, G4: what of it can be done in the time that is left."""
    world = updating_world()
    world.versions[V1].start_seconds = 50 * 60
    world.stop_while_starting = True
    no_hand_over(world)
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "FAILED"
    assert "lambda:InvokeFunction" in answer["Reason"]
