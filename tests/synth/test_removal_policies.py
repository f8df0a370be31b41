"""Removal policies, by all ways on which an app sets them: what is written, and what is said of its price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    CfnDeletionPolicy,
    CfnParameter,
    CfnResource,
    IAspect,
    MissingRemovalPolicies,
    RemovalPolicies,
    RemovalPolicy,
    Stack,
)
from aws_cdk.assertions import Annotations, Match, Template
from constructs import IConstruct
from synth_examples import ARN

from rekognition_running_model import RunningModel
from running_model_handler.core.names import RESOURCE_TYPE

PRICE = "192 USD a day"


def declared(**properties: Any) -> RunningModel:
    """A model of two units in a stack of its own."""
    stack = Stack(App(), "Parts")
    return RunningModel(stack, "Model", project_version_arn=ARN, min_inference_units=2, **properties)


def written(model: RunningModel) -> tuple[str | None, str | None]:
    """The policies of deletion and of replacement in the template."""
    (found,) = Template.from_stack(Stack.of(model)).find_resources(RESOURCE_TYPE).values()
    return found.get("DeletionPolicy"), found.get("UpdateReplacePolicy")


def warnings(model: RunningModel, words: str = "") -> int:
    """How often it is said that the model goes on billing."""
    found = Annotations.from_stack(Stack.of(model)).find_warning(
        "/Parts/Model", Match.string_like_regexp(f"{words}.*rekognition-running-model:retained")
    )
    return len(found)


@jsii.implements(IAspect)
class RetainsEverything:
    """What a platform team writes: all resources stay."""

    def visit(self, node: IConstruct) -> None:
        """The L1 of each resource."""
        if isinstance(node, CfnResource):
            node.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
            node.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN


def _child(model: RunningModel) -> CfnResource:
    child = model.node.default_child
    assert isinstance(child, CfnResource)
    return child


def _app(model: RunningModel) -> IConstruct:
    return model.node.root


WAYS: dict[str, Callable[[RunningModel], object]] = {
    "RemovalPolicies.of(app).retain()": lambda model: RemovalPolicies.of(_app(model)).retain(),
    "RemovalPolicies.of(app).retain_on_update_or_delete()": lambda model: RemovalPolicies.of(
        _app(model)
    ).retain_on_update_or_delete(),
    "model.apply_removal_policy": lambda model: model.apply_removal_policy(RemovalPolicy.RETAIN),
    "default_child.apply_removal_policy": lambda model: _child(model).apply_removal_policy(
        RemovalPolicy.RETAIN
    ),
    "default_child.cfn_options": lambda model: setattr(
        _child(model).cfn_options, "deletion_policy", CfnDeletionPolicy.RETAIN
    ),
    "an aspect": lambda model: Aspects.of(_app(model)).add(RetainsEverything()),
}


@pytest.mark.parametrize("way", WAYS)
def test_retain_is_written_and_said_whoever_sets_it(way: str) -> None:
    """The model stays with its price said, no rolled-back create does, and a replaced model stops."""
    model = declared()
    WAYS[way](model)
    assert written(model) == ("RetainExceptOnCreate", "Delete")
    assert warnings(model, f"{PRICE}, when this resource is gone") == 1


def test_an_override_wins_and_is_said() -> None:
    """An escape hatch is the last word, also for a model that was replaced."""
    model = declared()
    _child(model).add_override("DeletionPolicy", "Retain")
    _child(model).add_override("UpdateReplacePolicy", "Retain")
    assert written(model) == ("Retain", "Retain")
    assert warnings(model, f"{PRICE}, when this resource is gone and when another one has replaced it") == 1


def test_destroy_takes_retain_back() -> None:
    """The last one to set it decides, as everywhere in CDK, and nothing is said of a price."""
    model = declared(removal_policy=RemovalPolicy.RETAIN)
    RemovalPolicies.of(_app(model)).destroy()
    assert written(model) == ("Delete", "Delete")
    assert warnings(model) == 0


def test_policies_for_those_that_have_none_leave_a_model_alone() -> None:
    """It has one: DESTROY."""
    model = declared()
    MissingRemovalPolicies.of(_app(model)).retain()
    assert written(model) == ("Delete", "Delete")


def test_a_deletion_override_leaves_cloudformations_default() -> None:
    """Without a policy CloudFormation deletes."""
    model = declared()
    _child(model).add_deletion_override("DeletionPolicy")
    assert written(model) == (None, "Delete")
    assert warnings(model) == 0


def test_a_price_of_units_that_are_not_known_is_for_each() -> None:
    """A token has no number at synth."""
    stack = Stack(App(), "Parts")
    units = CfnParameter(stack, "Units", type="Number").value_as_number
    model = RunningModel(stack, "Model", project_version_arn=ARN, min_inference_units=units)  # type: ignore[arg-type]
    model.apply_removal_policy(RemovalPolicy.RETAIN)
    assert warnings(model, "96 USD a day for each inference unit") == 1


def test_fails_when_a_snapshot_is_asked_for() -> None:
    """CloudFormation would refuse it; the message says how to leave models out."""
    model = declared()
    RemovalPolicies.of(_app(model)).snapshot()
    with pytest.raises(RuntimeError, match=r"Parts/Model: DeletionPolicy must be.*exclude_resource_types"):
        written(model)


def test_the_way_out_of_a_snapshot_works() -> None:
    """As the message says it."""
    model = declared()
    RemovalPolicies.of(_app(model)).snapshot(exclude_resource_types=[RESOURCE_TYPE])
    assert written(model) == ("Delete", "Delete")


def test_the_warning_can_be_acknowledged() -> None:
    """Somebody who means it hears it no more, although it is said at the end."""
    from aws_cdk import Annotations as Notes

    model = declared(removal_policy=RemovalPolicy.RETAIN)
    Notes.of(Stack.of(model)).acknowledge_warning("rekognition-running-model:retained")
    assert written(model) == ("RetainExceptOnCreate", "Delete")
    assert warnings(model) == 0
