"""What an app can do to any L2: that it works, or that the synth says what it breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    BootstraplessSynthesizer,
    CfnCondition,
    CfnElement,
    CfnOutput,
    CfnParameter,
    CfnResource,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Duration,
    Environment,
    Fn,
    IAspect,
    IPropertyInjector,
    IStableStringProducer,
    Lazy,
    LegacyStackSynthesizer,
    Mixins,
    NestedStack,
    PropertyInjectors,
    Stack,
    Stage,
    Tags,
    pipelines,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct, IConstruct, IMixin
from synth_examples import ARN

from rekognition_running_model import RunningHours, RunningModel, RunningModelProvider
from running_model_handler.core.names import RESOURCE_TYPE

PROVIDER = "RekognitionRunningModelProvider"


def declared(stack: Stack | None = None) -> RunningModel:
    """A model in a stack."""
    return RunningModel(stack or Stack(App(), "Parts"), "Model", project_version_arn=ARN)


def resources(stack: Stack) -> dict[str, dict[str, Any]]:
    """All resources of a stack's template."""
    return dict(Template.from_stack(stack).to_json()["Resources"])


def only(stack: Stack, kind: str) -> dict[str, Any]:
    """The one resource of a type."""
    (found,) = (one for one in resources(stack).values() if one["Type"] == kind)
    return found


def child(model: RunningModel) -> CfnResource:
    """The L1 below a model."""
    found = model.node.default_child
    assert isinstance(found, CfnResource)
    return found


@jsii.implements(IAspect)
class Each:
    """An aspect that does something to each L1 of a type."""

    def __init__(self, kind: str, change: Callable[[CfnResource], object]) -> None:
        self._kind = kind
        self._change = change

    def visit(self, node: IConstruct) -> None:
        """Every construct of the app."""
        if isinstance(node, CfnResource) and node.cfn_resource_type == self._kind:
            self._change(node)


def aspect(model: RunningModel, kind: str, change: Callable[[Any], object]) -> Stack:
    """The stack of a model, in an app with such an aspect."""
    Aspects.of(model.node.root).add(Each(kind, change))
    return Stack.of(model)


def override(path: str, value: Any) -> Callable[[Any], object]:
    """An escape hatch."""
    return lambda node: node.add_override(path, value)


# --- tags, names, logs ---


def test_tags_reach_all_that_can_have_them() -> None:
    """Function, role and log group; a model's own tags are the handler's."""
    model = declared()
    Tags.of(model.node.root).add("team", "vision")
    tagged = {
        one["Type"]
        for one in resources(Stack.of(model)).values()
        if {"Key": "team", "Value": "vision"} in one["Properties"].get("Tags", [])
    }
    assert tagged == {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"}


def test_an_aspect_may_give_names() -> None:
    """Platform teams name functions, roles and log groups by a scheme."""
    model = declared()
    aspect(model, "AWS::Lambda::Function", override("Properties.FunctionName", "org-models"))
    aspect(model, "AWS::IAM::Role", override("Properties.RoleName", "org-models"))
    stack = aspect(model, "AWS::Logs::LogGroup", lambda node: setattr(node, "log_group_name", "/org/models"))
    assert only(stack, "AWS::Lambda::Function")["Properties"]["FunctionName"] == "org-models"
    assert only(stack, "AWS::IAM::Role")["Properties"]["RoleName"] == "org-models"
    assert only(stack, "AWS::Logs::LogGroup")["Properties"]["LogGroupName"] == "/org/models"
    assert warned(stack, "rekognition-running-model") == 0


def test_an_aspect_may_set_retention_and_key_of_logs() -> None:
    """The log group is a plain one."""
    model = declared()

    def change(node: logs.CfnLogGroup) -> None:
        node.retention_in_days = 400
        node.kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/1"

    properties = only(aspect(model, "AWS::Logs::LogGroup", change), "AWS::Logs::LogGroup")["Properties"]
    assert (properties["RetentionInDays"], properties["KmsKeyId"][-1]) == (400, "1")


def warned(stack: Stack, words: str) -> int:
    """How many warnings of a stack say something."""
    return len(Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(words)))


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("Properties.Timeout", 60, "function-timeout"),
        ("Properties.Handler", "wrapper.handler", "function-handler"),
        ("Properties.LoggingConfig.LogGroup", "/org/all", "function-log-group"),
        ("Properties.VpcConfig", {"SubnetIds": ["subnet-1"]}, "function-vpc"),
        ("Properties.ReservedConcurrentExecutions", 1, "reserved-concurrency"),
    ],
)
def test_what_an_aspect_does_to_the_function_is_said(path: str, value: Any, name: str) -> None:
    """It may be meant, and has a price: a warning that can be acknowledged."""
    stack = aspect(declared(), "AWS::Lambda::Function", override(path, value))
    assert warned(stack, f"rekognition-running-model:{name}") == 1


