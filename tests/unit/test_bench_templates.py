"""What the bench counts in a template."""

from __future__ import annotations

from typing import Any

from bench import templates
from bench.templates import Function


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy with statements."""
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": list(statements)}}}


def allow(action: Any, resource: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {"Statement": [allow("sts:AssumeRole", "*")]},
        "ManagedPolicyArns": ["one", {"Fn::Join": ["", ["two"]]}],
        "Policies": [{"PolicyDocument": {"Statement": [allow("logs:PutLogEvents", "group")]}}],
    },
}
MACHINE = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {
        "DefinitionString": {"Fn::Join": ["", ["{", {"Fn::GetAtt": ["Look", "Arn"]}, {"Ref": "Topic"}]]}
    },
}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Look": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs24.x"}},
        "Wait": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "MemorySize": 256,
                "Architectures": ["arm64"],
                "LoggingConfig": {"SystemLogLevel": "WARN"},
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Role": ROLE,
        "Policy": policy(
            allow(["a:Read", "a:Write"], "*"),
            allow("b:*", "thing"),
            allow("c:Do", ["thing", "other/*"]),
            {"Effect": "Deny", "Action": "d:Do", "Resource": "*"},
        ),
        "Machine": MACHINE,
    }
}


def test_sizes() -> None:
    """Resources, and bytes in UTF-8 as JSON escapes them."""
    assert templates.resource_count(TEMPLATE) == 6
    assert (
        templates.template_bytes({"Resources": {"A": {"Type": "é"}}})
        == len('{"Resources":{"A":{"Type":""}}}') + 6
    )


def test_functions_with_lambdas_defaults() -> None:
    """A template says only what differs from the default."""
    assert templates.functions(TEMPLATE) == {
        "Look": Function(memory_mb=128, arm=False, system_lines=True),
        "Wait": Function(memory_mb=256, arm=True, system_lines=False),
    }


def test_only_functions_count_among_what_a_state_machine_names() -> None:
    """It may name topics and queues too."""
    assert templates.state_machine_functions(TEMPLATE) == {"Look"}


def test_actions_are_those_that_policies_allow_not_trust_and_not_denials() -> None:
    """Inline policies of a role included."""
    assert templates.allowed_actions(TEMPLATE) == {
        "a:Read", "a:Write", "b:*", "c:Do", "logs:PutLogEvents",
    }  # fmt: skip


def test_wildcards_are_the_whole_resource_or_part_of_the_action() -> None:
    """A resource that ends in * is none."""
    assert templates.wildcards(TEMPLATE) == ["a:Read", "a:Write", "b:*"]


def test_managed_policies() -> None:
    """Counted apart: the template does not say what they allow."""
    assert templates.managed_policies(TEMPLATE) == 2


def with_custom_resource(token: str) -> dict[str, Any]:
    """The functions of a provider framework, one that stands alone, and a resource that asks one of them."""
    variables = {
        "USER_ON_EVENT_FUNCTION_ARN": {"Fn::GetAtt": ["User", "Arn"]},
        "USER_IS_COMPLETE_FUNCTION_ARN": {"Fn::GetAtt": ["Alone", "Arn"]},
    }
    return {
        "Resources": {
            "User": {"Type": "AWS::Lambda::Function", "Properties": {}},
            "Framework": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Environment": {"Variables": variables}},
            },
            "Alone": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Environment": {"Variables": {"A": "1"}}},
            },
            "Model": {
                "Type": "Custom::Model",
                "Properties": {"ServiceToken": {"Fn::GetAtt": [token, "Arn"]}, "Units": 1},
            },
        }
    }


def test_what_stands_between_the_event_and_the_start() -> None:
    """One function, or the framework's and the one that it invokes; never the one that looks."""
    assert templates.functions_to_start(with_custom_resource("Alone")) == ["Alone"]
    assert templates.functions_to_start(with_custom_resource("Framework")) == ["Framework", "User"]


def test_which_function_is_asked_is_no_property_of_the_model() -> None:
    """The rest is what the function is told."""
    assert templates.custom_resource(with_custom_resource("Alone")) == {"Units": 1}
