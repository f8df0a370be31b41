"""Accounts with rules: roles made beforehand, boundaries, managed policies, networks, keys, limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, CfnResource, Environment, PermissionsBoundary, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template
from synth_examples import ARN

from rekognition_running_model import RunningModel, RunningModelProvider

ROLE = "arn:aws:iam::123456789012:role/made-beforehand"
HERE = Environment(account="123456789012", region="eu-west-1")


def provided(stack: Stack, **properties: Any) -> RunningModelProvider:
    """A provider with some properties, and a model that it runs."""
    provider = RunningModelProvider(stack, "Provider", **properties)
    RunningModel(stack, "Model", project_version_arn=ARN, provider=provider)
    return provider


def kinds(stack: Stack) -> list[str]:
    """The types of a stack's resources."""
    return sorted(one["Type"] for one in Template.from_stack(stack).to_json()["Resources"].values())


def only(stack: Stack, kind: str) -> dict[str, Any]:
    """The one resource of a type."""
    (found,) = Template.from_stack(stack).find_resources(kind).values()
    return dict(found)


def sids(document: dict[str, Any]) -> set[str]:
    """The statements of a policy document."""
    return {statement.get("Sid", "") for statement in document["Statement"]}


def says(stack: Stack, words: str) -> bool:
    """Whether the synth warns of something."""
    return bool(Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(words)))


NEEDED = {
    "HandOver",
    "WriteLog",
    "DeclaredModels",
    "ModelsClaimedByThisStack",
    "LookAtModels",
    "LookAtOwners",
}

# --- roles ---


def test_customize_roles_makes_no_iam_resource_and_reports_all(tmp_path: Path) -> None:
    """An organisation that makes roles itself gets the statements, and the template holds none."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Parts")
    iam.Role.customize_roles(
        stack, use_precreated_roles={"RekognitionRunningModelProvider/Role": "made-beforehand"}
    )
    RunningModel(stack, "Model", project_version_arn=ARN)
    RunningModel(stack, "Other", project_version_arn=ARN.replace("v3", "v4"))
    template = app.synth().get_stack_by_name("Parts").template
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert not any(kind.startswith("AWS::IAM") for kind in types)
    assert "made-beforehand" in json.dumps(template)
    report = json.loads((tmp_path / "iam-policy-report.json").read_text())
    (role,) = report["roles"]
    assert {one["Sid"] for one in role["managedPolicyStatements"]} >= NEEDED
    assert ARN in json.dumps(report)
    assert ARN.replace("v3", "v4") in json.dumps(report)


def test_customize_roles_of_a_role_that_is_still_missing_says_so(tmp_path: Path) -> None:
    """Without a name for it CDK fails the synth, and the report tells what to make."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Parts")
    iam.Role.customize_roles(stack)
    RunningModel(stack, "Model", project_version_arn=ARN)
    app.synth()
    report = (tmp_path / "iam-policy-report.txt").read_text()
    assert "missing role" in report
    assert ARN in report


