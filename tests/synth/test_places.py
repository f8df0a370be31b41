"""Models, providers and references of other stacks, Regions and accounts; values that CDK looks up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    App,
    Aws,
    CfnOutput,
    CfnParameter,
    ContextProvider,
    CrossStackReferences,
    Environment,
    ReferenceStrength,
    Stack,
    Stage,
)
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Annotations, Match, Template
from synth_examples import ARN, PROJECT

from rekognition_running_model import RunningModel, RunningModelProvider
from running_model_handler.core.names import RESOURCE_TYPE

ACCOUNT = "123456789012"
HERE = Environment(account=ACCOUNT, region="eu-west-1")
NAME = "/parts/model-arn"
KEY = f"ssm:account={ACCOUNT}:parameterName={NAME}:region=eu-west-1"


def place(region: str = "eu-west-1", account: str = ACCOUNT) -> Environment:
    """Where a stack is."""
    return Environment(account=account, region=region)


def missing(app: App) -> list[str]:
    """What a synthesized app wants the CLI to look up."""
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text())
    return [one["key"] for one in manifest.get("missing", [])]


def arns(stack: Stack) -> list[Any]:
    """What the models of a stack are declared with."""
    models = Template.from_stack(stack).find_resources(RESOURCE_TYPE).values()
    return [model["Properties"]["ProjectVersionArn"] for model in models]


# --- look-ups ---


def test_a_look_up_waits_for_the_second_pass() -> None:
    """On the first pass CDK gives a stand-in; the app is synthesized, so that the CLI can look up."""
    app = App()
    stack = Stack(app, "Parts", env=HERE)
    model = RunningModel(
        stack, "Model", project_version_arn=ssm.StringParameter.value_from_lookup(stack, NAME)
    )
    model.metric_in_service_inference_units().create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    assert missing(app) == [KEY]


def test_the_second_pass_declares_what_was_looked_up() -> None:
    """The CLI hands the value over as context."""
    stack = Stack(App(context={KEY: ARN}), "Parts", env=HERE)
    RunningModel(stack, "Model", project_version_arn=ssm.StringParameter.value_from_lookup(stack, NAME))
    assert arns(stack) == [ARN]


def test_fails_when_what_was_looked_up_is_wrong() -> None:
    """A real value is judged like any other."""
    stack = Stack(App(context={KEY: PROJECT}), "Parts", env=HERE)
    with pytest.raises(ValueError, match="not of its project"):
        RunningModel(stack, "Model", project_version_arn=ssm.StringParameter.value_from_lookup(stack, NAME))


@pytest.mark.parametrize("default", ["not-yet", "", ARN, ARN.replace("eu-west-1", "us-east-1")])
def test_two_look_ups_with_one_default_are_no_two_declarations(default: str) -> None:
    """The app's own stand-in, whatever it is, for two models that are not known yet."""
    app = App()
    stack = Stack(app, "Parts", env=HERE)
    for name in ("One", "Two"):
        arn = ssm.StringParameter.value_from_lookup(stack, f"/parts/{name}", default)
        RunningModel(stack, name, project_version_arn=arn, project_arn=default or None)
    assert len(missing(app)) == 2


def test_fails_when_a_default_is_what_was_meant() -> None:
    """On the second pass nothing is missing any more: then two are two."""
    app = App(context={KEY.replace(NAME, f"/parts/{name}"): ARN for name in ("One", "Two")})
    stack = Stack(app, "Parts", env=HERE)
    for name in ("One", "Two"):
        arn = ssm.StringParameter.value_from_lookup(stack, f"/parts/{name}", "not-yet")
        if name == "Two":
            with pytest.raises(ValueError, match="declared by Parts/One already"):
                RunningModel(stack, name, project_version_arn=arn)
        else:
            RunningModel(stack, name, project_version_arn=arn)


