"""Any value in the event of a sweep, and in the tags that it reads: no error, and nobody else's model."""

from __future__ import annotations

from typing import Any

from hostile import examples, json_values
from hypothesis import example, given
from hypothesis import strategies as st
from stage import Played, Stage, play
from sweeps import CHANGES, DAY, EVENING, QUEUE, event, running
from test_tags import OWN_KEY, edits
from world import STACK, V1, properties

from running_model_handler.core.claim import Owner, read_claim
from running_model_handler.core.names import SCHEDULED_TIME, Property, Tag

GUARDS = {
    "RunningHours": DAY,
    "StopAfterSeconds": "7200",
    "StopWhenIdleSeconds": "900",
    "StartForQueueUrl": QUEUE,
}
ACTS = ("StartProjectVersion", "StopProjectVersion")


def swept(payload: dict[str, Any], tags: dict[str, str] | None = None) -> Played:
    """A sweep of a model that has run for an hour: at most one act, no answer, and no error."""
    stage = Stage()
    running(stage, RunningHours=DAY)
    stage.versions[V1].tags.update(tags or {})
    played = play(stage, {"RunningModelSweep": payload})
    assert played.error is None, repr(played.error)
    assert played.answer is None
    assert sum(name in ACTS for name, _ in stage.calls) <= 1
    assert not stage.refused_tags
    return played


def changed(played: Played) -> list[str]:
    """The calls that have changed something."""
    return [name for name, _ in played.stage.calls if name in CHANGES]


@examples(120)
@given(changes=st.dictionaries(st.sampled_from(list(Property)), json_values, max_size=3))
def test_any_property(changes: dict[str, Any]) -> None:
    """What can't be read is named, and no model is touched but the declared one."""
    payload = event(properties(**GUARDS) | changes)["RunningModelSweep"]
    played = swept(payload)
    if Property.PROJECT_VERSION_ARN in changes and changes[Property.PROJECT_VERSION_ARN] != V1:
        assert changed(played) == []


@examples(80)
@given(
    key=st.sampled_from(["StackId", "LogicalResourceId", "ResourceProperties"]),
    value=json_values.filter(lambda value: value != STACK),
)
def test_any_field(key: str, value: Any) -> None:
    """Without stack, resource or model nothing is even asked for that is not the event's to name."""
    payload = event(properties(**GUARDS))["RunningModelSweep"] | {key: value}
    assert changed(swept(payload)) == []


@examples(80)
@example(value="2023-11-14T22:13:20Z")
@example(value="+2023-11-14")
@example(value="0001-01-01T00:00:00+23:59")
@example(value="<aws.scheduler.scheduled-time>")
@given(value=json_values | st.datetimes().map(str))
def test_any_scheduled_time(value: Any) -> None:
    """What is no time keeps no guard from its work; a time of before the deployment does."""
    payload = event(properties(RunningHours=DAY))["RunningModelSweep"]
    told = changed(swept(payload | {SCHEDULED_TIME: value}))
    assert told in ([], changed(swept(payload)))
    if not isinstance(value, str) or not value[:1].isdigit():
        assert told


@examples(40)
@given(payload=json_values)
def test_any_payload(payload: Any) -> None:
    """The whole of it."""
    assert swept(payload).stage.calls == []


@examples(120)
@example(hours=DAY, tags={str(Tag.DUTY): "on 99999999999 trying duty"})
@example(hours=DAY, tags={str(Tag.DUTY): "off 0 asked hand busy 99999999999"})
@example(hours=EVENING, tags={str(Tag.STOP_AT): "99999999999"})
@example(hours=DAY, tags={str(Tag.KEEP_RUNNING): "99999999999 given 99999999998"})
@given(hours=st.sampled_from([DAY, EVENING]), tags=edits)
def test_any_tags(hours: str, tags: dict[str, str]) -> None:
    """A model whose tags give it to nobody, or to somebody else, is left."""
    played = swept(event(properties(RunningHours=hours))["RunningModelSweep"], tags)
    stage = played.stage
    claim = read_claim(stage.versions[V1].tags | tags).begun_by(stage.clock.now())
    own = claim.of(Owner(STACK, "Model"))
    if own is None or own.failed:
        assert changed(played) == []
    elif hours == DAY and not {OWN_KEY, Tag.KEEP_RUNNING, Tag.DUTY, Tag.PROJECT_CREATED} & set(tags):
        assert changed(played)[-1:] == ["StopProjectVersion"]