def test_customize_roles_that_only_reports_leaves_the_role_as_it_is(tmp_path: Path) -> None:
    """``prevent_synthesis=False``: the role is made, with what it needs, and reported."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Parts")
    iam.Role.customize_roles(stack, prevent_synthesis=False)
    RunningModel(stack, "Model", project_version_arn=ARN)
    template = app.synth().get_stack_by_name("Parts").template
    policies = [r for r in template["Resources"].values() if r["Type"] == "AWS::IAM::ManagedPolicy"]
    assert {sid for one in policies for sid in sids(one["Properties"]["PolicyDocument"])} >= NEEDED
    assert ARN in (tmp_path / "iam-policy-report.json").read_text()


def test_a_role_of_ones_own_gets_the_policies() -> None:
    """As any L2 that is handed a role."""
    stack = Stack(App(), "Parts")
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    provided(stack, role=role)
    assert kinds(stack).count("AWS::IAM::Role") == 1
    policy = only(stack, "AWS::IAM::Policy")
    assert sids(policy["Properties"]["PolicyDocument"]) >= NEEDED


def test_an_imported_role_gets_the_policies() -> None:
    """By its name, as long as it may be changed."""
    stack = Stack(App(), "Parts")
    provided(stack, role=iam.Role.from_role_arn(stack, "Mine", ROLE))
    policy = only(stack, "AWS::IAM::Policy")
    assert policy["Properties"]["Roles"] == ["made-beforehand"]
    assert only(stack, "AWS::Lambda::Function")["Properties"]["Role"] == ROLE


@pytest.mark.parametrize("managed", [False, True])
def test_an_immutable_role_is_used_as_it_is(managed: bool) -> None:
    """No policy is made, a warning says so, and a method tells what the role has to allow."""
    stack = Stack(App(), "Parts", env=HERE)
    role = iam.Role.from_role_arn(stack, "Mine", ROLE, mutable=False)
    provider = provided(stack, role=role, managed_policies_only=managed)
    assert not any(kind.startswith("AWS::IAM") for kind in kinds(stack))
    assert says(stack, r"policy_document_json\(\).*rekognition-running-model:role")
    document = json.loads(provider.policy_document_json())
    assert sids(document) >= NEEDED


def test_a_role_without_policy_updates_is_used_as_it_is() -> None:
    """The other way to an immutable role."""
    stack = Stack(App(), "Parts")
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    provided(stack, role=role.without_policy_updates())
    assert kinds(stack).count("AWS::IAM::Role") == 1
    assert "AWS::IAM::Policy" not in kinds(stack)
    assert says(stack, "rekognition-running-model:role")


def test_the_printed_document_is_a_policy_for_a_role_made_beforehand() -> None:
    """Exact where the synth knows, a wildcard where only the deployment does, and no reference left."""
    stack = Stack(App(), "Parts", env=HERE)
    provider = provided(stack)
    text = provider.policy_document_json()
    assert not any(word in text for word in ("Fn::", "Ref", "Token", "${"))
    statements = {one["Sid"]: one for one in json.loads(text)["Statement"]}
    assert statements["DeclaredModels"]["Resource"] == ARN
    here = "eu-west-1:123456789012"
    assert statements["HandOver"]["Resource"] == f"arn:aws:lambda:{here}:function:Parts*"
    assert statements["WriteLog"]["Resource"] == f"arn:aws:logs:{here}:log-group:Parts*"
    assert statements["LookAtThisStack"]["Resource"] == f"arn:aws:cloudformation:{here}:stack/Parts/*"
    claimed = statements["ModelsClaimedByThisStack"]["Condition"]
    key = "aws:ResourceTag/rekognition-running-model:stack-id"
    assert claimed["StringLike"] == {key: f"arn:aws:cloudformation:{here}:stack/Parts/*"}
    assert "ForAllValues:StringLike" in claimed


def test_printing_in_between_changes_nothing() -> None:
    """What was printed is of the models so far; the next is still allowed, and no statement named twice."""
    stack = Stack(App(), "Parts", env=HERE)
    provider = provided(stack)
    assert "v4" not in provider.policy_document_json()
    RunningModel(stack, "Next", project_version_arn=ARN.replace("v3", "v4"), provider=provider)
    statements = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    names = [statement["Sid"] for statement in statements]
    assert len(names) == len(set(names))
    assert ARN.replace("v3", "v4") in json.dumps(statements)


def test_the_printed_document_of_a_stack_without_a_place() -> None:
    """Region and account are wildcards then, and statements of other stacks are there too."""
    app = App()
    stack = Stack(app, "Parts")
    provider = provided(stack)
    RunningModel(
        Stack(app, "Others"), "Model", project_version_arn=ARN.replace("v3", "v4"), provider=provider
    )
    text = provider.policy_document_json()
    assert ARN.replace("v3", "v4") in text
    assert "arn:aws:lambda:*:*:function:Parts*" in text
    json.loads(text)


def test_managed_policies_only() -> None:
    """Nothing inline, whatever the function needs before it is made."""
    stack = Stack(App(), "Parts")
    provided(
        stack,
        managed_policies_only=True,
        dead_letter_queue=sqs.Queue(stack, "Dead"),
        on_failure=sqs.Queue(stack, "Failed"),
        vpc=ec2.Vpc(stack, "Vpc", max_azs=1),
    )
    assert "AWS::IAM::Policy" not in kinds(stack)
    assert "Policies" not in only(stack, "AWS::IAM::Role")["Properties"]
    found = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    assert all(policy["Properties"]["Roles"] for policy in found.values())
    (model,) = Template.from_stack(stack).find_resources("Custom::RekognitionRunningModel").values()
    assert any("Permissions" in name for name in model["DependsOn"])


def test_a_boundary_on_the_role() -> None:
    """The role's own, beside those that apply to all of an app."""
    stack = Stack(App(), "Parts")
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    provided(stack, permissions_boundary=boundary)
    assert "limits" in json.dumps(only(stack, "AWS::IAM::Role")["Properties"]["PermissionsBoundary"])


def test_a_boundary_of_the_whole_app() -> None:
    """``PermissionsBoundary`` of CDK's core, and of IAM by an aspect."""
    app = App()
    stack = Stack(app, "Parts", permissions_boundary=PermissionsBoundary.from_name("limits"))
    RunningModel(stack, "Model", project_version_arn=ARN)
    other = Stack(app, "Others")
    RunningModel(other, "Model", project_version_arn=ARN)
    iam.PermissionsBoundary.of(other).apply(
        iam.ManagedPolicy.from_managed_policy_name(other, "Boundary", "limits")
    )
    for one in (stack, other):
        assert "limits" in json.dumps(only(one, "AWS::IAM::Role")["Properties"]["PermissionsBoundary"])


