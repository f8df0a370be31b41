"""RunningModel in a template: properties, attributes, policies, misuse."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import (
    App,
    CfnOutput,
    CfnParameter,
    Duration,
    Environment,
    NestedStack,
    RemovalPolicy,
    Stack,
    Stage,
)
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template
from synth_examples import ARN, PROJECT

from rekognition_running_model import Replacement, RunningModel, RunningModelProvider
from running_model_handler.core.names import RESOURCE_TYPE
from running_model_handler.envelope import parse_envelope
from running_model_handler.request import parse_request

Found = Callable[[Stack, str], dict[str, Any]]


def model_of(stack: Stack) -> dict[str, Any]:
    """The one model in a stack's template."""
    ((_, found),) = Template.from_stack(stack).find_resources(RESOURCE_TYPE).items()
    return dict(found)


def test_defaults_are_left_to_the_handler(stack: Stack) -> None:
    """What is not given is not written, so that a default may improve with a release."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    properties = model_of(stack)["Properties"]
    assert set(properties) == {
        "ServiceToken", "ServiceTimeout", "ProjectVersionArn", "MinInferenceUnits", "Replacement",
    }  # fmt: skip
    assert properties["ServiceTimeout"] == "3600"


def test_every_property_reaches_the_handlers_parser(stack: Stack) -> None:
    """What is synthesized, made strings of as CloudFormation does, is what the handler reads."""
    RunningModel(
        stack,
        "Model",
        project_version_arn=ARN,
        project_arn=PROJECT,
        min_inference_units=2,
        max_inference_units=4,
        timeout=Duration.minutes(20),
        poll_interval=Duration.seconds(10),
        replacement=Replacement.STOP_FIRST,
        check_on_every_deploy=True,
    )
    properties = {key: str(value) for key, value in model_of(stack)["Properties"].items()}
    event = {
        "RequestType": "Create",
        "RequestId": "r",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1",
        "LogicalResourceId": "Model",
        "ResponseURL": "https://example.invalid/",
        "ResourceProperties": properties,
    }
    request = parse_request(event, parse_envelope(event))
    declared = request.declared
    assert declared is not None
    assert str(declared.arn) == ARN
    assert str(request.project_arn) == PROJECT
    assert str(declared.units) == "2-4"
    assert (declared.timeout_seconds, declared.poll_interval_seconds) == (1200, 10)
    assert declared.replacement == "STOP_FIRST"


def test_attributes_come_from_the_resource(stack: Stack) -> None:
    """Whatever uses the ARN waits for RUNNING."""
    model = RunningModel(stack, "Model", project_version_arn=ARN)
    for name, value in {
        "Arn": model.project_version_arn,
        "Status": model.running_model_status,
        "Min": model.running_model_min_inference_units,
        "Max": model.running_model_max_inference_units,
        "Adopted": model.running_model_adopted,
        "Duty": model.running_model_duty,
    }.items():
        CfnOutput(stack, name, value=value)
    outputs = Template.from_stack(stack).to_json()["Outputs"]
    keys = {name: output["Value"]["Fn::GetAtt"][1] for name, output in outputs.items()}
    assert keys == {
        "Arn": "ProjectVersionArn",
        "Status": "Status",
        "Min": "MinInferenceUnits",
        "Max": "MaxInferenceUnits",
        "Adopted": "Adopted",
        "Duty": "Duty",
    }


def test_destroy_is_the_default(stack: Stack) -> None:
    """A model stops with its resource unless that is chosen otherwise."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    found = model_of(stack)
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_retain_keeps_no_rolled_back_create_and_no_replaced_model(stack: Stack) -> None:
    """RETAIN: RetainExceptOnCreate, a replaced model stops, and a warning says what it costs."""
    RunningModel(
        stack, "Model", project_version_arn=ARN, min_inference_units=2, removal_policy=RemovalPolicy.RETAIN
    )
    found = model_of(stack)
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Delete")
    Annotations.from_stack(stack).has_warning(
        "/Parts/Model", Match.string_like_regexp("192 USD a day.*rekognition-running-model:retained")
    )


