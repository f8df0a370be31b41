"""How often a model that starts is looked at, and what is known of its last start."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from deletes import INVENTED, delete, deleting, living_world
from updates import update, updating_world
from world import STACK, V1, V2, World, answered, created, creating, properties, service_error

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.names import Tag

LOOK = "DescribeProjectVersions"
LOOKS_EVERY_5_SECONDS = 128
"""Of a start of ten minutes: what the handler took before, three looks around the Start included."""


def answered_after_running(world: World, answer: dict[str, object]) -> float:
    """Seconds from RUNNING to the answer of a create that succeeded."""
    assert answer["Status"] == "SUCCESS"
    running_at = next(at for at, _, status in world.history if status == "RUNNING")
    at = answer["At"]
    assert isinstance(at, float)
    return at - running_at


def known(seed: int, seconds: object, took: float = 600.0, **options: float) -> World:
    """A world whose model's last start is known, or what its tag says."""
    world = World(seed=seed, **options)
    world.versions[V1].tags[Tag.START_SECONDS] = str(seconds)
    world.versions[V1].start_seconds = took
    return world


def looks_of(world: World) -> list[float]:
    """Lets a world note when it looks at its models, from now on."""
    looks: list[float] = []

    def note(action: str, arn: str) -> None:
        if action == LOOK:
            looks.append(world.clock.now())

    world.before = note
    return looks


@pytest.mark.parametrize("seed", range(5))
def test_a_first_start_is_looked_at_rarely_at_first(seed: int) -> None:
    """Fewer calls than a look every five seconds, and no later an answer."""
    world = World(seed=seed)
    assert answered_after_running(world, created(world)) <= 4.0
    assert 100 <= world.count(LOOK) <= 120


@pytest.mark.parametrize("seed", range(5))
def test_a_start_whose_length_is_known_takes_a_third_of_the_calls(seed: int) -> None:
    """Rare looks, then frequent ones: an answer within seconds."""
    world = known(seed, 600)
    assert answered_after_running(world, created(world)) <= 2.5
    assert world.count(LOOK) <= LOOKS_EVERY_5_SECONDS / 3


def test_what_is_known_helps_in_every_invocation() -> None:
    """The tag is read with the claim, which each invocation reads."""
    world = known(0, 1200, took=1200.0, invocation_seconds=300)
    assert answered_after_running(world, created(world)) <= 2.5
    assert len(world.invocations) > 4
    assert world.count(LOOK) <= 1200 / 5 / 3


@pytest.mark.parametrize("text", ["", "soon", "0", "-5", "7201", "1e3", "9" * 200, "600 s"])
def test_nonsense_in_the_tag_is_as_good_as_nothing(text: str) -> None:
    """People can edit tags."""
    world, first = known(3, text), World(seed=3)
    assert answered_after_running(world, created(world)) <= 4.0
    created(first)
    assert world.count(LOOK) == first.count(LOOK)
    assert 590 <= int(world.versions[V1].tags[Tag.START_SECONDS]) <= 610


@pytest.mark.parametrize("seconds", [1, 30, 300, 1200, 7200])
def test_a_wrong_tag_costs_no_more_than_half_a_minute(seconds: int) -> None:
    """Nothing but the time between two looks depends on it."""
    world = known(1, seconds)
    assert answered_after_running(world, created(world)) <= 32.0
    assert world.count("StartProjectVersion") == 1
    assert 570 <= int(world.versions[V1].tags[Tag.START_SECONDS]) <= 630


def test_calls_before_the_start_are_as_many_with_the_tag() -> None:
    """It is read with the claim."""
    counts = []
    for world in (World(), known(0, 600)):
        created(world)
        names = [name for name, _ in world.calls]
        counts.append(names.index("StartProjectVersion"))
    assert counts == [6, 6]


