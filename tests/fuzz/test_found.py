"""What the search has found, one by one: each of these was a bug of the handler."""

from __future__ import annotations

from typing import Any

import pytest
from stage import SIGNATURE, STAGES, URL, Stage, an_event, creating, deleting, play, updating
from test_any_event import check, check_models
from world import STACK, V1, V2, properties, service_error

from running_model_handler.core.answer import fallback_physical_id
from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.units import InferenceUnits

INFINITE = float("inf")


@pytest.mark.parametrize("kind", sorted(STAGES))
@pytest.mark.parametrize("request_type", [..., None, 7, ["Delete"], "", "\ud800", "x" * 5000])
def test_g4_a_request_type_that_is_none_is_answered(kind: str, request_type: object) -> None:
    """G4: what to do is unknown, whom to tell is not."""
    event = an_event(kind, RequestType=request_type)
    played = play(STAGES[kind](), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "FAILED"
    assert "RequestType must be Create, Update or Delete" in played.answer["Reason"]
    assert played.stage.calls == []


@pytest.mark.parametrize(
    "extra",
    [
        {"Note": INFINITE},
        {"Note": float("nan")},
        {"Note": "x" * 2_000_000},
        {"Note": "\ud800"},
        {"ResourceType": "x" * 2_000_000},
        {"OldResourceProperties": {"Deployment": INFINITE}},
        {"ResourceProperties": properties() | {"Deployment": float("nan")}},
        {"ResourceProperties": properties() | {"PollIntervalSeconds": INFINITE}},
        {"ResourceProperties": properties() | {"MaxInferenceUnits": "x" * 2_000_000}},
        {"ResourceProperties": properties() | {"Deployment": 10**400}},
        {"ResourceProperties": properties() | {"Unknown": ["x" * 2_000_000]}},
        {"ResourceProperties": properties() | {f"Unknown{number}": "x" * 100 for number in range(5000)}},
    ],
)
def test_g4_a_hand_over_carries_only_what_is_read(extra: dict[str, Any]) -> None:
    """G2, G4: Lambda refuses a payload that is no strict JSON, or a large one; the stop goes on without."""
    event = an_event("Delete") | extra
    played = play(deleting(), event)
    check(played, event)
    assert played.stage.handed_over
    assert played.answer is not None
    assert played.answer["Status"] == "SUCCESS"
    assert played.stage.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("key", ["LogicalResourceId", "RequestId", "StackId"])
@pytest.mark.parametrize("text", ["x" * 2500, "\ud800", "\udfff" * 400, "with ?", f"see {URL}"[:900]])
def test_g4_ids_that_cloudformation_does_not_make_are_refused_by_name(key: str, text: str) -> None:
    """G4: a long id leaves room for the answer, half a character is no crash, and nothing is started."""
    event = an_event("Create") | {key: text}
    played = play(creating(), event)
    if (key, text) == ("RequestId", "with ?"):
        return
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "FAILED"
    assert key in played.answer["Reason"]
    assert played.stage.calls == []


def test_g4_a_stack_id_that_is_no_arn_is_refused_by_name() -> None:
    """G4, G6: no claim in its name could be told from a tag that people wrote."""
    event = an_event("Create") | {"StackId": "parts"}
    played = play(creating(), event)
    check(played, event)
    assert played.answer is not None
    assert "StackId must be the ARN of a stack, got 'parts'" in played.answer["Reason"]
    assert played.stage.calls == []


@pytest.mark.parametrize("rest", ["/a b", "/\ud800", "/é", "/\n", "/" + "x" * 9000])
def test_g4_a_url_that_no_request_can_hold_is_not_tried(rest: str) -> None:
    """G4: an answer to it would end as an error of the HTTP client, again and again."""
    stage = deleting()
    stage.url = "https://s3.example" + rest
    event = an_event("Delete") | {"ResponseURL": stage.url}
    check(play(stage, event), event, answered=False)


def test_g4_ids_that_fill_an_answer_are_ignored() -> None:
    """G4: an answer over 4,096 bytes is none; there is no use in sending it again and again."""
    event = an_event("Create") | {"LogicalResourceId": "x" * 4096}
    played = play(creating(), event)
    check(played, event, answered=False)
    assert any("don't fit into an answer" in line for line in played.lines)


@pytest.mark.parametrize("kind", ["Update", "Delete"])
@pytest.mark.parametrize("physical_id", ["x" * 1025, "é" * 513, "x" * 4000, "\ud800" * 10, [V1], 7])
def test_g4_a_physical_id_that_no_answer_can_have_given_is_not_repeated(kind: str, physical_id: Any) -> None:
    """G4: a physical id has 1 KB at most; the model that the properties name is dealt with."""
    event = an_event(kind) | {"PhysicalResourceId": physical_id}
    played = play(STAGES[kind](), event)
    check(played, event)
    if kind == "Delete":
        check_models(played, kind)


@pytest.mark.parametrize("size", [10, 200, 256, 1000, 1024, 3000])
def test_g2_an_id_without_a_model_is_never_that_of_a_model(size: int) -> None:
    """G2: cut to its length, it could look like the ARN of a model that somebody has."""
    head = "cn:rekognition:eu-west-1:123456789012:project/p/version/v/"
    for name in ("arn:aws", "arn"):
        made = fallback_physical_id(f"x/{name}/y", head + "1" * size)
        assert len(made) <= 1024
        with pytest.raises(InvalidProperty):
            parse_project_version_arn(made, name="id")


@pytest.mark.parametrize(
    "units",
    [
        {"MinInferenceUnits": str(2**31)},
        {"MinInferenceUnits": 2**31},
        {"MaxInferenceUnits": str(2**31)},
        {"MinInferenceUnits": 1e300},
    ],
)
def test_g8_units_that_the_api_cannot_take_stop_nothing(units: dict[str, Any]) -> None:
    """G8: a resize that can only be refused is refused before the running size is stopped."""
    event = an_event("Update") | {"ResourceProperties": properties(V1) | units}
    played = play(updating(), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "FAILED"
    assert "must be at most 2147483647 inference units" in played.answer["Reason"]
    assert played.stage.count("StopProjectVersion") == 0


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (V1.replace("1691099674800", "١٦٩١٠٩٩٦٧٤٨٠٠"), "must be the ARN of a project version"),
        (V1.replace("123456789012", "١٢٣٤٥٦٧٨٩٠١٢"), "must be the ARN of a project version"),
        (V1.replace("arn:aws:", "arn:aws-cn:"), "must be a model in the partition of its stack, aws"),
        (V1 + "1" * 1000, "at most 1024 characters"),
    ],
)
def test_g1_an_arn_that_names_no_model_here_is_refused(arn: str, words: str) -> None:
    """G1: digits of other scripts, and another partition than the function's, are named at once."""
    event = an_event("Create") | {"ResourceProperties": properties(arn)}
    played = play(creating(), event)
    check(played, event)
    assert played.answer is not None
    assert words in played.answer["Reason"]
    assert played.stage.calls == []


