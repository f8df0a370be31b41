"""What must be left of a model's resource at the end of the synth, and what is said of what may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jsii
from aws_cdk import CfnDeletionPolicy, CfnResource, IStableAnyProducer, Lazy, Stack, Token
from constructs import Construct, IConstruct

from rekognition_running_model._final import Resources, is_in_the_tree, logical_id
from rekognition_running_model._said import warn
from running_model_handler.core.names import RESOURCE_TYPE, Property
from running_model_handler.core.waiting import SERVICE_TIMEOUT_SECONDS

_USD_PER_UNIT_DAY: Final = 4 * 24
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
    resources: Resources,
    *,
    service_token: str,
    needs: Sequence[IConstruct],
    units: int,
) -> list[str]:
    """What is wrong with a model's resource as it is written; warns of one that goes on billing."""
    written = resources.get(logical_id(resource))
    if written is None:
        return []
    _warn_of_what_stays(model, written, units)
    return [
        *_replaced(written, Stack.of(resource).resolve(service_token)),
        *_impossible_policies(written),
        *_removed(needs),
        *_missing_dependencies(
            written, resources, [need for need in needs if Stack.of(need) is Stack.of(resource)]
        ),
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
            (
                Property.SERVICE_TIMEOUT,
                properties.get(Property.SERVICE_TIMEOUT),
                str(SERVICE_TIMEOUT_SECONDS),
                "the function counts on the whole hour; a start has its own limit, timeout",
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


def _removed(needs: Iterable[IConstruct]) -> list[str]:
    return [
        f"{need.node.path} must stay, but something has removed it: the function could neither start nor "
        "stop the model; leave it out of the aspect that removes it"
        for need in needs
        if not is_in_the_tree(need)
        or (need.node.default_child and not is_in_the_tree(need.node.default_child))
    ]


def _missing_dependencies(
    written: Mapping[str, Any], resources: Resources, needs: Iterable[IConstruct]
) -> list[str]:
    """The resource has to wait for what the function needs, and to go before it goes."""
    waits_for = written.get("DependsOn", [])
    named = [waits_for] if isinstance(waits_for, str) else waits_for
    ours = (need.node.default_child for need in needs)
    return [
        f"DependsOn must name {one}, got {named}: without it the function could neither start nor stop the "
        "model; take the override away"
        for one in (logical_id(resource) for resource in ours if resource)
        if one in resources and one not in named
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
        f"about {_USD_PER_UNIT_DAY} USD a day for each inference unit"
        if Token.is_unresolved(units)
        else f"about {int(units) * _USD_PER_UNIT_DAY} USD a day"
    )
    warn(
        model,
        "retained",
        f"the model goes on running, and billing {cost}, {' and '.join(when)}; stop it by hand then "
        "(aws rekognition stop-project-version), or use RemovalPolicy.DESTROY",
    )
