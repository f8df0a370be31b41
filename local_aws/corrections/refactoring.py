"""Stack refactoring, which MiniStack does not know: moving resources between stacks without a request.

CloudFormation's guide (stack-refactoring) names AWS::CloudFormation::CustomResource among the types that
cannot be moved; it does not name Custom:: types, which are the same type under a name of one's own, so they
are refused here as well. The embedded AWS moves no other types either, and says so. As on AWS
(CreateStackRefactor, aws-cli 9297) the call succeeds, and DescribeStackRefactor tells what is wrong, with the
statuses CREATE_FAILED and UNAVAILABLE. The words of the reasons are ours.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.definitions import type_of
from local_aws.corrections.stack_record import StackRecord, is_custom

Answer = tuple[int, dict[str, str], bytes]
Parameters = dict[str, Any]


@dataclass(frozen=True)
class _Refactor:
    """A refactor that was asked for; none is ever ready to be executed."""

    description: str
    stack_ids: tuple[str, ...]
    reason: str

    def xml(self, refactor_id: str) -> str:
        """As both descriptions show it."""
        escaped = ministack.helpers._esc
        return (
            f"<StackRefactorId>{refactor_id}</StackRefactorId>"
            f"<Description>{escaped(self.description)}</Description>"
            "<Status>CREATE_FAILED</Status><ExecutionStatus>UNAVAILABLE</ExecutionStatus>"
            f"<StatusReason>{escaped(self.reason)}</StatusReason>"
        )


class Refactoring:
    """The refactors that were asked for, and the actions on them."""

    def __init__(self) -> None:
        self._known: dict[str, _Refactor] = {}

    def install(self) -> None:
        """Adds the actions."""
        ministack.handlers._ACTION_HANDLERS.update(
            {
                "CreateStackRefactor": self.create,
                "DescribeStackRefactor": self.describe,
                "ExecuteStackRefactor": self.execute,
                "ListStackRefactors": self.list,
                "ListStackRefactorActions": self.list_actions,
            }
        )

    def create(self, parameters: Parameters) -> Answer:
        """CreateStackRefactor."""
        if not _text(parameters, "StackDefinitions.member.1.StackName"):
            return _refused("ValidationError", "StackDefinitions must name at least one stack")
        refactor_id = str(uuid.uuid4())
        stack_ids, moved, reason = _compared(parameters)
        self._known[refactor_id] = _Refactor(
            _text(parameters, "Description"), tuple(stack_ids), reason or _why_not(moved)
        )
        return _answer("CreateStackRefactor", f"<StackRefactorId>{refactor_id}</StackRefactorId>")

    def describe(self, parameters: Parameters) -> Answer:
        """DescribeStackRefactor."""
        refactor_id, found = self._find(parameters)
        if found is None:
            return _not_found(refactor_id)
        members = "".join(
            f"<member>{ministack.helpers._esc(stack_id)}</member>" for stack_id in found.stack_ids
        )
        return _answer("DescribeStackRefactor", f"{found.xml(refactor_id)}<StackIds>{members}</StackIds>")

    def execute(self, parameters: Parameters) -> Answer:
        """ExecuteStackRefactor: there is none that could be."""
        refactor_id, found = self._find(parameters)
        if found is None:
            return _not_found(refactor_id)
        return _refused(
            "ValidationError",
            f"StackRefactor {refactor_id} is UNAVAILABLE and cannot be executed: {found.reason}",
        )

    def list(self, parameters: Parameters) -> Answer:  # noqa: ARG002 - an action takes its parameters
        """ListStackRefactors, all on one page."""
        members = "".join(
            f"<member>{one.xml(refactor_id)}</member>" for refactor_id, one in self._known.items()
        )
        inner = f"<StackRefactorSummaries>{members}</StackRefactorSummaries>"
        return _answer("ListStackRefactors", inner)

    def list_actions(self, parameters: Parameters) -> Answer:
        """ListStackRefactorActions: none, since nothing is going to be done."""
        refactor_id, found = self._find(parameters)
        if found is None:
            return _not_found(refactor_id)
        return _answer("ListStackRefactorActions", "<StackRefactorActions></StackRefactorActions>")

    def _find(self, parameters: Parameters) -> tuple[str, _Refactor | None]:
        refactor_id = _text(parameters, "StackRefactorId")
        return refactor_id, self._known.get(refactor_id)


def _compared(parameters: Parameters) -> tuple[list[str], dict[str, str], str]:
    """The stacks that are named, what would leave or join one, by STACK/LOGICAL_ID, and what is wrong."""
    stack_ids: list[str] = []
    moved: dict[str, str] = {}
    for name, body, url in _definitions(parameters):
        record = ministack.handlers._resolve_stack(name)
        if record is None or record["StackStatus"] == "DELETE_COMPLETE":
            return stack_ids, moved, f"Stack {name} does not exist, and the embedded AWS creates none here."
        stack = StackRecord(record)
        stack_ids.append(stack.id)
        given, refused = ministack.helpers._resolve_template({"TemplateBody": [body], "TemplateURL": [url]})
        if refused is not None or not given:
            return stack_ids, moved, f"The template of stack {name} cannot be read."
        try:
            declared = ministack.engine._parse_template(given).get("Resources") or {}
        except ValueError as error:
            return stack_ids, moved, str(error)
        present = {key: str(one.get("ResourceType", "")) for key, one in stack.resources.items()}
        wanted = {key: type_of(one) for key, one in declared.items()}
        for logical_id in present.keys() ^ wanted.keys():
            moved[f"{stack.name}/{logical_id}"] = (present | wanted)[logical_id]
    return stack_ids, moved, ""


def _definitions(parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    for number in itertools.count(1):
        prefix = f"StackDefinitions.member.{number}."
        name = _text(parameters, f"{prefix}StackName")
        if not name:
            return
        yield name, _text(parameters, f"{prefix}TemplateBody"), _text(parameters, f"{prefix}TemplateURL")


def _why_not(moved: Mapping[str, str]) -> str:
    if not moved:
        return "Nothing is moved: the stacks have the resources that the templates declare."
    custom = sorted(f"{place} ({kind})" for place, kind in moved.items() if is_custom(kind))
    if custom:
        return f"Custom resources are not supported by stack refactoring: {', '.join(custom)}."
    kinds = sorted(set(moved.values()))
    return f"The embedded AWS does not move resources between stacks: {', '.join(kinds)}."


def _text(parameters: Parameters, name: str) -> str:
    return str(ministack.helpers._p(parameters, name))


def _answer(action: str, inner: str) -> Answer:
    made: Answer = ministack.helpers._xml(
        200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>"
    )
    return made


def _refused(code: str, message: str, status: int = 400) -> Answer:
    made: Answer = ministack.helpers._error(code, message, status)
    return made


def _not_found(refactor_id: str) -> Answer:
    return _refused("StackRefactorNotFoundException", f"StackRefactor [{refactor_id}] does not exist", 404)