def test_any_context_provider_waits() -> None:
    """Dummies are not of SSM alone, and the look-up may be another stack's."""
    app = App()
    stack, elsewhere = Stack(app, "Parts", env=HERE), Stack(app, "Elsewhere", env=HERE)
    looked_up = ContextProvider.get_value(
        elsewhere,
        provider="ssm",
        props={"parameterName": NAME},
        dummy_value="dummy",
    )
    RunningModel(stack, "Model", project_version_arn=looked_up.value)
    RunningModel.from_project_version_arn(stack, "Theirs", looked_up.value)
    assert missing(app) == [KEY]


def test_fails_when_a_literal_only_looks_like_a_stand_in() -> None:
    """Nothing is missing, so nothing is waited for."""
    stack = Stack(App(), "Parts", env=HERE)
    RunningModel(stack, "Model", project_version_arn=f"dummy-value-for-{NAME}")
    with pytest.raises(RuntimeError, match="Parts/Model: project_version_arn must be the ARN"):
        Template.from_stack(stack)
    with pytest.raises(ValueError, match="must be the ARN of a project version"):
        RunningModel(Stack(App(), "Agnostic"), "Model", project_version_arn=f"dummy-value-for-{NAME}")


def test_fails_when_a_value_is_wrong_that_no_look_up_gives() -> None:
    """A wrong number is wrong on every pass."""
    stack = Stack(App(), "Parts", env=HERE)
    arn = ssm.StringParameter.value_from_lookup(stack, NAME)
    with pytest.raises(ValueError, match="min_inference_units") as caught:
        RunningModel(stack, "Model", project_version_arn=arn, min_inference_units=0)
    assert "min_inference_units" in str(caught.value)


# --- references between stacks ---


def producer_and_consumer(strength: ReferenceStrength | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The templates of a model's stack and of another one that uses its ARN."""
    app = App()
    producer, consumer = Stack(app, "Producer", env=HERE), Stack(app, "Consumer", env=HERE)
    model = RunningModel(producer, "Model", project_version_arn=ARN)
    if strength is not None:
        CrossStackReferences.of(model).produce(strength)
    CfnOutput(consumer, "Arn", value=model.project_version_arn)
    assembly = app.synth()
    return assembly.get_stack_by_name("Producer").template, assembly.get_stack_by_name("Consumer").template


def test_a_strong_reference_is_an_export() -> None:
    """CDK's default: CloudFormation refuses to change an export that is in use."""
    producer, consumer = producer_and_consumer(None)
    (export,) = producer["Outputs"].values()
    assert "Export" in export
    assert "Fn::ImportValue" in consumer["Outputs"]["Arn"]["Value"]


def test_a_weak_reference_holds_nothing_back() -> None:
    """The other stack reads an output, which may change."""
    producer, consumer = producer_and_consumer(ReferenceStrength.WEAK)
    (output,) = producer["Outputs"].values()
    assert "Export" not in output
    assert "Fn::GetStackOutput" in consumer["Outputs"]["Arn"]["Value"]


def test_both_kinds_of_reference_on_the_way_from_one_to_the_other() -> None:
    """The transition that CDK advises."""
    producer, consumer = producer_and_consumer(ReferenceStrength.BOTH)
    assert any("Export" in output for output in producer["Outputs"].values())
    assert "Fn::GetStackOutput" in consumer["Outputs"]["Arn"]["Value"]


# --- Regions and accounts ---


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (place(region="us-east-1"), "the Region of the model, which is eu-west-1.*us-east-1"),
        (place(account="210987654321"), "the account of the model.*210987654321"),
        (None, "Region is not given in its stack's env"),
    ],
)
def test_fails_when_the_provider_is_elsewhere(theirs: Environment | None, words: str) -> None:
    """A function works in its own Region and account; references across them would only fail at deploy."""
    app = App()
    far = Stack(app, "Far", env=theirs, cross_region_references=True)
    provider = RunningModelProvider(far, "Provider")
    near = Stack(app, "Near", env=HERE, cross_region_references=True)
    with pytest.raises(ValueError, match=f"Near/Model: provider must be in {words}|{words}") as caught:
        RunningModel(near, "Model", project_version_arn=ARN, provider=provider)
    assert "Far/Provider" in str(caught.value)