# --- network ---


def test_a_vpc_with_subnets_and_security_groups() -> None:
    """The role may make network interfaces before the function is made."""
    stack = Stack(App(), "Parts")
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    provided(
        stack,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[group],
    )
    function = only(stack, "AWS::Lambda::Function")
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    assert len(function["Properties"]["VpcConfig"]["SecurityGroupIds"]) == 1
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (before,) = (name for name, one in policies.items() if "Network" in json.dumps(one))
    assert before in function["DependsOn"]
    assert not says(stack, "isolated-subnets")


def test_subnets_without_a_way_out_are_said_with_the_endpoints() -> None:
    """A function that can't reach CloudFormation's bucket never answers."""
    stack = Stack(App(), "Parts")
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        max_azs=1,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="Closed", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        ],
    )
    provided(stack, vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED))
    assert says(stack, "endpoints rekognition, cloudformation and lambda.*isolated-subnets")


# --- keys, logs, failures ---


def test_keys_for_the_environment_and_the_log() -> None:
    """Each is used, and the log's key lets CloudWatch Logs use it."""
    stack = Stack(App(), "Parts")
    key = kms.Key(stack, "Key")
    provided(stack, environment_encryption_key=key, log_encryption_key=key)
    assert only(stack, "AWS::Lambda::Function")["Properties"]["KmsKeyArn"]
    assert only(stack, "AWS::Logs::LogGroup")["Properties"]["KmsKeyId"]
    policy = json.dumps(only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"])
    assert "kms:EncryptionContext:aws:logs:arn" in policy
    assert "logs." in policy
    assert "DecryptEnvironment" in json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))


def test_a_log_group_of_ones_own() -> None:
    """Of any retention and key; the role may write to it and to no other."""
    stack = Stack(App(), "Parts")
    group = logs.LogGroup(stack, "Mine", log_group_name="/platform/models")
    provided(stack, log_group=group)
    assert kinds(stack).count("AWS::Logs::LogGroup") == 1
    logging = only(stack, "AWS::Lambda::Function")["Properties"]["LoggingConfig"]
    (name,) = Template.from_stack(stack).find_resources("AWS::Logs::LogGroup")
    assert logging["LogGroup"] == {"Ref": name}
    statements = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    (write,) = (one for one in statements if one["Sid"] == "WriteLog")
    assert write["Resource"] == {"Fn::GetAtt": [name, "Arn"]}


def test_an_imported_log_group() -> None:
    """Made elsewhere, known by its name."""
    stack = Stack(App(), "Parts")
    group = logs.LogGroup.from_log_group_name(stack, "Theirs", "/platform/models")
    provider = provided(stack, log_group=group)
    assert provider.log_group.log_group_name == "/platform/models"
    assert "AWS::Logs::LogGroup" not in kinds(stack)
    assert "/platform/models" in provider.policy_document_json()


@pytest.mark.parametrize("target", ["queue", "topic", "encrypted queue"])
def test_what_could_not_be_finished_goes_to_a_queue_or_a_topic(target: str) -> None:
    """With the permission to send there before the function is made."""
    stack = Stack(App(), "Parts")
    where: sqs.Queue | sns.Topic
    if target == "topic":
        where = sns.Topic(stack, "Failed")
    else:
        kind = sqs.QueueEncryption.KMS if "encrypted" in target else sqs.QueueEncryption.SQS_MANAGED
        where = sqs.Queue(stack, "Failed", encryption=kind)
    provided(stack, on_failure=where, dead_letter_queue=sqs.Queue(stack, "Dead"))
    invoke = only(stack, "AWS::Lambda::EventInvokeConfig")["Properties"]
    assert invoke["DestinationConfig"]["OnFailure"]["Destination"]
    function = only(stack, "AWS::Lambda::Function")
    assert function["Properties"]["DeadLetterConfig"]["TargetArn"]
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (before,) = (name for name, one in policies.items() if "sqs:SendMessage" in json.dumps(one))
    assert before in function["DependsOn"]


# --- size and limits ---


def test_memory_architecture_and_runtime() -> None:
    """As the account wants them."""
    stack = Stack(App(), "Parts")
    provided(
        stack,
        memory_size=512,
        architecture=lambda_.Architecture.X86_64,
        runtime=lambda_.Runtime.PYTHON_3_12,
    )
    properties = only(stack, "AWS::Lambda::Function")["Properties"]
    assert properties["MemorySize"] == 512
    assert properties["Architectures"] == ["x86_64"]
    assert properties["Runtime"] == "python3.12"
    assert not {"Layers", "Environment", "ReservedConcurrentExecutions", "VpcConfig"} & set(properties)


