"""What must be left of a model's resource at the end of the synth, and what is said of what may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jsii
from aws_cdk import CfnDeletionPolicy, CfnResource, IStableAnyProducer, Lazy, Token
from constructs import Construct, IConstruct

from rekognition_running_model._as_declared import check_properties
from rekognition_running_model._declared import USD_PER_UNIT_DAY
from rekognition_running_model._final import Written
from rekognition_running_model._said import warn
from running_model_handler.core.names import RESOURCE_TYPE, Property

_POLICIES: Final = {
    CfnDeletionPolicy.DELETE: "Delete",
    # A create that is rolled back leaves no model running.
    CfnDeletionPolicy.RETAIN: "RetainExceptOnCreate",
    CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE: "RetainExceptOnCreate",
    CfnDeletionPolicy.SNAPSHOT: "Snapshot",
}


def stop_what_nobody_names(resource: CfnResource) -> None:
    """Give removal policies the meaning that they have for a model, whoever sets them and whenever.

    RETAIN keeps no model of a create that was rolled back, and none that was replaced: nothing refers to it
    any more, and it would bill until somebody looks. An override of the app's own still wins.
    """
    resource.add_override("UpdateReplacePolicy", "Delete")
    resource.add_override("DeletionPolicy", Lazy.any(_DeletionPolicy(resource)))


@jsii.implements(IStableAnyProducer)
class _DeletionPolicy:
    """Decided when the template is written, since aspects come late."""

    def __init__(self, resource: CfnResource) -> None:
        self._resource = resource

    def produce(self) -> str:
        policy = self._resource.cfn_options.deletion_policy
        return _POLICIES[policy] if policy else "Delete"


def check_model(
    model: Construct,
    resource: CfnResource,
    written: Written,
    *,
    service_token: str,
    needs: Sequence[IConstruct],
    units: int,
    declared: Mapping[str, Any],
    guarded: bool,
) -> list[str]:
    """What is wrong with a model's resource as it is written; warns of one that goes on billing."""
    found = written.resource(resource)
    if found is None:
        return []
    _warn_of_what_stays(model, found, units)
    needs = [written.l1(need) for need in needs]
    return [
        *_replaced(found, written.resolved(service_token)),
        *check_properties(model, found, written, declared, guarded=guarded),
        *_impossible_policies(found),
        *_removed(needs, written),
        *_missing_dependencies(found, needs, written),
    ]


def _replaced(written: Mapping[str, Any], service_token: Any) -> list[str]:
    """What no override may replace."""
    properties = written.get("Properties", {})
    return [
        f"{name} must be {wanted}, got {found}: {why}; take the override away"
        for name, found, wanted, why in (
            ("Type", written.get("Type"), RESOURCE_TYPE, "it can never change for a deployed resource"),
            (
                Property.SERVICE_TOKEN,
                properties.get(Property.SERVICE_TOKEN),
                service_token,
                "it is the function that answers; give another one as provider",
            ),
        )
        if found != wanted
    ]


def _impossible_policies(written: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} must be Delete or Retain, got Snapshot: there is nothing to take one of; for example "
        f'RemovalPolicies.of(app).snapshot(exclude_resource_types=["{RESOURCE_TYPE}"])'
        for name in ("DeletionPolicy", "UpdateReplacePolicy")
        if written.get(name) == "Snapshot"
    ]


def _removed(needs: Iterable[IConstruct], written: Written) -> list[str]:
    return [
        f"{need.node.path} must stay, but something has removed it: the function could neither start nor "
        "stop the model; leave it out of the aspect that removes it"
        for need in needs
        if not written.is_there(need)
    ]


def _missing_dependencies(
    found: Mapping[str, Any], needs: Iterable[IConstruct], written: Written
) -> list[str]:
    """The resource has to wait for what the function needs, and to go before it goes."""
    waits_for = found.get("DependsOn", [])
    named = [waits_for] if isinstance(waits_for, str) else waits_for
    return [
        f"DependsOn must name {written.logical_id(need)}, got {named}: without it the function could neither "
        "start nor stop the model; take the override away"
        for need in needs
        if written.resource(need) is not None and written.logical_id(need) not in named
    ]


def _warn_of_what_stays(model: Construct, written: Mapping[str, Any], units: int) -> None:
    when = [
        said
        for name, said in {
            "DeletionPolicy": "when this resource is gone",
            "UpdateReplacePolicy": "when another one has replaced it",
        }.items()
        if str(written.get(name)).startswith("Retain")
    ]
    if not when:
        return
    cost = (
        f"about {USD_PER_UNIT_DAY} USD a day for each inference unit"
        if Token.is_unresolved(units)
        else f"about {int(units) * USD_PER_UNIT_DAY} USD a day"
    )
    warn(
        model,
        "retained",
        f"the model goes on running, and billing {cost}, {' and '.join(when)}; stop it by hand then "
        "(aws rekognition stop-project-version), or use RemovalPolicy.DESTROY",
    )