@pytest.mark.parametrize("seconds", [45.0, 180.0, 600.0, 1500.0])
def test_what_a_start_took_is_noted_once(seconds: float) -> None:
    """One call more, for one tag: the claim stays as it was written."""
    world = World()
    world.versions[V1].start_seconds = seconds
    written: list[dict[str, str]] = []
    tag = world.tag

    def note(arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        written.append(dict(tags))
        tag(arn, tags)

    world.tag = note  # type: ignore[method-assign]
    created(world)
    assert len(written) == 2
    assert Tag.START_SECONDS not in written[0]
    assert set(written[1]) == {Tag.START_SECONDS}
    assert int(written[1][Tag.START_SECONDS]) == pytest.approx(seconds, abs=8.0)
    claim = {str(key): value for key, value in written[0].items()}
    assert claim.items() <= world.versions[V1].tags.items()


@pytest.mark.parametrize(("stands", "tags_written"), [(600, 1), (620, 1), (580, 1), (540, 2), (700, 2)])
def test_what_is_known_more_or_less_is_not_written_again(stands: int, tags_written: int) -> None:
    """Five percent are not worth a call."""
    world = known(0, stands)
    created(world)
    assert world.count("TagResource") == tags_written


def test_who_has_not_started_the_model_measures_nothing(world: World) -> None:
    """An adopted model, and one that somebody else starts, tell nothing of a start."""
    world.run_model(V1)
    created(world)
    assert Tag.START_SECONDS not in world.versions[V1].tags
    world.versions[V2].status = "STARTING"
    world.clock.at(100.0, lambda: world.run_model(V2))
    created(world, V2)
    assert Tag.START_SECONDS not in world.versions[V2].tags


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ThrottlingException", "InternalServerError", "Odd"]
)
def test_a_tag_that_can_not_be_written_is_no_reason_to_fail(world: World, code: str) -> None:
    """It is tried once, and never again."""
    tries: list[str] = []

    def refuse(action: str, arn: str) -> None:
        if action == "TagResource" and "RUNNING" in world.statuses(V1):
            tries.append(arn)
            raise service_error(code, "rekognition:TagResource")

    world.before = refuse
    assert answered_after_running(world, created(world)) <= 4.0
    assert len(tries) == 1
    assert Tag.START_SECONDS not in world.versions[V1].tags
    assert world.owner(V1) == STACK


def test_the_tag_stays_when_the_claim_is_released(world: World) -> None:
    """It says something of the model, not of who had it: the next owner's start is the faster for it."""
    created(world)
    took = world.versions[V1].tags[Tag.START_SECONDS]
    world.stack.done()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].tags == {Tag.START_SECONDS: took}


def test_the_second_start_is_faster_for_what_the_first_took(world: World) -> None:
    """Create, delete, create: the tag is all that is left in between, and it is enough."""
    created(world)
    world.stack.done()
    delete(world)
    world.stack.done()
    before = world.count(LOOK)
    world.history.clear()
    world.stack.goes("UPDATE_IN_PROGRESS")
    assert answered_after_running(world, created(world)) <= 2.5
    assert world.count(LOOK) - before <= LOOKS_EVERY_5_SECONDS / 3


def test_a_resize_is_measured_and_follows_what_is_known() -> None:
    """A stop before the Start is none after it; the stop itself is looked at as ever."""
    world = updating_world()
    world.versions[V1].tags[Tag.START_SECONDS] = "560"
    looks = looks_of(world)
    assert update(world, properties(MinInferenceUnits="2"), properties())["Status"] == "SUCCESS"
    stopping, stopped, starting, running = (at for at, _, _ in world.history)
    assert sum(stopping < at < stopped for at in looks) >= 120 / 5 - 1
    assert sum(starting < at < running for at in looks) < 600 / 5
    assert int(world.versions[V1].tags[Tag.START_SECONDS]) == pytest.approx(600, abs=8)


def test_who_is_throttled_looks_less_often(world: World) -> None:
    """Each call that is refused, for whatever, doubles the pauses for a while."""
    calm = World()
    created(calm)
    refused: list[str] = []

    def throttle(action: str, arn: str) -> None:
        if action == LOOK and world.statuses(V1) == ["STARTING"] and len(refused) < 3:
            refused.append(arn)
            raise service_error("ThrottlingException", f"rekognition:{LOOK}")

    world.before = throttle
    assert answered_after_running(world, created(world)) <= 30.0
    assert len(refused) == 3
    assert world.count(LOOK) < calm.count(LOOK) / 2


def with_neighbours(world: World, verb: str, physical_id: str | None = None) -> None:
    """Fifty models of the stack are under way, the one of the test among them."""
    for number in range(49):
        props = properties(V1.replace("parts", f"parts{number}"))
        world.stack.begins(verb, props, f"Neighbour{number}", physical_id=physical_id)


@pytest.mark.parametrize("seconds", [None, 600])
def test_the_models_of_a_stack_share_the_calls(world: World, seconds: int | None) -> None:
    """Fifty look every 17 s at most, which the page of events tells that is read before the claim."""
    if seconds is not None:
        world.versions[V1].tags[Tag.START_SECONDS] = str(seconds)
    event = creating(world)
    with_neighbours(world, "CREATE")
    looks = looks_of(world)
    assert answered_after_running(world, answered(world, event)) <= 20.5
    waited = [at for at in looks if at > world.history[0][0] + 0.1]
    assert all(after - before >= 50 / 3 for before, after in pairwise(waited))


