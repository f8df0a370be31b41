"""What the synth says where calls of other models keep an idle one running."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from aws_cdk import Annotations as Notes
from aws_cdk import App, CfnParameter, Duration, Environment, Stack, Stage
from aws_cdk.assertions import Annotations, Match
from cdk_release import remembers_acknowledgments_of_apps
from synth_examples import ARN

from rekognition_running_model import RunningModel

HOUR = Duration.hours(1)
OTHER = ARN.replace("v3", "v4")
AWAY = OTHER.replace("eu-west-1", "us-east-1")
US = Environment(account="123456789012", region="us-east-1")


def model(stack: Stack, arn: str, *, idle: bool = False, name: str = "Model") -> RunningModel:
    """A model, with the guard or without."""
    return RunningModel(stack, name, project_version_arn=arn, stop_when_idle=HOUR if idle else None)


def said(stack: Stack, words: str = "shared-calls", path: str = "*") -> list[Any]:
    """The warnings with these words."""
    return list(Annotations.from_stack(stack).find_warning(path, Match.string_like_regexp(words)))


@pytest.mark.parametrize("both", [False, True])
def test_another_model_of_the_stack_is_named(stack: Stack, both: bool) -> None:
    """With both paths, where they are counted, and what it costs; once, though both may be idle."""
    model(stack, OTHER, idle=both, name="Other")
    model(stack, ARN, idle=True)
    mine, its = ("Other", "Model") if both else ("Model", "Other")
    words = (
        rf"stop_when_idle of Parts/{mine} .*nobody calls Parts/{its} either.*"
        r"eu-west-1 of account 123456789012.*96 USD a day.*\[ack: rekognition-running-model:shared-calls\]"
    )
    assert len(said(stack, words, f"/Parts/{mine}")) == 1
    assert len(said(stack)) == 1


def test_a_model_of_another_stack_is_named_whichever_comes_first() -> None:
    """Also where Python knows the other stack no more."""
    app = App()
    model(Stack(app, "Before"), OTHER)
    parts = Stack(app, "Parts")
    model(parts, ARN, idle=True)
    model(Stack(app, "Behind"), ARN.replace("v3", "v5"))
    gc.collect()
    assert len(said(parts, "nobody calls Before/Model, Behind/Model either")) == 1
    for name in ("Before", "Behind"):
        other = app.node.find_child(name)
        assert isinstance(other, Stack)
        assert said(other) == []


def test_many_are_counted(stack: Stack) -> None:
    """Three are named."""
    model(stack, ARN, idle=True)
    for number in range(5):
        model(stack, ARN.replace("v3", f"w{number}"), name=f"W{number}")
    assert len(said(stack, "calls Parts/W0, Parts/W1, Parts/W2 and 2 more either")) == 1


def test_nothing_is_said_where_nothing_is_shared(stack: Stack) -> None:
    """One model alone; several without the guard; one that has been removed from the tree; another app's."""
    model(stack, ARN, idle=True)
    model(stack, OTHER, name="Gone")
    stack.node.try_remove_child("Gone")
    model(Stack(App(), "Another"), OTHER)
    assert said(stack) == []
    plain = Stack(App(), "Plain")
    model(plain, ARN)
    model(plain, OTHER, name="Other")
    assert said(plain) == []


def test_another_region_is_counted_by_itself() -> None:
    """By the ARN, or by what the stack says where the ARN is a token."""
    app = App()
    parts = Stack(app, "Parts")
    model(parts, ARN, idle=True)
    away = Stack(app, "Away", env=US)
    model(away, AWAY)
    assert said(parts) == []
    token = CfnParameter(away, "Arn").value_as_string
    model(away, token, idle=True, name="Idle")
    assert len(said(away, "stop_when_idle of Away/Idle .*nobody calls Away/Model either")) == 1


@pytest.mark.parametrize("second", [False, True])
def test_what_only_the_deployment_knows_is_counted_within_a_stage(second: bool) -> None:
    """Two stages of a pipeline mostly go to two accounts."""
    app = App()
    beta, prod = (Stack(Stage(app, name), "Parts") for name in ("Beta", "Prod"))
    for each in (beta, prod):
        model(each, CfnParameter(each, "Arn").value_as_string, idle=True)
    if second:
        model(beta, CfnParameter(beta, "OtherArn").value_as_string, name="Other")
    words = "nobody calls Beta/Parts/Other either.*here its account and Region"
    assert [len(said(beta, words)), len(said(beta)), len(said(prod))] == [second, second, 0]


@pytest.mark.parametrize("whole_app", [False, True])
def test_it_can_be_acknowledged(whole_app: bool) -> None:
    """For the stack, as README shows it, or for the app."""
    if whole_app and not remembers_acknowledgments_of_apps():
        pytest.skip("this release of CDK forgets it")
    app = App()
    stack = Stack(app, "Parts")
    model(stack, ARN, idle=True)
    model(stack, OTHER, name="Other")
    notes = Notes.of(app if whole_app else stack)
    notes.acknowledge_warning("rekognition-running-model:shared-calls")
    assert said(stack) == []
