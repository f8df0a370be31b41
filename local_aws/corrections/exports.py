"""Exports that other stacks import: in use, they can be neither changed nor deleted.

CloudFormation's guide (using-cfn-stack-exports) has both rules, and that the name of an export is unique in a
Region. MiniStack keeps them for the deletion of a stack alone, and refuses that in the API call. As reported
by users, the outputs come after the resources, so an update fails when everything else is done; and a
deletion is accepted, then given up, with the stack in the status that it had (aws-cdk 604, rlister/stax 40,
USSBA/aws-cft-tools 27).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.declared import imports_of
from local_aws.corrections.definitions import Definitions
from local_aws.corrections.stack_record import StackRecord

Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Answer]
Export = Mapping[str, Any]

_GONE = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})


def install() -> None:
    """Puts the corrected action, and what it asks, in place."""
    actions: dict[str, Action] = ministack.handlers._ACTION_HANDLERS
    actions["DeleteStack"] = _giving_up(actions["DeleteStack"])
    # DeleteStack's own check never finds anything after ours; ListImports asks it too.
    ministack.handlers._imported_export_names = lambda record, _: imported_by(StackRecord(record))


def imported_by(stack: StackRecord) -> set[str]:
    """The names of the exports that a stack holds: by its resources as they are, and by its outputs."""
    names = {name for resource in stack.resources.values() for name in imports_of(resource)}
    if not stack.record.get("Outputs"):
        return names
    definitions = Definitions(stack.record.get("_template") or {}, stack.record.get("_resolved_params") or {})
    return names | definitions.imports_of(definitions.template.get("Outputs"), stack)


def publish(stack: StackRecord, wanted: Mapping[str, Export]) -> None:
    """Makes ``wanted`` the exports of a stack. Raises ValueError with CloudFormation's words, and changes
    nothing, if one of another stack has its name, or one in use would change or go."""
    known: dict[str, Export] = ministack.cloudformation._exports
    for name, export in wanted.items():
        if known.get(name, export)["StackId"] != stack.id:
            other = known[name]["StackId"].split("/")[1]
            raise ValueError(f"Export with name {name} is already exported by stack {other}.")
    for name, export in _of(stack.id).items():
        if name not in wanted:
            _refuse_in_use("Delete canceled. Cannot delete", name, stack.id)
        elif wanted[name]["Value"] != export["Value"]:
            _refuse_in_use("Update canceled. Cannot update", name, stack.id)
    withdraw(stack.id)
    known.update(wanted)


def bring_back(stack: StackRecord) -> None:
    """Makes the exports those of the stack's outputs again: its roll-back has brought these back."""
    withdraw(stack.id)
    for output in stack.record.get("Outputs") or []:
        if output.get("ExportName"):
            name, value = output["ExportName"], output["OutputValue"]
            export = {"StackId": stack.id, "Name": name, "Value": value}
            ministack.cloudformation._exports[name] = export


def withdraw(stack_id: str) -> None:
    """A stack exports nothing any more."""
    for name in _of(stack_id):
        ministack.cloudformation._exports.pop(name)


def why_kept(stack_id: str) -> str:
    """Why a stack cannot be deleted now; empty if it can."""
    try:
        for name in _of(stack_id):
            _refuse_in_use("Delete canceled. Cannot delete", name, stack_id)
    except ValueError as error:
        return str(error)
    return ""


def _of(stack_id: str) -> dict[str, Export]:
    known = ministack.cloudformation._exports
    return {name: export for name, export in known.items() if export.get("StackId") == stack_id}


def _refuse_in_use(refusal: str, name: str, exporter_id: str) -> None:
    importers = sorted(set(_importers_of(name, exporter_id)))
    if importers:
        raise ValueError(f"{refusal} export {name} as it is in use by {' and '.join(importers)}.")


def _importers_of(name: str, exporter_id: str) -> Iterable[str]:
    for record in ministack.cloudformation._stacks.values():
        if record["StackId"] == exporter_id or record["StackStatus"] in _GONE:
            continue
        stack = StackRecord(record)
        if name in imported_by(stack):
            yield stack.name


def _giving_up(action: Action) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
        if record is None or record["StackStatus"] in _GONE or record.get("EnableTerminationProtection"):
            return action(parameters)
        why = why_kept(record["StackId"])
        if not why:
            return action(parameters)
        stack = StackRecord(record)
        stack.set_status(stack.status, why)
        accepted: Answer = ministack.helpers._xml(200, "DeleteStackResponse", "")
        return accepted

    return corrected