def test_fails_when_the_provider_is_in_another_stage() -> None:
    """Stages are deployed by themselves."""
    app = App()
    provider = RunningModelProvider(Stack(Stage(app, "One"), "Parts"), "Provider")
    with pytest.raises(ValueError, match="in the same stage as the model"):
        RunningModel(Stack(Stage(app, "Two"), "Parts"), "Model", project_version_arn=ARN, provider=provider)


def test_a_stack_without_an_environment_is_held_against_where_the_cli_deploys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no error, since a template may go elsewhere; but it is said before an hour is lost."""
    monkeypatch.setenv("CDK_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", ACCOUNT)
    stack = Stack(App(), "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    Annotations.from_stack(stack).has_warning(
        "/Parts/Model",
        Match.string_like_regexp("eu-west-1 of account.*us-east-1.*rekognition-running-model:elsewhere"),
    )


@pytest.mark.parametrize("region", ["eu-west-1", None])
def test_nothing_is_said_where_the_cli_deploys_to_the_models_place(
    monkeypatch: pytest.MonkeyPatch, region: str | None
) -> None:
    """Or where nobody says where that is."""
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    monkeypatch.delenv("CDK_DEFAULT_REGION", raising=False)
    if region is not None:
        monkeypatch.setenv("CDK_DEFAULT_REGION", region)
    stack = Stack(App(), "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("elsewhere")) == []


def test_an_imported_model_and_its_metrics_know_their_place() -> None:
    """Dashboards and alarms of another Region read the right one."""
    stack = Stack(App(), "Parts", env=place(region="us-east-1", account="210987654321"))
    model = RunningModel.from_project_version_arn(stack, "Theirs", ARN)
    metric = model.metric_in_service_inference_units()
    assert (metric.region, metric.account) == ("eu-west-1", ACCOUNT)
    assert (model.env.region, model.env.account) == ("eu-west-1", ACCOUNT)
    assert model.metric("DetectedLabelCount", region="us-west-2").region == "us-west-2"
    cloudwatch.Dashboard(stack, "Board", widgets=[[cloudwatch.GraphWidget(left=[metric])]])
    (board,) = Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
    assert '"accountId":"123456789012","region":"eu-west-1"' in str(board)


def test_an_imported_model_of_a_token_has_alarms() -> None:
    """Its place is known at deploy only; CloudWatch's own default is the stack's."""
    stack = Stack(App(), "Parts", env=HERE)
    arn = CfnParameter(stack, "Arn").value_as_string
    model = RunningModel.from_project_version_arn(stack, "Theirs", arn)
    metric = model.metric("InServiceInferenceUnits")
    assert (metric.region, metric.account) == (None, None)
    metric.create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    Template.from_stack(stack).resource_count_is("AWS::CloudWatch::Alarm", 1)


def test_a_declared_models_metrics_are_of_its_stack() -> None:
    """In its own stack an alarm names no Region."""
    stack = Stack(App(), "Parts", env=HERE)
    model = RunningModel(stack, "Model", project_version_arn=ARN)
    assert model.metric("InServiceInferenceUnits").region == "eu-west-1"
    model.metric("InServiceInferenceUnits").create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    Template.from_stack(stack).has_resource_properties(
        "AWS::CloudWatch::Alarm", {"MetricName": "InServiceInferenceUnits", "Metrics": Match.absent()}
    )


def test_fails_when_an_imported_arn_is_wrong_with_its_path() -> None:
    """Errors of imports name the construct that they are about."""
    stack = Stack(App(), "Parts")
    with pytest.raises(ValueError, match=r"^Parts/Theirs: project_version_arn must be the ARN.*, got "):
        RunningModel.from_project_version_arn(stack, "Theirs", "arn:aws:rekognition:nonsense")


def test_a_model_of_the_stacks_own_place_by_pseudo_parameters() -> None:
    """One template for several Regions, as in a stack set: the ARN is a token."""
    stack = Stack(App(), "Parts")
    arn = f"arn:{Aws.PARTITION}:rekognition:{Aws.REGION}:{Aws.ACCOUNT_ID}:project/parts/version/v3/1"
    model = RunningModel(stack, "Model", project_version_arn=arn)
    model.grant_detect(iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))
    assert "AWS::Region" in str(arns(stack))
