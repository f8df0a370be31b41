"""Values that only the end of the synth, or the deployment, knows: what may be one, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import CfnDynamicReference, CfnDynamicReferenceService, CfnParameter, Duration, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template
from synth_examples import ARN

from rekognition_running_model import RunningHours, RunningModel, RunningModelProvider
from running_model_handler.core.names import RESOURCE_TYPE


def of_a_list(stack: Stack) -> Any:
    """A parameter that holds several texts."""
    return CfnParameter(stack, "Several", type="CommaDelimitedList").value_as_list


def number(stack: Stack) -> Any:
    """A parameter that holds a number."""
    return CfnParameter(stack, "Number", type="Number").value_as_number


def text(stack: Stack) -> str:
    """A parameter that holds a text."""
    return CfnParameter(stack, "Text").value_as_string


# --- what is no text ---


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (of_a_list, r'must be one text: .*Fn\.select\(0, .*got \'a token, \{"Ref": "Several"\}\''),
        (
            lambda stack: of_a_list(stack)[0],
            r'must be one text: .*Fn\.select\(0, .*a loop can.t.*got \'a token, \{"Ref": "Several"\}\'',
        ),
        (number, r'must be a text: Token\.as_string\(.*got \'a token, \{"Ref": "Number"\}\''),
        (
            lambda _: Fn.get_att("Looked", "Arn"),
            r'must be a text: Token\.as_string\(.*\{"Fn::GetAtt": \["Looked", "Arn"\]\}',
        ),
        (
            lambda _: Fn.condition_if("Live", ARN, ARN),
            r'must be a text: Token\.as_string\(.*\{"Fn::If": \["Live"',
        ),
    ],
)
def test_fails_when_a_token_is_no_text(stack: Stack, make: Callable[[Stack], Any], words: str) -> None:
    """CDK would complain of a policy's resources, and name no construct."""
    with pytest.raises(ValueError, match=f"^Parts/Model: project_version_arn {words}"):
        RunningModel(stack, "Model", project_version_arn=make(stack))


@pytest.mark.parametrize("item", [False, True])
def test_fails_when_the_project_is_a_list(stack: Stack, item: bool) -> None:
    """It would only fail when it is deployed."""
    several = of_a_list(stack)
    with pytest.raises(ValueError, match=r"^Parts/Model: project_arn must be one text: .*Fn\.select"):
        RunningModel(stack, "Model", project_version_arn=ARN, project_arn=several[0] if item else several)


@pytest.mark.parametrize("name", ["min_inference_units", "max_inference_units"])
def test_fails_when_units_are_a_list(stack: Stack, name: str) -> None:
    """A token that stands for several values is no number."""
    given: dict[str, Any] = {name: of_a_list(stack)}
    with pytest.raises(ValueError, match=f"^Parts/Model: {name} must be a whole number"):
        RunningModel(stack, "Model", project_version_arn=ARN, **given)


def test_a_token_that_is_declared_twice_is_told_as_the_template_shows_it(stack: Stack) -> None:
    """And not by CDK's number for it."""
    arn = text(stack)
    RunningModel(stack, "First", project_version_arn=arn)
    with pytest.raises(ValueError, match=r'got a token, \{"Ref": "Text"\}, which is declared by Parts/First'):
        RunningModel(stack, "Second", project_version_arn=arn)


# --- hours and durations ---


def hours(**changes: Any) -> RunningHours:
    """Office hours with something else in them."""
    given: dict[str, Any] = {"days": "MON-FRI", "start": "08:00", "stop": "18:00", "time_zone": "UTC"}
    return RunningHours(**(given | changes))


@pytest.mark.parametrize(
    "changes",
    [
        lambda stack: {"days": of_a_list(stack)},
        lambda stack: {"days": ["MON", text(stack)]},
        lambda stack: {"start": text(stack)},
        lambda stack: {"stop": text(stack)},
        lambda stack: {"time_zone": text(stack)},
    ],
    ids=["days", "a day", "start", "stop", "time_zone"],
)
def test_fails_when_hours_are_tokens(stack: Stack, changes: Callable[[Stack], dict[str, Any]]) -> None:
    """The cron expressions of schedules are made of them at synth."""
    with pytest.raises(ValueError, match=r'running_hours must be known at synth.*a token, \{"Ref": "'):
        RunningModel(stack, "Model", project_version_arn=ARN, running_hours=hours(**changes(stack)))


