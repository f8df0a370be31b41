"""Any value in any field of a request: one answer in time, no leak, nothing secret in a log."""

from __future__ import annotations

from typing import Any

from hostile import examples, json_values
from hypothesis import given
from hypothesis import strategies as st
from stage import BILLS, SECRETS, STAGES, Played, an_event, play
from world import V1, V2

from running_model_handler.core.names import Property

FIELDS = ["RequestType", "PhysicalResourceId", "ResourceType", "ResourceProperties", "OldResourceProperties"]
IDS = ["StackId", "RequestId", "LogicalResourceId"]
kinds = st.sampled_from(sorted(STAGES))


def check(played: Played, event: dict[str, Any], *, answered: bool = True) -> None:
    """What holds whatever stands in an event."""
    stage, answer = played.stage, played.answer
    assert played.error is None, f"G4: no answer: {played.error!r}"
    seen = "\n".join([*played.lines, *(str(version.tags) for version in stage.versions.values())])
    assert not [secret for secret in SECRETS if secret in seen], "G12: a secret was logged or stored"
    for payload in stage.handed_over:
        assert all(payload.count(secret) <= 1 for secret in SECRETS), "G12: handed over twice"
    assert not stage.refused_tags
    if not answered:
        assert (answer, stage.calls) == (None, [])
        return
    assert answer is not None, "G4: no answer"
    assert len(stage.answers) == 1
    assert answer["At"] - stage.began_at <= 3600, "G4: late"
    assert {key: answer[key] for key in IDS} == {key: event[key] for key in IDS}
    assert 0 < len(answer["PhysicalResourceId"].encode()) <= 1024
    assert answer["Status"] == "SUCCESS" or answer["Reason"]


def check_models(played: Played, kind: str) -> None:
    """G2, G3: what an answer says of the models."""
    answer = played.answer
    assert answer is not None
    failed = answer["Status"] == "FAILED"
    if kind == "Create" and failed:
        assert played.status(V1) not in BILLS, "G3: a failed create left its model billing"
    if kind == "Delete" and not failed:
        assert played.stage.versions[V1].status not in BILLS, "G2: gone means not billing"
    if kind == "Update" and failed:
        assert played.status(V2) not in BILLS, "G7: the new model was left billing"
        assert played.status(V1) == "RUNNING", "G7: the old model was stopped"


@examples(120)
@given(kind=kinds, changes=st.dictionaries(st.sampled_from(list(Property)), json_values, max_size=3))
def test_any_property_is_answered(kind: str, changes: dict[str, Any]) -> None:
    """G2, G3, G4, G12: any value in properties ends as one answer that is true."""
    event = an_event(kind)
    event["ResourceProperties"] = event["ResourceProperties"] | changes
    played = play(STAGES[kind](), event)
    check(played, event)
    if "ServiceTimeout" not in changes:
        check_models(played, kind)


@examples(100)
@given(
    kind=kinds,
    changes=st.dictionaries(
        st.sampled_from(FIELDS) | st.text(max_size=9).filter(lambda name: name not in IDS),
        json_values,
        max_size=3,
    ),
)
def test_any_field_is_answered(kind: str, changes: dict[str, Any]) -> None:
    """G4, G12: any value in any other field, or under an unknown name, ends as one answer."""
    event = an_event(kind) | changes
    check(play(STAGES[kind](), event), event)


@examples(80)
@given(kind=kinds, missing=st.sets(st.sampled_from(FIELDS), min_size=1))
def test_missing_fields_are_answered(kind: str, missing: set[str]) -> None:
    """G4: a request that lacks what only the work needs is answered."""
    event = {key: value for key, value in an_event(kind).items() if key not in missing}
    check(play(STAGES[kind](), event), event)


@examples(100)
@given(kind=kinds, changes=st.dictionaries(st.sampled_from(IDS), json_values, min_size=1))
def test_any_id_is_answered_or_ignored(kind: str, changes: dict[str, Any]) -> None:
    """G4: ids of any text are repeated in a FAILED answer, where they fit into one; no other is sent."""
    event = an_event(kind) | changes
    are_texts = all(isinstance(event[key], str) and event[key] for key in IDS)
    played = play(STAGES[kind](), event)
    fits = are_texts and sum(len(str(event[key]).encode("unicode_escape")) for key in IDS) < 2500
    if fits or played.answer is not None:
        check(played, event)
        stage = played.stage
        valid = an_event(kind)
        foreign = any(event[key] != valid[key] for key in ("StackId", "LogicalResourceId"))
        assert not foreign or stage.count("StartProjectVersion") + stage.count("StopProjectVersion") == 0
    else:
        check(played, event, answered=False)


@examples(60)
@given(kind=kinds, url=json_values)
def test_only_a_url_that_can_be_answered_is(kind: str, url: object) -> None:
    """G4, G12: without an https URL there is nobody to answer, and nothing is done."""
    stage = STAGES[kind]()
    stage.url = url if isinstance(url, str) else ""
    event = an_event(kind) | {"ResponseURL": url}
    check(play(stage, event), event, answered=isinstance(url, str) and url.startswith("https://"))


@examples(60)
@given(old=st.dictionaries(st.sampled_from(list(Property)), json_values) | json_values)
def test_any_old_properties_let_an_update_go_on(old: object) -> None:
    """G7: what the resource was before can't be read; what is declared now runs all the same."""
    event = an_event("Update") | {"OldResourceProperties": old}
    played = play(STAGES["Update"](), event)
    check(played, event)
    check_models(played, "Update")
