"""Which operation CloudFormation takes in which state of a stack, and in whose words it refuses.

- One operation at a time: MiniStack takes a change set while another update runs.
- A stack that failed without a roll-back takes updates that are not rolled back either (aws-cli 6368,
  amazon.aws 1655, aws-cdk 30546); MiniStack takes no UpdateStack, and any change set.
- After a failure in express mode only express operations go on, and RollbackStack does not (aws-cdk-cli
  1739).
- ContinueUpdateRollback takes an empty list of resources to skip, as the CDK CLI sends it, and
  ForceRollback, which it sends for ``cdk rollback --force``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.corrections import deployment_mode, ministack
from local_aws.corrections.change_sets import named, take_outputs_for_changes
from local_aws.corrections.deployment_mode import DeploymentMode
from local_aws.corrections.operations import Operations
from local_aws.platform.cloudformation import PAUSED, UPDATABLE

Answer = tuple[int, dict[str, str], bytes]
Parameters = dict[str, Any]
Action = Callable[[Parameters], Answer]

_NOT_UPDATABLE = "Stack:{stack_id} is in {status} state and can not be updated."
_NON_TERMINAL = (
    "This stack is currently in a non-terminal [{status}] state. To update the stack from this state, please "
    "use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use "
    "the rollback-stack API"
)
_EXPRESS_ONLY = (
    "This stack is in a {status} state from a previous operation that used EXPRESS deployment mode with "
    "disable-rollback. Follow-up operations must use the same DeploymentConfig (mode=EXPRESS) until the "
    "stack reaches a *_COMPLETE state."
)
_NO_EXPRESS_ROLLBACK = (
    "RollbackStack is not supported for stacks that were last updated using EXPRESS deployment mode and are "
    "in a failed state"
)
_WITH_A_MODE = ("CreateStack", "UpdateStack", "CreateChangeSet", "DeleteStack")
_CHANGE_SET_ID = re.compile(r"<ChangeSetId>[^<]*</ChangeSetId>")
_STACK_ID = re.compile(r"<StackId>([^<]*)</StackId>")


def refusal(record: Mapping[str, Any], mode: DeploymentMode, rolls_back: bool) -> str | None:
    """Why a stack takes no update of this kind now; None if it does. Pure."""
    status, stack_id = str(record["StackStatus"]), record["StackId"]
    if status in UPDATABLE:
        return None
    if status not in PAUSED:
        return _NOT_UPDATABLE.format(stack_id=stack_id, status=status)
    if deployment_mode.of(record).name == deployment_mode.EXPRESS != mode.name:
        return _EXPRESS_ONLY.format(status=status)
    return _NON_TERMINAL.format(status=status) if rolls_back else None


def install(operations: Operations) -> None:
    """Puts the corrected actions in place."""
    actions: dict[str, Action] = ministack.handlers._ACTION_HANDLERS
    actions["CreateStack"] = _creating(actions["CreateStack"])
    actions["UpdateStack"] = _updating(actions["UpdateStack"])
    actions["CreateChangeSet"] = _creating_change_set(actions["CreateChangeSet"])
    actions["ExecuteChangeSet"] = _executing(actions["ExecuteChangeSet"])
    actions["DeleteStack"] = _deleting(actions["DeleteStack"])
    actions["RollbackStack"] = _rolling_back(actions["RollbackStack"])
    actions["ContinueUpdateRollback"] = _continuing(actions["ContinueUpdateRollback"], operations)
    actions["DescribeStacks"] = _showing_stacks(actions["DescribeStacks"])
    actions["DescribeChangeSet"] = _showing_change_set(actions["DescribeChangeSet"])
    for name in _WITH_A_MODE:
        actions[name] = _in_a_known_mode(actions[name])
    has_no_updates = ministack.handlers._stack_has_no_updates

    def without_the_failed(stack: Mapping[str, Any], *arguments: Any) -> bool:
        """What failed is to be tried again, whatever the template."""
        return not stack.get("_paused") and bool(has_no_updates(stack, *arguments))

    ministack.handlers._stack_has_no_updates = without_the_failed


def _in_a_known_mode(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        wrong = deployment_mode.problems(parameters)
        if wrong:
            return _invalid(f"{len(wrong)} validation error detected: {'; '.join(wrong)}")
        return action(parameters)

    return corrected


def _invalid(message: str) -> Answer:
    refused: Answer = ministack.helpers._error("ValidationError", message)
    return refused


def _stack(parameters: Parameters) -> dict[str, Any] | None:
    """The stack that a request names, None if there is none."""
    record: dict[str, Any] | None = ministack.handlers._resolve_stack(
        ministack.helpers._p(parameters, "StackName")
    )
    return None if record is None or record["StackStatus"] == "DELETE_COMPLETE" else record


def _creating(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        mode = deployment_mode.asked_for(parameters)
        if mode.disables_rollback and not {"DisableRollback", "OnFailure"} & parameters.keys():
            parameters = {**parameters, "DisableRollback": ["true"]}
        answer = action(parameters)
        record = _stack(parameters)
        if answer[0] == 200 and record is not None:
            deployment_mode.note(record, mode)
        return answer

    return corrected


def _updating(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        record, mode = _stack(parameters), deployment_mode.asked_for(parameters)
        if record is None:
            return action(parameters)
        disabled = deployment_mode.disables_rollback(parameters, mode)
        refused = refusal(record, mode, rolls_back=not disabled)
        if refused is not None:
            return _invalid(refused)
        if disabled:
            parameters = {**parameters, "DisableRollback": ["true"]}
        paused = record["StackStatus"] in PAUSED
        answer = _as_if_complete(action, parameters, record) if paused else action(parameters)
        if answer[0] == 200:
            deployment_mode.note(record, mode)
        return answer

    return corrected


def _as_if_complete(action: Action, parameters: Parameters, record: dict[str, Any]) -> Answer:
    """MiniStack takes an update in complete states alone; it reads the status first, and sets it last."""
    status = record["StackStatus"]
    record["StackStatus"], record["_paused"] = "UPDATE_COMPLETE", True
    try:
        answer = action(parameters)
    finally:
        record.pop("_paused")
    if answer[0] != 200:
        record["StackStatus"] = status
    return answer


def _creating_change_set(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        record, mode = _stack(parameters), deployment_mode.asked_for(parameters)
        kind = ministack.helpers._p(parameters, "ChangeSetType", "UPDATE")
        if record is not None and kind == "UPDATE":
            refused = refusal(record, mode, rolls_back=False)
            if refused is not None:
                return _invalid(refused)
        answer = action(parameters)
        if answer[0] == 200:
            change_set = named(parameters)
            change_set["_mode"] = mode
            take_outputs_for_changes(change_set)
        return answer

    return corrected


def _executing(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        change_set = named(parameters)
        record = ministack.handlers._resolve_stack(change_set.get("StackId"))
        mode = change_set.get("_mode", DeploymentMode())
        if record is None or change_set.get("ExecutionStatus") != "AVAILABLE":
            return action(parameters)
        disabled = (
            change_set["OnStackFailure"] == "DO_NOTHING"
            if change_set.get("OnStackFailure")
            else deployment_mode.disables_rollback(parameters, mode)
        )
        if record["StackStatus"] != "REVIEW_IN_PROGRESS":
            refused = refusal(record, mode, rolls_back=not disabled)
            if refused is not None:
                return _invalid(refused)
        if disabled and not change_set.get("OnStackFailure"):
            parameters = {**parameters, "DisableRollback": ["true"]}
        answer = action(parameters)
        if answer[0] == 200:
            deployment_mode.note(record, mode)
        return answer

    return corrected


def _deleting(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        record = _stack(parameters)
        answer = action(parameters)
        if answer[0] == 200 and record is not None:
            deployment_mode.note(record, deployment_mode.asked_for(parameters))
        return answer

    return corrected


def _rolling_back(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        record = _stack(parameters)
        if (
            record is not None
            and record["StackStatus"] in PAUSED
            and deployment_mode.of(record).name == deployment_mode.EXPRESS
        ):
            return _invalid(_NO_EXPRESS_ROLLBACK)
        return action(parameters)

    return corrected


def _continuing(action: Action, operations: Operations) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        if parameters.get("ResourcesToSkip") == [""]:
            parameters = {name: value for name, value in parameters.items() if name != "ResourcesToSkip"}
        record = _stack(parameters)
        answer = action(parameters)
        if record is not None and answer[0] == 200:
            # At once: a caller who looks now must not take the old status for the new outcome.
            record["StackStatus"] = "UPDATE_ROLLBACK_IN_PROGRESS"
            if ministack.helpers._p(parameters, "ForceRollback").lower() == "true":
                operations.force_roll_back(record["StackId"])
        return answer

    return corrected


def _showing_stacks(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        status, headers, body = action(parameters)

        def add(found: re.Match[str]) -> str:
            record = ministack.handlers._resolve_stack(found[1])
            return found[0] + (deployment_mode.of(record).xml() if record is not None else "")

        return status, headers, _STACK_ID.sub(add, body.decode()).encode()

    return corrected


def _showing_change_set(action: Action) -> Action:
    def corrected(parameters: Parameters) -> Answer:
        status, headers, body = action(parameters)
        shown = named(parameters).get("_mode", DeploymentMode()).xml()
        return status, headers, _CHANGE_SET_ID.sub(lambda found: found[0] + shown, body.decode()).encode()

    return corrected