def test_g1_the_functions_partition_counts_where_the_stack_claims_another() -> None:
    """G1: a stack id can be made up; where the function works can't."""
    china = {"StackId": STACK.replace("arn:aws:", "arn:aws-cn:")}
    event = (
        an_event("Create") | china | {"ResourceProperties": properties(V1.replace("arn:aws:", "arn:aws-cn:"))}
    )
    played = play(creating(), event)
    assert played.answer is not None
    assert "must be a model in the partition of its stack, aws" in played.answer["Reason"]


@pytest.mark.parametrize("old", [..., None, "nonsense", {"MinInferenceUnits": INFINITE}, {"x": []}])
def test_g7_a_failed_stop_first_brings_the_former_model_back(old: Any) -> None:
    """G7: with old properties that can't be read, the claim tells the size that ran."""
    stage = updating(units="3")

    def refuse(action: str, arn: str) -> None:
        if (action, arn) == ("StartProjectVersion", V2):
            raise service_error("LimitExceededException", "rekognition:StartProjectVersion")

    stage.before = refuse
    new = properties(V2, Replacement="STOP_FIRST")
    event = an_event("Update", OldResourceProperties=old) | {"ResourceProperties": new}
    played = play(stage, event)
    check(played, event)
    check_models(played, "Update")
    assert stage.versions[V1].units == InferenceUnits(3)


@pytest.mark.parametrize(
    "place",
    ["PhysicalResourceId", "ResourceType", "ServiceToken", "ProjectVersionArn", "ProjectArn", "Deployment"],
)
@pytest.mark.parametrize("kind", sorted(STAGES))
@pytest.mark.parametrize("text", [URL, URL.partition("?")[2], f"{V1} {URL}", "x" * 100 + URL])
def test_g12_a_response_url_in_another_field_is_not_logged(kind: str, place: str, text: str) -> None:
    """G12: neither in a reason that repeats the value, cut or not, nor in a line of crhelper's or ours."""
    event = an_event(kind)
    if place in event:
        event[place] = text
    else:
        event["ResourceProperties"] = event["ResourceProperties"] | {place: text}
    played = play(STAGES[kind](), event)
    check(played, event)
    if place == "PhysicalResourceId" and kind != "Create":
        assert played.answer is not None
        assert "PhysicalResourceId must be the id of a resource" in played.answer["Reason"]


def test_g2_a_delete_of_what_is_withheld_is_no_success() -> None:
    """G2: the only ARN of a Delete repeats the signature: it can neither be used nor taken for none."""
    named = V1.replace("parts", SIGNATURE)
    event = an_event("Delete", PhysicalResourceId="made-up") | {"ResourceProperties": properties(named)}
    played = play(deleting(), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "FAILED"


def test_g12_crhelper_never_sees_the_response_url() -> None:
    """G12: crhelper logs its events at DEBUG, and would store them in a rule."""
    stage = creating()
    seen: list[str] = []
    provider = stage.function._provider
    before = provider._crhelper_init  # type: ignore[attr-defined]

    def look(event: object, context: object) -> object:
        seen.append(str(event))
        return before(event, context)

    vars(provider)["_crhelper_init"] = look
    play(stage, an_event("Create"))
    assert seen
    assert not any("X-Amz-Signature" in text for text in seen)


def test_g12_the_stage_would_notice() -> None:
    """The check itself: a line with the signature is found."""
    played = play(Stage(), an_event("Create"))
    played.lines.append(f"oops {URL}")
    with pytest.raises(AssertionError, match="G12"):
        check(played, an_event("Create"))