@pytest.mark.parametrize(("attempts", "said"), [(0, 1), (1, 1), (2, 0)])
def test_an_aspect_that_takes_retries_away_is_said(attempts: int, said: int) -> None:
    """A killed invocation heals by them."""
    kind, change = "AWS::Lambda::EventInvokeConfig", override("Properties.MaximumRetryAttempts", attempts)
    stack = aspect(declared(), kind, change)
    assert warned(stack, f"to {attempts}, from 2: .*rekognition-running-model:function-retries") == said


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Properties.Environment", {"Variables": {"A": "B"}}),
        ("Properties.Layers", ["arn:aws:lambda:eu-west-1:123456789012:layer:insights:1"]),
        ("Properties.TracingConfig", {"Mode": "Active"}),
        ("Properties.MemorySize", 256),
        ("Properties.Architectures", ["x86_64"]),
        ("Properties.RecursiveLoop", "Terminate"),
    ],
)
def test_what_an_aspect_adds_to_the_function_is_left_alone(path: str, value: Any) -> None:
    """An environment, layers, tracing, another size."""
    stack = aspect(declared(), "AWS::Lambda::Function", override(path, value))
    assert only(stack, "AWS::Lambda::Function")["Properties"][path.split(".")[1]] == value
    assert warned(stack, "rekognition-running-model") == 0


# --- what breaks the resource ---


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("Properties.ServiceToken", "arn:aws:lambda:eu-west-1:1:function:other", "ServiceToken must be"),
        ("Type", "Custom::Other", "Type must be Custom::RekognitionRunningModel, got Custom::Other"),
        ("DependsOn", [], "DependsOn must name"),
        (
            "Properties.ProjectVersionArn",
            ARN.replace("v3", "v4"),
            "ProjectVersionArn must not.*v4.*as project_v",
        ),
        ("Properties.RunningHours", "MON 08:00-18:00 UTC", "RunningHours must not.*as running_hours"),
        ("Properties.StopAfterSeconds", 7200, "StopAfterSeconds must not.*schedules are made.*as stop_after"),
        ("Properties.StopWhenIdleSeconds", 7200, "StopWhenIdleSeconds must not.*as stop_when_idle"),
        ("Properties.StartForQueueUrl", "https://q", "StartForQueueUrl must not.*permissions.*as start_for"),
    ],
)
def test_fails_when_an_override_breaks_the_resource(path: str, value: Any, words: str) -> None:
    """At synth, with the path of the construct, not after an hour of waiting."""
    model = declared()
    child(model).add_override(path, value)
    with pytest.raises(RuntimeError, match=f"Parts/Model: {words}"):
        Template.from_stack(Stack.of(model))


def test_fails_when_a_policy_is_taken_away() -> None:
    """By an aspect that forbids inline policies, for example."""
    model = declared()
    permissions = Stack.of(model).node.find_child(PROVIDER).node.find_child("Permissions")
    permissions.node.try_remove_child("Policy")
    with pytest.raises(RuntimeError, match=r"Permissions/Policy/Resource must stay.*removed"):
        Template.from_stack(Stack.of(model))