def test_check_on_every_deploy_differs_with_every_synth() -> None:
    """CloudFormation sends an update only when a property changed, so one changes."""
    seen = set()
    for _ in range(2):
        stack = Stack(App(), "Parts")
        RunningModel(stack, "Model", project_version_arn=ARN, check_on_every_deploy=True)
        seen.add(model_of(stack)["Properties"]["Deployment"])
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"project_version_arn": PROJECT}, "not of its project"),
        ({"project_version_arn": "arn:aws:s3:::bucket"}, "not of the service 's3'"),
        ({"project_version_arn": ""}, "must be an ARN like"),
        ({"project_version_arn": "x" * 3000}, "at most 1024 characters"),
        ({"project_arn": ARN}, "must be the ARN of the project"),
        ({"project_arn": PROJECT.replace("parts", "others")}, "the project of the model version"),
        ({"min_inference_units": 0}, "min_inference_units must be a whole number of at least 1"),
        ({"min_inference_units": -2}, "got -2"),
        ({"min_inference_units": 1.5}, "got 1.5"),
        ({"min_inference_units": True}, "got True"),
        ({"min_inference_units": 3, "max_inference_units": 2}, "max_inference_units must be at least"),
        ({"timeout": Duration.minutes(56)}, "timeout must be a whole number from 1 to 3300"),
        ({"timeout": Duration.millis(1500)}, "timeout must be whole seconds"),
        ({"poll_interval": Duration.seconds(61)}, "poll_interval must be a whole number from 1 to 60"),
        ({"poll_interval": Duration.millis(500)}, "poll_interval must be whole seconds"),
        ({"replacement": "START_FIRST"}, "Replacement.START_FIRST or Replacement.STOP_FIRST"),
        ({"removal_policy": RemovalPolicy.SNAPSHOT}, "RemovalPolicy.DESTROY or RemovalPolicy.RETAIN"),
    ],
)
def test_fails_when_a_literal_breaks_a_rule(stack: Stack, properties: dict[str, Any], words: str) -> None:
    """Each wrong value is named, at synth, with the path of the construct."""
    with pytest.raises(ValueError, match=words) as caught:
        RunningModel(stack, "Model", **({"project_version_arn": ARN} | properties))
    assert "Parts/Model" in str(caught.value)


def test_fails_when_several_values_are_wrong_naming_all_of_them(stack: Stack) -> None:
    """One error lists every problem."""
    with pytest.raises(ValueError, match="min_inference_units") as caught:
        RunningModel(
            stack, "Model", project_version_arn=PROJECT, min_inference_units=0, timeout=Duration.hours(2)
        )
    for name in ("project_version_arn", "min_inference_units", "timeout"):
        assert name in str(caught.value)


def test_fails_when_a_name_is_misspelt(stack: Stack) -> None:
    """A property that does not exist is Python's own error."""
    with pytest.raises(TypeError, match="min_units"):
        RunningModel(stack, "Model", project_version_arn=ARN, min_units=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (Environment(region="us-east-1", account="123456789012"), "Region of its stack, us-east-1"),
        (Environment(region="eu-west-1", account="210987654321"), "account of its stack, 210987654321"),
    ],
)
def test_fails_when_the_model_lies_elsewhere(environment: Environment, words: str) -> None:
    """Region and account are compared where the stack's are known."""
    with pytest.raises(ValueError, match=words):
        RunningModel(Stack(App(), "Parts", env=environment), "Model", project_version_arn=ARN)


def test_fails_when_a_stack_declares_a_model_twice(stack: Stack) -> None:
    """The second declaration names the first one."""
    RunningModel(stack, "First", project_version_arn=ARN)
    with pytest.raises(ValueError, match="declared by Parts/First already"):
        RunningModel(stack, "Second", project_version_arn=ARN)


def test_tokens_pass(stack: Stack) -> None:
    """What is known at deploy only is for the handler to judge."""
    arn, units = CfnParameter(stack, "Arn"), CfnParameter(stack, "Units", type="Number")
    RunningModel(
        stack,
        "Model",
        project_version_arn=arn.value_as_string,
        min_inference_units=units.value_as_number,  # type: ignore[arg-type]
    )
    properties = model_of(stack)["Properties"]
    assert properties["ProjectVersionArn"] == {"Ref": "Arn"}
    assert properties["MinInferenceUnits"] == {"Ref": "Units"}


def test_grant_detect_names_this_model_alone(stack: Stack) -> None:
    """One action on the declared ARN."""
    model = RunningModel(stack, "Model", project_version_arn=ARN)
    role = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    model.grant_detect(role)
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {"Action": "rekognition:DetectCustomLabels", "Effect": "Allow", "Resource": ARN}
                ]
            }
        },
    )


def test_metrics_carry_the_models_names(stack: Stack) -> None:
    """Dimensions are names, not ARNs; the caller's options win."""
    model = RunningModel(stack, "Model", project_version_arn=ARN)
    metric = model.metric_in_service_inference_units(period=Duration.minutes(1))
    assert metric.dimensions == {"ProjectName": "parts", "VersionName": "v3"}
    assert (metric.namespace, metric.metric_name) == ("AWS/Rekognition", "InServiceInferenceUnits")
    assert metric.period.to_seconds() == 60