@pytest.mark.parametrize(("reserved", "said"), [(1, True), (2, False)])
def test_reserved_concurrency_and_what_it_means_for_models(reserved: int, said: bool) -> None:
    """Fewer executions than models and hand-overs need make models wait for each other."""
    stack = Stack(App(), "Parts")
    provided(stack, reserved_concurrent_executions=reserved)
    assert only(stack, "AWS::Lambda::Function")["Properties"]["ReservedConcurrentExecutions"] == reserved
    assert says(stack, "reserved-concurrency") is said


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        (
            {"memory_size": 64},
            "memory_size must be a whole number from 128 to 10240.*got 64.*memory_size=256",
        ),
        ({"memory_size": "big"}, "memory_size must be.*'big'"),
        ({"reserved_concurrent_executions": 0}, "reserved_concurrent_executions must be.*at least 1.*got 0"),
        ({"runtime": lambda_.Runtime.PYTHON_3_9}, "runtime must be Python 3.11 or newer, got 'python3.9'"),
        ({"runtime": lambda_.Runtime.NODEJS_22_X}, "got 'nodejs22.x'.*PYTHON_3_14"),
        (
            {"on_failure": "queue"},
            "on_failure must be a queue of SQS or a topic of SNS, got 'queue'.*sqs.Queue",
        ),
        ({"managed_policies_only": 1}, "managed_policies_only must be True or False, got 1"),
        ({"security_groups": []}, "security_groups must come with vpc"),
    ],
)
def test_fails_when_a_value_breaks_a_rule(properties: dict[str, Any], words: str) -> None:
    """With the path, the property, the value, the rule and an example."""
    with pytest.raises(ValueError, match=f"^Parts/Provider: .*{words}"):
        RunningModelProvider(Stack(App(), "Parts"), "Provider", **properties)


@pytest.mark.parametrize("name", ["dead_letter_queue", "on_failure"])
def test_fails_when_failures_would_go_to_a_fifo(name: str) -> None:
    """Lambda would refuse it when the stack is deployed."""
    stack = Stack(App(), "Parts")
    given: dict[str, Any] = {name: sqs.Queue(stack, "Failed", fifo=True)}
    with pytest.raises(
        ValueError, match=f"^Parts/Provider: {name} must be a standard one.*Queue Parts/Failed"
    ):
        provided(stack, **given)


def test_what_is_no_construct_is_told_by_its_kind() -> None:
    """And not by the address of an object."""
    stack = Stack(App(), "Parts")
    target: Any = destinations.SqsDestination(sqs.Queue(stack, "Failed"))
    with pytest.raises(ValueError, match=r"on_failure must be a queue.*got 'SqsDestination\(\.\.\.\)'"):
        provided(stack, on_failure=target)


def test_sizes_may_be_tokens() -> None:
    """Lambda judges them."""
    stack = Stack(App(), "Parts")
    size: Any = CfnParameter(stack, "Size", type="Number").value_as_number
    provided(stack, memory_size=size, reserved_concurrent_executions=size)
    properties = only(stack, "AWS::Lambda::Function")["Properties"]
    assert (properties["MemorySize"], properties["ReservedConcurrentExecutions"]) == ({"Ref": "Size"},) * 2


def test_fails_when_values_exclude_each_other_naming_all() -> None:
    """What would be ignored, or contradict, is not taken."""
    stack = Stack(App(), "Parts")
    with pytest.raises(ValueError, match="log_retention must be left out where log_group is given") as caught:
        RunningModelProvider(
            stack,
            "Provider",
            log_group=logs.LogGroup(stack, "Mine"),
            log_retention=logs.RetentionDays.ONE_YEAR,
            log_removal_policy=RemovalPolicy.RETAIN,
            role=iam.Role.from_role_arn(stack, "Role", ROLE),
            permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits"),
        )
    for name in ("log_retention", "log_removal_policy", "permissions_boundary"):
        assert f"{name} must be left out" in str(caught.value)


def test_a_changed_child_of_the_provider_is_what_its_default_child_says() -> None:
    """The escape hatch of an L2: the function is its default child."""
    stack = Stack(App(), "Parts")
    provider = provided(stack)
    child = provider.node.default_child
    assert isinstance(child, CfnResource)
    child.add_property_override("Tags", [{"Key": "team", "Value": "vision"}])
    assert only(stack, "AWS::Lambda::Function")["Properties"]["Tags"]
