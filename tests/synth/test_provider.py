"""The provider in a template: how many resources, which settings, which permissions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match, Template
from synth_examples import ARN, PROJECT

from rekognition_running_model import RunningModel, RunningModelProvider

Found = Callable[[Stack, str], dict[str, Any]]


def statements(stack: Stack) -> dict[str, dict[str, Any]]:
    """The statements of the one policy, by Sid."""
    ((_, policy),) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
    return {s["Sid"]: s for s in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_at_most_six_resources_and_one_for_each_model(stack: Stack) -> None:
    """The whole of it in a template, as small as it is promised."""
    for number in range(3):
        RunningModel(stack, f"Model{number}", project_version_arn=ARN.replace("v3", f"v{number}"))
    kinds = sorted(r["Type"] for r in Template.from_stack(stack).to_json()["Resources"].values())
    assert kinds == [
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        *["Custom::RekognitionRunningModel"] * 3,
    ]


def test_the_functions_settings(stack: Stack) -> None:
    """15 minutes, two retries, events of an hour at most, JSON logs, loop detection left on."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Timeout": 900,
            "Runtime": "python3.14",
            "Handler": "running_model_handler.entry.handler",
            "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO"},
            "RecursiveLoop": Match.absent(),
            "Environment": Match.absent(),
        },
    )
    template.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig", {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    )
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})


def test_the_functions_logical_id_is_a_promise(stack: Stack, resources: Found) -> None:
    """Another id is another ServiceToken, which CloudFormation refuses for a deployed resource."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    assert list(resources(stack, "AWS::Lambda::Function")) == [
        "RekognitionRunningModelProviderFunction476E70E0"
    ]


def test_the_function_does_not_depend_on_the_policy_that_names_it(stack: Stack, resources: Found) -> None:
    """No circle: the models depend on the policy, the function does not."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    ((_, function),) = resources(stack, "AWS::Lambda::Function").items()
    ((policy_id, _),) = resources(stack, "AWS::IAM::Policy").items()
    ((retries_id, _),) = resources(stack, "AWS::Lambda::EventInvokeConfig").items()
    ((_, model),) = resources(stack, "Custom::RekognitionRunningModel").items()
    assert policy_id not in function.get("DependsOn", [])
    assert {policy_id, retries_id} <= set(model["DependsOn"])


def test_g11_declared_models_exactly_and_former_ones_by_tag(stack: Stack) -> None:
    """G11: what changes a model is allowed on declared ARNs, or with the stack's ownership tag."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    found = statements(stack)
    changing = {
        "rekognition:StartProjectVersion",
        "rekognition:StopProjectVersion",
        "rekognition:TagResource",
        "rekognition:UntagResource",
    }
    for sid, statement in found.items():
        actions = statement["Action"]
        named = {actions} if isinstance(actions, str) else set(actions)
        if named & changing:
            assert statement["Resource"] == ARN or "Condition" in statement, sid
    assert set(found["DeclaredModels"]["Action"]) == changing
    assert found["DeclaredModels"]["Resource"] == ARN


def test_describe_projects_only_where_a_project_has_to_be_looked_up() -> None:
    """A declared project ARN spares the permission on everything."""
    spared, needed = Stack(App(), "Spared"), Stack(App(), "Needed")
    RunningModel(spared, "Model", project_version_arn=ARN, project_arn=PROJECT)
    RunningModel(needed, "Model", project_version_arn=ARN)
    assert "FindProjects" not in statements(spared)
    assert statements(needed)["FindProjects"]["Resource"] == "*"


def test_fifty_models_with_the_longest_names_fit_iam() -> None:
    """Inline policies of a role hold 10,240 characters, a managed one 6,144, and ten of them a role."""
    app = App()
    stack = Stack(app, "Fifty")
    for number in range(50):
        project, version = f"p{number}".ljust(255, "x"), f"v{number}".ljust(255, "y")
        arn = f"arn:aws:rekognition:eu-west-1:123456789012:project/{project}/version/{version}/1627045542080"
        RunningModel(stack, f"Model{number}", project_version_arn=arn)
    template = Template.from_stack(stack)
    managed = template.find_resources("AWS::IAM::ManagedPolicy")
    ((_, inline),) = template.find_resources("AWS::IAM::Policy").items()
    assert 0 < len(managed) <= 10
    assert _characters(inline) <= 10_240
    assert all(_characters(policy) <= 6_144 for policy in managed.values())
    every = json.dumps([inline, *managed.values()])
    assert all(f"/p{number}x" in every for number in range(50))
    for model in template.find_resources("Custom::RekognitionRunningModel").values():
        arn = model["Properties"]["ProjectVersionArn"]
        (holder,) = (
            (name for name, policy in managed.items() if arn in json.dumps(policy))
            if arn not in (json.dumps(inline))
            else (next(iter(template.find_resources("AWS::IAM::Policy"))),)
        )
        assert holder in model["DependsOn"]


def _characters(policy: Mapping[str, Any]) -> int:
    """Size as IAM counts it, without white space, tokens at the length of what they become."""
    text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
    for token, value in {
        '{"Ref":"AWS::Partition"}': "aws-us-gov",
        '{"Ref":"AWS::Region"}': "ap-southeast-2",
        '{"Ref":"AWS::AccountId"}': "123456789012",
        '{"Ref":"AWS::StackId"}': "s" * 222,
    }.items():
        text = text.replace(token, value)
    return len(text)


def test_fifty_common_models_need_no_further_policy() -> None:
    """Names of common length fit the one policy."""
    stack = Stack(App(), "Fifty")
    for number in range(50):
        RunningModel(stack, f"Model{number}", project_version_arn=ARN.replace("v3", f"v{number}"))
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::ManagedPolicy", 0)
    ((_, inline),) = template.find_resources("AWS::IAM::Policy").items()
    assert _characters(inline) <= 10_240


@pytest.mark.parametrize(("models", "warnings"), [(10, 0), (12, 1)])
def test_more_models_than_a_new_account_runs_functions_are_warned_of(
    stack: Stack, models: int, warnings: int
) -> None:
    """Once for the function that they share, with the quota to look at."""
    for number in range(models):
        RunningModel(stack, f"Model{number}", project_version_arn=ARN.replace("v3", f"v{number}"))
    found = Annotations.from_stack(stack).find_warning(
        "/Parts/RekognitionRunningModelProvider",
        Match.string_like_regexp("Concurrent executions.*rekognition-running-model:concurrency"),
    )
    assert len(found) == warnings


def test_a_provider_of_ones_own(stack: Stack) -> None:
    """Handed in, it is used, with its own retention; the stack gets no other one."""
    provider = RunningModelProvider(stack, "Mine", log_retention=logs.RetentionDays.ONE_YEAR)
    RunningModel(stack, "Model", project_version_arn=ARN, provider=provider)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Lambda::Function", 1)
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 365})


def test_fails_when_something_else_has_the_providers_id(stack: Stack) -> None:
    """A construct of another kind under the reserved id is named."""
    CfnResource(stack, "RekognitionRunningModelProvider", type="AWS::SNS::Topic")
    with pytest.raises(ValueError, match="must be a RunningModelProvider"):
        RunningModel(stack, "Model", project_version_arn=ARN)