def test_fails_when_the_runtime_is_too_old() -> None:
    """An aspect that pins all functions to one runtime."""
    stack = aspect(declared(), "AWS::Lambda::Function", override("Properties.Runtime", "nodejs22.x"))
    with pytest.raises(RuntimeError, match=r"Runtime must be python3\.11 or newer, got nodejs22\.x"):
        Template.from_stack(stack)


def test_fails_when_the_package_is_damaged_before_it_is_staged(tmp_path: Path) -> None:
    """crhelper has to be in it at the end of the synth."""
    stack = Stack(App(outdir=str(tmp_path)), "Parts")
    declared(stack)
    (package,) = tmp_path.glob("rekognition-running-model-handler-*")
    (package / "crhelper" / "utils.py").unlink()
    with pytest.raises(RuntimeError, match=r"must hold crhelper/utils\.py"):
        Template.from_stack(stack)


def test_an_override_of_a_value_is_the_users() -> None:
    """Escape hatches for what a model declares work as everywhere."""
    model = declared()
    child(model).add_property_override("MinInferenceUnits", 3)
    child(model).add_metadata("owner", "vision")
    found = only(Stack.of(model), RESOURCE_TYPE)
    assert found["Properties"]["MinInferenceUnits"] == 3
    assert found["Metadata"]["owner"] == "vision"


@jsii.implements(IStableStringProducer)
class Late:
    """A text that is decided when the template is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def produce(self) -> str:
        """``Lazy.string``."""
        return self._text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parts-v3", "must be the ARN of a project version"),
        (ARN.replace("eu-west-1", "us-east-1"), "must be a model in the Region of its stack"),
    ],
)
def test_fails_when_a_lazy_arn_turns_out_wrong(text: str, words: str) -> None:
    """It is a token at first, and a text in the end: judged like one."""
    stack = Stack(App(), "Parts", env=Environment(account="123456789012", region="eu-west-1"))
    RunningModel(stack, "Model", project_version_arn=Lazy.string(Late(text)))
    with pytest.raises(RuntimeError, match=f"Parts/Model: project_version_arn.*{words}"):
        Template.from_stack(stack)


def test_a_lazy_arn_may_be_right() -> None:
    """Nothing is said then."""
    stack = Stack(App(), "Parts", env=Environment(account="123456789012", region="eu-west-1"))
    RunningModel(stack, "Model", project_version_arn=Lazy.string(Late(ARN)))
    assert only(stack, RESOURCE_TYPE)["Properties"]["ProjectVersionArn"] == ARN


# --- what wakes a model with guards ---


def guarded(**properties: Any) -> RunningModel:
    """A model with a deadline and hours, so with schedules."""
    office = RunningHours(days="MON-FRI", start="08:00", stop="18:00", time_zone="UTC")
    return RunningModel(
        Stack(App(), "Parts"),
        "Model",
        project_version_arn=ARN,
        stop_after=Duration.hours(8),
        running_hours=office,
        **properties,
    )


def test_fails_when_an_override_does_not_reach_the_schedules() -> None:
    """They tell the function what is declared: a sweep would bring another size than a deployment."""
    model = guarded()
    child(model).add_property_override("MinInferenceUnits", 3)
    words = (
        "Parts/Model: MinInferenceUnits must not be overridden, got 3: the schedules.*as min_inference_units"
    )
    with pytest.raises(RuntimeError, match=words):
        Template.from_stack(Stack.of(model))


def test_tokens_of_a_guarded_model_are_no_overrides() -> None:
    """They are written as CloudFormation's functions, which are what was declared."""
    stack = Stack(App(), "Parts")
    RunningModel(
        stack,
        "Model",
        project_version_arn=CfnParameter(stack, "Arn").value_as_string,
        project_arn=Fn.import_value("project"),
        min_inference_units=CfnParameter(stack, "Units", type="Number").value_as_number,  # type: ignore[arg-type]
        timeout=Duration.seconds(CfnParameter(stack, "Seconds", type="Number").value_as_number),
        start_for=sqs.Queue(stack, "Pictures"),
    )
    assert only(stack, RESOURCE_TYPE)["Properties"]["MinInferenceUnits"] == {"Ref": "Units"}