def test_what_cloudformation_wants_is_asked_every_half_minute(world: World) -> None:
    """No more often, while nothing is to be started: one page of events for each look."""
    created(world)
    assert world.count("DescribeStackEvents") <= 2 + 600 / 30 + 1


def test_throttles_are_handed_over_and_neighbours_found_again(world: World) -> None:
    """Each invocation asks CloudFormation once and knows how many models are under way."""
    world.invocation_seconds = 200.0
    event = creating(world)
    with_neighbours(world, "CREATE")
    looks = looks_of(world)
    answered(world, event)
    assert len(world.invocations) > 3
    # Beside one look every 17 s at most, one before a hand-over and one after it.
    assert len(looks) <= 600 / (50 / 3) + 2 * len(world.invocations) + 2


@pytest.mark.parametrize("invocation_seconds", [30, 60, 120])
def test_a_long_pause_takes_no_more_hand_overs(invocation_seconds: float) -> None:
    """A pause that does not fit into an invocation is cut short: 14 hand-overs have to last."""
    took = 0.7 * 14 * invocation_seconds
    world = known(0, 7200, took=took, invocation_seconds=invocation_seconds)
    assert answered_after_running(world, created(world)) <= 31.0
    assert len(world.invocations) <= 15


def test_a_pause_ends_at_the_deadline(world: World) -> None:
    """A start that takes too long is given up in time, however long the pauses are."""
    world.versions[V1].tags[Tag.START_SECONDS] = "7200"
    world.versions[V1].start_seconds = 10_000.0
    began = world.clock.now()
    looks = looks_of(world)
    world.clock.at(130.0, lambda: world.move(V1, "STOPPED"))
    answer = created(world, TimeoutSeconds="100")
    assert answer["Status"] == "FAILED"
    assert any(began + 99 <= at <= began + 101 for at in looks)


def test_a_cancelled_create_is_noticed_within_half_a_minute(world: World) -> None:
    """What CloudFormation wants is asked for as often, whatever the pauses between two looks are."""
    world.versions[V1].tags[Tag.START_SECONDS] = "600"
    cancelled = world.clock.now() + 200.0

    def cancel() -> None:
        world.stack.turns_back()
        world.stack.begins("DELETE", properties(), physical_id=INVENTED)

    world.clock.at(200.0, cancel)
    answer = world.deliver(creating(world))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert answer["At"] - cancelled <= 35.0


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


@pytest.mark.parametrize(
    ("took", "late", "looks_at_most"), [(10.0, 1.5, 15), (60.0, 2.0, 65), (300.0, 6.0, 140)]
)
def test_a_delete_is_answered_soon_after_the_stop_however_long_it_takes(
    took: float, late: float, looks_at_most: int
) -> None:
    """A stop is over in seconds or minutes: the looks come more often at first."""
    world = living_world()
    world.versions[V1].stop_seconds = took
    looks = looks_of(world)
    answer = delete(world)
    stopped_at = next(at for at, _, status in world.history if status == "STOPPED")
    assert answer["Status"] == "SUCCESS"
    assert 0.0 <= answer["At"] - stopped_at < late
    assert len(looks) <= looks_at_most


def test_the_models_of_a_stack_that_is_deleted_share_the_calls() -> None:
    """The events tell how many they are: fifty look every 17 s at most."""
    world = living_world()
    world.versions[V1].stop_seconds = 60.0
    event = deleting(world)
    with_neighbours(world, "DELETE", V2)
    looks = looks_of(world)
    answer = answered(world, event)
    stopped_at = next(at for at, _, status in world.history if status == "STOPPED")
    assert answer["Status"] == "SUCCESS"
    assert 0.0 <= answer["At"] - stopped_at < 21.0
    assert all(after - before >= 50 / 3 for before, after in pairwise(looks))


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied", "InternalFailure", "Odd"])
def test_a_delete_waits_until_cloudformation_can_be_asked(code: str) -> None:
    """Whose the model is, is CloudFormation's word: it is asked again, whatever comes of it."""
    world = living_world()
    begin = world.clock.now()

    def refuse(action: str, arn: str) -> None:
        if action == "DescribeStackEvents" and world.clock.now() - begin < 120:
            raise service_error(code, "cloudformation:DescribeStackEvents")

    world.before = refuse
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.history[0][0] - begin < 150


def test_a_stop_that_is_refused_is_tried_at_every_interval(world: World) -> None:
    """No Stop was accepted, so there is none to follow."""
    world.versions[V1].start_seconds = 120
    looks = looks_of(world)
    created(world, TimeoutSeconds="30")
    pauses = [b - a for a, b in pairwise(looks)]
    assert world.count("StopProjectVersion") > 3
    assert min(pauses[8:12]) > 3.0
