"""Who may do what: MiniStack's IAM for the Rekognition that runs beside it, a note of every call, and delay.

MiniStack enforces policies on its own services alone, and at once. IAM is eventually consistent: a policy
counts some time after it was put (IAM guide, troubleshoot_general "Changes that I make are not always
immediately visible").
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.recorder import Recorder
from local_aws.switches import Switches


@dataclass
class _Role:
    """A role's policies: those that MiniStack has, and the former ones until the change counts."""

    present: Any
    former: Any = None
    changed_at: float = field(default=float("-inf"))


class Access:
    """Takes part in every decision of MiniStack's IAM."""

    def __init__(self, recorder: Recorder, switches: Switches) -> None:
        self._recorder = recorder
        self._switches = switches
        self._roles: dict[tuple[str, str], _Role] = {}
        self._caller: ContextVar[str] = ContextVar("local_aws_caller", default="")

    def install(self) -> None:
        """Puts itself between MiniStack and its evaluator."""
        evaluator = ministack.iam_evaluator
        enforce, gather = evaluator.enforce, evaluator._gather_role_policies

        def noted(access_key_id: str, iam_action: str, *arguments: Any, **named: Any) -> Any:
            self._caller.set(access_key_id)
            denied = enforce(access_key_id, iam_action, *arguments, **named)
            resource = named.get("resource_arn", "*")
            keys = _condition_keys(named.get("service_context") or {})
            self._note(access_key_id, iam_action, resource, denied is None, keys)
            return denied

        def delayed(role_name: str, account_id: str) -> Any:
            policies = gather(role_name, account_id)
            role = self._roles.get((account_id, role_name))
            if role is None or time.monotonic() - role.changed_at >= self._switches.iam_propagation_seconds:
                return policies
            return role.former

        evaluator.enforce = noted
        evaluator._gather_role_policies = delayed
        self._gather = gather

    def caller_is_root(self) -> bool:
        """Whether the account itself has sent the request that is being answered, or nobody is known to."""
        caller = self._caller.get()
        return not caller or bool(ministack.iam_evaluator.is_root_access_key(caller))

    def note_roles(self) -> None:
        """To be called around every change of IAM resources by a stack: remembers what changed, and when."""
        account = ministack.responses.get_account_id()
        for name in list(ministack.iam._roles):
            policies = self._gather(name, account)
            role = self._roles.get((account, name))
            if role is None:
                self._roles[account, name] = _Role(policies, [], time.monotonic())
            elif role.present != policies:
                self._roles[account, name] = _Role(policies, role.present, time.monotonic())

    def authorize(self, question: Mapping[str, Any]) -> str | None:
        """Decides on a call to a service beside MiniStack. None if allowed, else what AWS says to the caller.

        ``question`` holds access_key_id, session_token, action, resource and context, the condition keys with
        their values; "aws:TagKeys" is a list or one string with commas.
        """
        evaluator = ministack.iam_evaluator
        key, action, resource = (
            str(question["access_key_id"]),
            str(question["action"]),
            str(question["resource"]),
        )
        ministack.responses.set_request_account_id(key)
        account = ministack.responses.get_account_id()
        credential = evaluator.resolve_credential(key, account, str(question.get("session_token") or ""))
        if isinstance(credential, evaluator.CredentialResolutionError):
            return str(credential.message)
        principal = evaluator.resolve_principal(key, account, credential)
        if isinstance(principal, evaluator.AuthError):
            return str(principal.message)
        if principal.policies is None:
            return None
        keys = _condition_keys(question.get("context") or {})
        result = _decision(principal, action, resource, keys)
        allowed = result.decision == "Allow"
        self._recorder.add_api_call(principal.arn, action, resource, allowed, keys)
        return None if allowed else _denial(principal.arn, action, resource, result)

    def _note(
        self, access_key_id: str, action: str, resource: str, allowed: bool, keys: Mapping[str, Any]
    ) -> None:
        session = ministack.sts._sessions.get(access_key_id)
        if session is not None:
            principal = str(session.get("Arn", access_key_id))
        elif ministack.iam_evaluator.is_root_access_key(access_key_id):
            return
        else:
            principal = access_key_id
        self._recorder.add_api_call(principal, action, resource, allowed, keys)


def _decision(principal: Any, action: str, resource: str, keys: Mapping[str, Any]) -> Any:
    evaluator = ministack.iam_evaluator
    asked = evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=ministack.responses.get_region(),
        service_context=_as_evaluated(keys),
        principal_keys=principal.keys,
    )
    result = evaluator.evaluate(asked, principal.policies, *principal.limits)
    own = evaluator._resource_policy(action.partition(":")[0], resource)
    if own is None:
        return result
    # Of the bucket in which a picture lies: Rekognition reads it as the caller would.
    return evaluator.combine_resource_policy(result, asked, *own, limits=principal.limits)


def _condition_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of a call as a policy spells them, aws:TagKeys as a list."""
    return {
        name: value.split(",") if name.lower() == "aws:tagkeys" and isinstance(value, str) else value
        for name, value in given.items()
    }


def _as_evaluated(keys: Mapping[str, Any]) -> dict[str, Any]:
    """As the evaluator wants them: names in small letters, aws:TagKeys a list or None."""
    return {"aws:tagkeys": None} | {name.lower(): value for name, value in keys.items()}


def _denial(principal: str, action: str, resource: str, result: Any) -> str:
    kind = "a resource" if result.resource_policy_arn else "an identity"
    why = (
        f"with an explicit deny in {kind}-based policy"
        if result.decision == "Deny"
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"