@pytest.mark.parametrize("whose", ["the model's", "all"])
def test_schedules_are_there_where_the_model_is(whose: str) -> None:
    """A condition of the model holds for what wakes the function for it."""
    model = guarded()
    stack = Stack.of(model)
    condition = CfnCondition(stack, "Wanted", expression=Fn.condition_equals("a", "a"))
    if whose == "all":
        aspect(
            model, "AWS::Scheduler::Schedule", lambda one: setattr(one.cfn_options, "condition", condition)
        )
    else:
        child(model).cfn_options.condition = condition
    found = [one for one in resources(stack).values() if one["Type"] == "AWS::Scheduler::Schedule"]
    assert len(found) == 3
    assert all(one["Condition"] == "Wanted" for one in found)


def test_schedules_of_a_model_without_a_condition_have_none() -> None:
    """Nothing is written."""
    found = resources(Stack.of(guarded())).values()
    assert not any("Condition" in one for one in found)


def test_schedules_that_are_switched_off_are_said() -> None:
    """A platform's aspect that disables schedules: the guards sleep, the model bills."""
    stack = aspect(guarded(), "AWS::Scheduler::Schedule", override("Properties.State", "DISABLED"))
    assert warned(stack, "schedule Parts/Model/Sweep is disabled.*rekognition-running-model:asleep") == 1


def test_a_schedule_that_is_taken_out_is_said() -> None:
    """The same by ``try_remove_child``; it can be acknowledged."""
    model = guarded()
    assert model.node.try_remove_child("Sweep")
    assert warned(Stack.of(model), "Parts/Model/Sweep is gone.*rekognition-running-model:asleep") == 1


# --- mixins, injectors, conditions, dependencies ---


@jsii.implements(IMixin)
class Described:
    """A mixin that writes into the L1 of a model."""

    def supports(self, construct: IConstruct) -> bool:
        """Models alone."""
        return isinstance(construct, CfnResource) and construct.cfn_resource_type == RESOURCE_TYPE

    def apply_to(self, construct: IConstruct) -> None:
        """As mixins of CDK do."""
        assert isinstance(construct, CfnResource)
        construct.add_metadata("described", "yes")


def test_a_mixin_reaches_the_model() -> None:
    """``with_`` of any construct."""
    model = declared()
    model.with_(Described())
    assert only(Stack.of(model), RESOURCE_TYPE)["Metadata"]["described"] == "yes"


@jsii.implements(IMixin)
class Traced:
    """A mixin that merges a property into the L1 of every function."""

    def supports(self, construct: IConstruct) -> bool:
        """Functions alone."""
        return isinstance(construct, lambda_.CfnFunction)

    def apply_to(self, construct: IConstruct) -> None:
        """The generated mixins do it by a PropertyMergeStrategy, which Python can't call itself."""
        assert isinstance(construct, lambda_.CfnFunction)
        construct.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")


def test_mixins_of_a_whole_app_reach_the_function() -> None:
    """``Mixins.of(app).apply``: its L1 is a plain one."""
    model = declared()
    Mixins.of(model.node.root).apply(Traced())
    found = only(Stack.of(model), "AWS::Lambda::Function")["Properties"]
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert (found["Timeout"], found["MemorySize"]) == (900, 192)


@jsii.implements(IPropertyInjector)
class LongLogs:
    """A blueprint of a platform team."""

    @property
    def construct_unique_id(self) -> str:
        """For log groups."""
        return logs.LogGroup.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:
        """All are kept for a year."""
        return logs.LogGroupProps(retention=logs.RetentionDays.ONE_YEAR)


