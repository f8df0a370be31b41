"""CloudFormation: custom resources, and which operation a stack takes in which status."""

from __future__ import annotations

import re
from typing import Final, Literal

# Template reference, AWS::CloudFormation::CustomResource

CUSTOM_RESOURCE: Final = "AWS::CloudFormation::CustomResource"
CUSTOM_TYPE_PREFIX: Final = "Custom::"
CUSTOM_TYPE_CHARACTERS_MAX: Final = 60
"""The prefix counts (aws-cdk PR 22118)."""
CUSTOM_TYPE_NAME: Final = re.compile(r"Custom::[A-Za-z0-9_@-]+")
SERVICE_TIMEOUT_SECONDS_MIN: Final = 1
SERVICE_TIMEOUT_SECONDS_MAX: Final = 3600
SERVICE_TIMEOUT_SECONDS_DEFAULT: Final = 3600
TOKEN_CHANGED: Final = "Modifying service token is not allowed."  # noqa: S105
"""As reported (coverage-roadmap 802, aws-pdk PR 505); the reference says that updates are not supported."""

# CloudFormation guide, custom resource request and response objects (crpg-ref)

REQUEST_FIELDS: Final = frozenset(
    {
        "RequestType",
        "RequestId",
        "StackId",
        "ResponseURL",
        "ResourceType",
        "LogicalResourceId",
        "ResourceProperties",
    }
)
"""Of every request. ServiceToken comes too (Lambda guide, services-cloudformation)."""
MORE_REQUEST_FIELDS: Final = {
    "Create": frozenset[str](),
    "Update": frozenset({"PhysicalResourceId", "OldResourceProperties"}),
    "Delete": frozenset({"PhysicalResourceId"}),
}
"""By the type of the request."""
ANSWER_STATUSES: Final = frozenset({"SUCCESS", "FAILED"})
ANSWER_BODY_BYTES_MAX: Final = 4096
PHYSICAL_ID_BYTES_MAX: Final = 1024
RESPONSE_URL_METHOD: Final = "PUT"
RESPONSE_URL_SECONDS: Final = 7199
"""X-Amz-Expires of a captured event."""

# Operations

CLEAN_UP_DELETE_TRIES: Final = 3
"""How often the clean-up after an update tries a Delete (guide, troubleshooting, "Resource removed from stack
but not deleted")."""
CREATION_CANCELLED: Final = "Resource creation cancelled"
"""The reason of what another resource's failure has cut off (coverage-roadmap 1730)."""

PAUSED: Final = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""Statuses in which a failed operation without a roll-back leaves a stack (guide, stack-failure-options)."""
UPDATABLE: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
"""Statuses in which a stack takes an update that is rolled back; in the paused ones it takes one that is not
(aws-cli 6368, amazon.aws 1655)."""
NOT_DELETABLE: Final = frozenset(
    {
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    }
)
"""Statuses in which DeleteStack is refused ("cannot be deleted while in status …", as reported)."""
CANCELLABLE: Final = frozenset({"UPDATE_IN_PROGRESS"})
"""Guide, using-cfn-stack-update-cancel."""
CONTINUABLE: Final = frozenset({"UPDATE_ROLLBACK_FAILED"})
"""Where ContinueUpdateRollback is taken (guide, using-cfn-updating-stacks-continueupdaterollback)."""
RETAINING: Final = frozenset({"Retain", "RetainExceptOnCreate"})
"""Deletion policies under which no Delete is sent (template reference, DeletionPolicy); the second deletes
what the create that fails has made."""

# Left open: no page tells it. What both worlds do until a switch is turned; local_aws.switches tells more

RolledBackReplacement = Literal["update", "restore"]
FailedUpdateNext = Literal["stable_first", "single"]
ReplacementWithoutRollback = Literal["accepted", "refused"]
OthersWithoutRollback = Literal["end", "cancelled"]
RemovedResources = Literal["forgotten", "shown"]
InventedIds = Literal["shown", "hidden"]
RollBackShows = Literal["stable", "failed"]
LateAnswers = Literal["ignored", "named"]

ROLLED_BACK_REPLACEMENT: Final[RolledBackReplacement] = "update"
FAILED_UPDATE_NEXT: Final[FailedUpdateNext] = "stable_first"
REPLACEMENT_WITHOUT_ROLLBACK: Final[ReplacementWithoutRollback] = "accepted"
OTHERS_WITHOUT_ROLLBACK: Final[OthersWithoutRollback] = "end"
REMOVED_RESOURCES: Final[RemovedResources] = "forgotten"
INVENTED_IDS: Final[InventedIds] = "shown"
ROLL_BACK_SHOWS: Final[RollBackShows] = "stable"
LATE_ANSWERS: Final[LateAnswers] = "ignored"