def test_an_app_without_metrics_does_not_load_their_module() -> None:
    """It is large, and every synth would pay for it (decision 9)."""
    script = f"""
import sys
from aws_cdk import App, Stack
from rekognition_running_model import RunningModel
RunningModel(Stack(App(), "Parts"), "Model", project_version_arn={ARN!r})
sys.exit("aws_cdk.aws_cloudwatch" in sys.modules)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0


def test_metrics_of_a_token_take_the_names_out_of_the_arn(stack: Stack) -> None:
    """A token ARN is split by CloudFormation."""
    parameter = CfnParameter(stack, "Arn")
    model = RunningModel(stack, "Model", project_version_arn=parameter.value_as_string)
    model.metric_in_service_inference_units().create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    Template.from_stack(stack).has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Dimensions": [
                {"Name": "ProjectName", "Value": {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Arn"}]}]}},
                {"Name": "VersionName", "Value": {"Fn::Select": [3, {"Fn::Split": ["/", {"Ref": "Arn"}]}]}},
            ]
        },
    )


def test_an_imported_model_grants_and_starts_nothing(stack: Stack, resources: Found) -> None:
    """A model of another stack: permissions and metrics, no resource."""
    model = RunningModel.from_project_version_arn(stack, "Theirs", ARN)
    role = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    model.grant_detect(role)
    assert model.project_version_arn == ARN
    assert resources(stack, RESOURCE_TYPE) == {}
    with pytest.raises(ValueError, match="must be the ARN"):
        RunningModel.from_project_version_arn(stack, "Wrong", "arn:aws:rekognition:nonsense")


def test_a_removed_construct_frees_its_model() -> None:
    """Only what is in the tree declares a model."""
    stack = Stack()
    RunningModel(stack, "First", project_version_arn=ARN)
    assert stack.node.try_remove_child("First")
    RunningModel(stack, "Second", project_version_arn=ARN)
    with pytest.raises(ValueError, match="declared by Default/Second already"):
        RunningModel(stack, "Third", project_version_arn=ARN)


def test_nested_stacks_stages_and_long_ids() -> None:
    """The provider lives in the model's own stack, under ids as long as CDK makes them."""
    app = App()
    stage = Stage(app, "Production" * 3)
    outer = Stack(stage, "Outer" * 6)
    inner = NestedStack(outer, "Inner" * 6)
    RunningModel(inner, "Model" * 40, project_version_arn=ARN)
    RunningModel(outer, "Own", project_version_arn=ARN.replace("v3", "v4"))
    template = Template.from_stack(inner)
    template.resource_count_is("AWS::Lambda::Function", 1)
    assert all(len(logical_id) <= 255 for logical_id in template.to_json()["Resources"])
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    conditions = [s.get("Condition", {}) for s in policy["Properties"]["PolicyDocument"]["Statement"]]
    tag = "aws:ResourceTag/rekognition-running-model:stack-id"
    assert {tag: {"Ref": "AWS::StackId"}} in [condition.get("StringEquals") for condition in conditions]


def test_a_provider_of_another_stack_is_permitted_from_the_models_stack() -> None:
    """What names the model's stack stands in it; what the function needs of itself stays beside it."""
    app = App()
    owner, user = Stack(app, "Owner"), Stack(app, "User")
    provider = RunningModelProvider(owner, "Provider")
    RunningModel(user, "Model", project_version_arn=ARN, provider=provider)
    assembly = app.synth()
    template = assembly.get_stack_by_name("User").template["Resources"]
    kinds = sorted(resource["Type"] for resource in template.values())
    assert kinds == ["AWS::IAM::ManagedPolicy", "Custom::RekognitionRunningModel"]
    (policy,) = (r for r in template.values() if r["Type"] == "AWS::IAM::ManagedPolicy")
    used = {statement["Sid"] for statement in policy["Properties"]["PolicyDocument"]["Statement"]}
    assert {"DeclaredModels", "LookAtThisStack"} <= used
    assert not used & {"HandOver", "WriteLog"}
    (model,) = (r for r in template.values() if r["Type"] != "AWS::IAM::ManagedPolicy")
    assert set(model["DependsOn"]) <= set(template)
    beside = assembly.get_stack_by_name("Owner").template["Resources"]
    (policy,) = (r for r in beside.values() if r["Type"] == "AWS::IAM::Policy")
    own = {statement["Sid"] for statement in policy["Properties"]["PolicyDocument"]["Statement"]}
    assert own == {"HandOver", "WriteLog"}


def test_the_stacks_that_share_a_provider_are_counted() -> None:
    """Each takes a managed policy of the role, which may have ten."""
    app = App()
    provider = RunningModelProvider(Stack(app, "Owner"), "Provider")
    for number in range(10):
        stack = Stack(app, f"User{number}")
        RunningModel(stack, "Model", project_version_arn=ARN, provider=provider)
    with pytest.raises(ValueError, match="ten managed policies"):
        RunningModel(Stack(app, "User10"), "Model", project_version_arn=ARN, provider=provider)