def test_a_property_injector_reaches_what_a_provider_is_made_of() -> None:
    """They are L2s of CDK."""
    app = App(property_injectors=[LongLogs()])
    stack = Stack(app, "Parts")
    declared(stack)
    assert PropertyInjectors.has_property_injectors(app)
    assert only(stack, "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == 365


@jsii.implements(IPropertyInjector)
class Functions:
    """A blueprint that traces all functions, and keeps, or forgets, what it is given."""

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps

    @property
    def construct_unique_id(self) -> str:
        """For functions."""
        return lambda_.Function.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:
        """Without what was given CDK makes another function."""
        given = dict(original_props)
        needed = given if self._keeps else {name: given[name] for name in ("code", "handler", "runtime")}
        return needed | {"tracing": lambda_.Tracing.ACTIVE}


def test_a_property_injector_may_add_to_the_function() -> None:
    """And CDK to its role, what that needs."""
    stack = Stack(App(property_injectors=[Functions(keeps=True)]), "Parts")
    declared(stack)
    assert only(stack, "AWS::Lambda::Function")["Properties"]["TracingConfig"] == {"Mode": "Active"}
    assert any("xray:PutTraceSegments" in json.dumps(one) for one in resources(stack).values())


def test_fails_when_a_property_injector_forgets_what_it_is_given() -> None:
    """In words about it, not about a child that CDK has not made."""
    stack = Stack(App(property_injectors=[Functions(keeps=False)]), "Parts")
    with pytest.raises(
        ValueError, match=rf"^Parts/{PROVIDER}/Function: .*retry_attempts=2.*property injector"
    ):
        declared(stack)


def test_a_condition_may_decide_whether_there_is_a_model() -> None:
    """``cfn_options.condition`` of the default child."""
    model = declared()
    stack = Stack.of(model)
    child(model).cfn_options.condition = CfnCondition(
        stack, "Wanted", expression=Fn.condition_equals("a", "a")
    )
    assert only(stack, RESOURCE_TYPE)["Condition"] == "Wanted"


def test_dependencies_by_constructs_and_groups() -> None:
    """Others wait for a model, and a model for others."""
    model = declared()
    stack = Stack.of(model)
    before, after = s3.Bucket(stack, "Before"), s3.Bucket(stack, "After")
    model.node.add_dependency(before)
    after.node.add_dependency(model)
    found = resources(stack)
    (model_id,) = (name for name, one in found.items() if one["Type"] == RESOURCE_TYPE)
    before_id, after_id = (
        next(name for name in found if name.startswith(start)) for start in ("Before", "After")
    )
    assert before_id in found[model_id]["DependsOn"]
    assert model_id in found[after_id]["DependsOn"]


def test_logical_ids_may_be_set() -> None:
    """By people who move a resource, or whose ids follow a scheme."""
    model = declared()
    child(model).override_logical_id("OurModel")
    function = Stack.of(model).node.find_child(PROVIDER).node.default_child
    assert isinstance(function, CfnElement)
    function.override_logical_id("OurFunction")
    found = resources(Stack.of(model))
    assert found["OurModel"]["Properties"]["ServiceToken"] == {"Fn::GetAtt": ["OurFunction", "Arn"]}


def test_a_model_may_be_taken_out_again() -> None:
    """``try_remove_child``: nothing of it is written, and nothing is checked."""
    stack = Stack(App(), "Parts")
    model = declared(stack)
    child(model).add_override("Type", "Custom::Other")
    assert stack.node.try_remove_child("Model")
    CfnOutput(stack, "Left", value="x")
    assert not any(one["Type"].startswith("Custom::") for one in resources(stack).values())


# --- stages, nested stacks, synthesizers, pipelines ---


class Deployment(Stage):
    """A stage with a stack with a model."""

    def __init__(self, scope: Construct, construct_id: str, **properties: Any) -> None:
        super().__init__(scope, construct_id, **properties)
        self.stack = Stack(self, "Parts")
        RunningModel(self.stack, "Model", project_version_arn=ARN)


def test_a_stage_within_a_stage() -> None:
    """Each has an assembly of its own, with the package in it."""
    app = App()
    inner = Deployment(Stage(app, "Outer"), "Inner")
    app.synth()
    assert RESOURCE_TYPE in str(inner.synth().get_stack_by_name(inner.stack.stack_name).template)


def test_a_nested_stack_within_a_nested_stack() -> None:
    """The provider is the innermost stack's own; its id is what the claim names."""
    stack = Stack(App(), "Parts")
    inner = NestedStack(NestedStack(stack, "One"), "Two")
    RunningModel(inner, "Model", project_version_arn=ARN)
    Template.from_stack(stack)
    assert {one["Type"] for one in resources(inner).values()} >= {RESOURCE_TYPE, "AWS::Lambda::Function"}


SYNTHESIZERS: dict[str, Callable[[], Any]] = {
    "a qualifier": lambda: DefaultStackSynthesizer(qualifier="ours"),
    "a bucket": lambda: DefaultStackSynthesizer(file_assets_bucket_name="ours-${AWS::Region}"),
    "the CLI's credentials": lambda: CliCredentialsStackSynthesizer(qualifier="ours"),
    "legacy": lambda: LegacyStackSynthesizer(),
}


@pytest.mark.parametrize("synthesizer", SYNTHESIZERS)
def test_a_synthesizer_of_ones_own(synthesizer: str) -> None:
    """The package goes where the synthesizer puts assets."""
    stack = Stack(App(), "Parts", synthesizer=SYNTHESIZERS[synthesizer]())
    RunningModel(stack, "Model", project_version_arn=ARN)
    code = json.dumps(only(stack, "AWS::Lambda::Function")["Properties"]["Code"])
    assert ("ours" in code) is (synthesizer in ("a qualifier", "a bucket", "the CLI's credentials"))


def test_fails_when_a_synthesizer_takes_no_assets() -> None:
    """CDK says it: a stack set, or a stack without bootstrap, needs a bucket for the package."""
    stack = Stack(App(), "Parts", synthesizer=BootstraplessSynthesizer())
    with pytest.raises(RuntimeError, match="Cannot add assets to a Stack that uses the Bootstrapless"):
        RunningModel(stack, "Model", project_version_arn=ARN)


def test_a_pipeline_publishes_the_package_and_deploys_the_stage() -> None:
    """CDK Pipelines: the stage synthesizes inside, and its function's code is an asset to publish."""
    app = App()
    stack = Stack(app, "Pipeline", env=Environment(account="123456789012", region="eu-west-1"))
    source = pipelines.CodePipelineSource.s3(s3.Bucket(stack, "Source"), "source.zip")
    pipeline = pipelines.CodePipeline(
        stack, "Pipeline", synth=pipelines.ShellStep("Synth", input=source, commands=["cdk synth"])
    )
    pipeline.add_stage(Deployment(app, "Live", env=Environment(account="123456789012", region="eu-west-1")))
    app.synth()
    template = json.dumps(Template.from_stack(stack).to_json())
    assert "FileAsset" in template
    assert "Live" in template


# --- feature flags ---


def recommended_flags() -> dict[str, Any]:
    """What ``cdk init`` writes into a new app's context today."""
    return {
        "@aws-cdk/core:checkSecretUsage": True,
        "@aws-cdk/core:target-partitions": ["aws", "aws-cn"],
        "@aws-cdk/aws-iam:minimizePolicies": True,
        "@aws-cdk/core:validateSnapshotRemovalPolicy": True,
        "@aws-cdk/aws-iam:standardizedServicePrincipals": True,
        "@aws-cdk/core:enablePartitionLiterals": True,
        "@aws-cdk/aws-lambda:useCdkManagedLogGroup": True,
        "@aws-cdk/core:aspectStabilization": True,
        "@aws-cdk/core:aspectPrioritiesMutating": True,
        "@aws-cdk/aws-iam:policyMergeByDocument": True,
        "@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy": True,
        "@aws-cdk/aws-kms:reduceCrossAccountRegionPolicyScope": True,
        "@aws-cdk/core:enableAdditionalMetadataCollection": True,
        "@aws-cdk/core:defaultCrossStackReferences": "weak",
    }


def test_the_flags_of_a_new_app_change_no_resource() -> None:
    """Nor do those of an old one, which has none."""
    found = []
    for context in ({}, recommended_flags()):
        stack = Stack(App(context=context), "Parts")
        RunningModel(stack, "Model", project_version_arn=ARN)
        found.append({name: one["Type"] for name, one in resources(stack).items()})
    assert found[0] == found[1]


def test_a_grant_to_a_role_that_takes_no_policies_is_dropped_without_a_word() -> None:
    """As for any L2: an immutable role is somebody else's, and nothing deprecated is used."""
    stack = Stack(App(), "Parts")
    model = declared(stack)
    role = iam.Role.from_role_arn(stack, "Theirs", "arn:aws:iam::123456789012:role/x", mutable=False)
    assert model.grant_detect(role).success
    assert warned(stack, "deprecated") == 0


@pytest.mark.parametrize(
    ("principal", "words"),
    [
        (lambda: iam.ServicePrincipal("ec2.amazonaws.com"), r'ServicePrincipal {"Service": \["ec2.amazonaws'),
        (
            lambda: iam.ArnPrincipal("arn:aws:iam::123456789012:role/x"),
            r'ArnPrincipal {"AWS": \["arn:aws:iam',
        ),
        (iam.AnyPrincipal, r"AnyPrincipal"),
        (iam.AccountRootPrincipal, r"AccountRootPrincipal .*AWS::AccountId"),
    ],
    ids=["a service", "an ARN", "all", "the account"],
)
def test_fails_when_a_grant_would_be_dropped(principal: Callable[[], iam.IGrantable], words: str) -> None:
    """CDK drops it without a word where neither side has a policy that could say it."""
    model = declared()
    with pytest.raises(ValueError, match=f"^Parts/Model: grantee must have a policy.*{words}.*from_role_arn"):
        model.grant_detect(principal())


def test_grants_of_all_kinds() -> None:
    """Whoever has a policy, of its own or as part of a group, or stands for a role."""
    model = declared()
    stack = Stack.of(model)
    function = lambda_.Function.from_function_arn(
        stack, "Function", "arn:aws:lambda:eu-west-1:123456789012:function:theirs"
    )
    grantees: list[iam.IGrantable] = [
        iam.User(stack, "User"),
        iam.Group(stack, "Group"),
        iam.User.from_user_name(stack, "Their", "bob"),
        iam.ManagedPolicy(stack, "Managed"),
        function,
    ]
    for grantee in grantees:
        model.grant_detect(grantee).assert_success()
    written = [one for one in resources(stack).values() if "DetectCustomLabels" in json.dumps(one)]
    assert len(written) == len(grantees) - 1
    assert warned(stack, "Add statement to this resource's role") == 1


def test_grants_to_the_function_reach_its_role() -> None:
    """For a layer or a wrapper of one's own; the function waits for them as any other does."""
    stack = Stack.of(declared())
    provider = RunningModelProvider.of(stack)
    s3.Bucket(stack, "Bucket").grant_read(provider.function)
    statement = iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"])
    provider.function.add_to_role_policy(statement)
    found = resources(stack)
    (name,) = (one for one, resource in found.items() if "xray:Put" in json.dumps(resource))
    assert "s3:GetObject*" in json.dumps(found[name])
    assert name in only(stack, "AWS::Lambda::Function")["DependsOn"]


def test_fails_when_the_shared_provider_is_made_too_late() -> None:
    """A model has made it by then; the message tells both ways out."""
    stack = Stack.of(declared())
    words = rf"^Parts/{PROVIDER}: .*must be made before the first of them.*provider=RunningModelProvider\("
    with pytest.raises(ValueError, match=words):
        RunningModelProvider(stack, PROVIDER, memory_size=512)