@pytest.mark.parametrize("name", ["timeout", "poll_interval", "lead_time", "stop_after", "stop_when_idle"])
def test_fails_when_a_token_would_have_to_be_converted(stack: Stack, name: str) -> None:
    """All of it in one error, with the way out."""
    words = rf"^Parts/Model: .*{name} must be given in seconds .*got minutes; .*{name}=Duration\.seconds\("
    given: dict[str, Any] = {name: Duration.minutes(number(stack))}
    with pytest.raises(ValueError, match=words) as caught:
        RunningModel(
            stack, "Model", project_version_arn=ARN, min_inference_units=0, running_hours=hours(), **given
        )
    assert "min_inference_units must" in str(caught.value)


def test_a_lead_that_only_the_deployment_knows_moves_no_edge(stack: Stack) -> None:
    """No cron expression can be made of it; the rate finds the beginning, as it does without a lead."""
    lead = Duration.seconds(number(stack))
    RunningModel(stack, "Model", project_version_arn=ARN, running_hours=hours(), lead_time=lead)
    found = Template.from_stack(stack).find_resources("AWS::Scheduler::Schedule").values()
    assert {one["Properties"]["ScheduleExpression"] for one in found} == {
        "rate(5 minutes)",
        "cron(0 8 ? * MON,TUE,WED,THU,FRI *)",
        "cron(0 18 ? * MON,TUE,WED,THU,FRI *)",
    }


# --- dynamic references ---

REFERENCE = "{{resolve:ssm:/models/parts}}"
REFERENCES: dict[str, Callable[[Stack], str]] = {
    "a text": lambda _: REFERENCE,
    "a token": lambda _: CfnDynamicReference(CfnDynamicReferenceService.SSM, "/models/parts").to_string(),
    "a parameter": lambda stack: (
        ssm.StringParameter.from_string_parameter_attributes(
            stack, "Parameter", parameter_name="/models/parts", force_dynamic_reference=True
        ).string_value
    ),
}


@pytest.mark.parametrize("make", REFERENCES)
def test_a_dynamic_reference_is_read_by_cloudformation(stack: Stack, make: str) -> None:
    """In the resource, in permissions and in what schedules send."""
    arn = REFERENCES[make](stack)
    RunningModel(stack, "Model", project_version_arn=arn, stop_after=Duration.hours(8))
    assert "{{" not in RunningModelProvider.of(stack).policy_document_json()
    template = Template.from_stack(stack)
    template.has_resource_properties(RESOURCE_TYPE, {"ProjectVersionArn": REFERENCE})
    for kind in ("AWS::IAM::Policy", "AWS::Scheduler::Schedule"):
        assert REFERENCE in json.dumps(template.find_resources(kind))


@pytest.mark.parametrize("make", REFERENCES)
def test_metrics_of_a_dynamic_reference_take_the_names_out_of_the_attribute(stack: Stack, make: str) -> None:
    """CloudFormation splits a text before it reads what it refers to: the names would be the path's."""
    model = RunningModel(stack, "Model", project_version_arn=REFERENCES[make](stack))
    found = stack.resolve(model.metric("InServiceInferenceUnits").dimensions)
    assert list(found["VersionName"]) == ["Fn::Select"]
    number, split = found["VersionName"]["Fn::Select"]
    assert (number, split["Fn::Split"][0]) == (3, "/")
    assert split["Fn::Split"][1]["Fn::GetAtt"][1] == "ProjectVersionArn"


@pytest.mark.parametrize("make", REFERENCES)
def test_an_imported_dynamic_reference_has_grants_and_no_metrics(stack: Stack, make: str) -> None:
    """There is no resource that could tell its names; the way out is one that CloudFormation can split."""
    model = RunningModel.from_project_version_arn(stack, "Theirs", REFERENCES[make](stack))
    model.grant_detect(iam.User(stack, "Caller"))
    assert (model.env.region, model.env.account) == (stack.region, stack.account)
    words = (
        r"^Parts/Theirs: project_version_arn must be no dynamic .*/models/parts.*value_for_string_parameter"
    )
    with pytest.raises(ValueError, match=words):
        model.metric("InServiceInferenceUnits")
    names = {"ProjectName": "parts", "VersionName": "v3"}
    assert model.metric("InServiceInferenceUnits", dimensions_map=names).dimensions == names
    assert REFERENCE in json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))
