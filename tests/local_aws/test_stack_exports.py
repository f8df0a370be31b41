"""Exports that another stack imports can be neither changed nor deleted; their names are unique."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow


def outputs(stacks: StackWorld, value: Any, *, export: str = "word") -> dict[str, Any]:
    """An Outputs section with one export."""
    return {"Outputs": {"Word": {"Value": value, "Export": {"Name": stacks.name(export)}}}}


def imported(stacks: StackWorld, export: str = "word") -> Mapping[str, Any]:
    """What another stack writes for the export."""
    return {"Fn::ImportValue": {"Fn::Sub": stacks.name(export)}}


def exporting(stacks: StackWorld, size: str = "1") -> dict[str, Any]:
    """The one resource of the exporting stack; its attribute is what is exported."""
    answer = {"id": "a", "data": {"Word": f"size {size}"}}
    return {"A": stacks.resource(Size=size, Create=answer, Update=answer)}


def both(stacks: StackWorld) -> tuple[str, str]:
    """A stack that exports and one that imports; their ids."""
    word = {"Fn::GetAtt": ["A", "Word"]}
    exporter = stacks.created(exporting(stacks), name="exporter", sections=outputs(stacks, word))
    importer = stacks.created({"B": stacks.resource(Word=imported(stacks))}, name="importer")
    return exporter, importer


def in_use(stacks: StackWorld, verb: str) -> str:
    """What CloudFormation says."""
    return (
        f"{verb.title()} canceled. Cannot {verb} export {stacks.name('word')} "
        f"as it is in use by {stacks.name('importer')}."
    )


def value(stacks: StackWorld, export: str = "word") -> str | None:
    """The export's value, None if there is none."""
    pages = stacks.cloudformation.get_paginator("list_exports").paginate()
    exports = {one["Name"]: str(one["Value"]) for page in pages for one in page["Exports"]}
    return exports.get(stacks.name(export))


@pytest.mark.parametrize("way", ["update_stack", "change_set"])
def test_an_export_in_use_is_not_changed(stacks: StackWorld, way: str) -> None:
    """When all is done the update finds out, and goes back; the importer keeps what it has."""
    exporter, _ = both(stacks)
    changed, sections = exporting(stacks, "2"), outputs(stacks, {"Fn::GetAtt": ["A", "Word"]})
    if way == "update_stack":
        stacks.update(exporter, changed, sections=sections)
    else:
        stacks.execute(stacks.change_set(exporter, changed, sections=sections))
    assert until("the end", lambda: stacks.settled(exporter)) == "UPDATE_ROLLBACK_COMPLETE"
    assert in_use(stacks, "update") in stacks.told(exporter)
    assert [one.request_type for one in stacks.requests(exporter, "A")] == ["Create", "Update", "Update"]
    assert value(stacks) == "size 1"


@pytest.mark.parametrize("way", ["update_stack", "change_set"])
def test_outputs_alone_are_a_change(stacks: StackWorld, way: str) -> None:
    """An output that another stack is to import is added to a stack of which nothing else changes."""
    resources, sections = exporting(stacks), outputs(stacks, {"Fn::GetAtt": ["A", "Word"]})
    stack_id = stacks.created(resources)
    if way == "update_stack":
        stacks.update(stack_id, resources, sections=sections)
    else:
        change_set = stacks.change_set(stack_id, resources, sections=sections)
        assert (change_set["Status"], change_set["Changes"]) == ("CREATE_COMPLETE", [])
        stacks.execute(change_set)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert value(stacks) == "size 1"
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create"]


def test_a_change_set_of_an_export_in_use_is_taken_back(stacks: StackWorld) -> None:
    """Nothing but its value changes: the change set can be executed, and the update goes back."""
    exporter, _ = both(stacks)
    change_set = stacks.change_set(exporter, exporting(stacks), sections=outputs(stacks, "other"))
    stacks.execute(change_set)
    assert until("the end", lambda: stacks.settled(exporter)) == "UPDATE_ROLLBACK_COMPLETE"
    assert value(stacks) == "size 1"


def test_no_change_at_all_is_no_change_set(stacks: StackWorld) -> None:
    """The same resources and outputs again."""
    exporter, _ = both(stacks)
    sections = outputs(stacks, {"Fn::GetAtt": ["A", "Word"]})
    change_set = stacks.change_set(exporter, exporting(stacks), sections=sections)
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")


def test_an_export_in_use_is_not_removed(stacks: StackWorld) -> None:
    """Nor may an update leave it out; without a roll-back it fails and the export stays."""
    exporter, _ = both(stacks)
    stacks.update(exporter, exporting(stacks, "2"), DisableRollback=True)
    assert until("the end", lambda: stacks.settled(exporter)) == "UPDATE_FAILED"
    assert in_use(stacks, "delete") in stacks.told(exporter)
    assert value(stacks) == "size 1"


@pytest.mark.parametrize("held_by", ["resource", "output", "failed update"])
def test_a_stack_whose_export_is_in_use_is_not_deleted(stacks: StackWorld, held_by: str) -> None:
    """DeleteStack is accepted and given up: the status stays, the reason tells; nothing gets a Delete."""
    exporter = stacks.created({"A": stacks.resource()}, name="exporter", sections=outputs(stacks, "x"))
    plain = {"B": stacks.resource()}
    if held_by == "resource":
        stacks.created({"B": stacks.resource(Word=imported(stacks))}, name="importer")
    elif held_by == "output":
        sections = {"Outputs": {"Same": {"Value": imported(stacks)}}}
        stacks.created(plain, name="importer", sections=sections)
    else:
        importer = stacks.created(plain, name="importer")
        failing = {"B": stacks.resource(Word=imported(stacks), Update={"status": "FAILED"})}
        stacks.update(importer, failing, DisableRollback=True)
        assert until("the end", lambda: stacks.settled(importer)) == "UPDATE_FAILED"
    stacks.delete(exporter)
    assert stacks.stack(exporter)["StackStatusReason"] == in_use(stacks, "delete")
    assert stacks.settled(exporter) == "CREATE_COMPLETE"
    assert [one.request_type for one in stacks.requests(exporter, "A")] == ["Create"]


def test_what_is_imported_no_more_may_change_and_go(stacks: StackWorld) -> None:
    """An update of the importer, or its deletion, gives the export free."""
    exporter, importer = both(stacks)
    branches = {"Fn::If": ["Never", imported(stacks), "own"]}
    never = {"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}}
    stacks.update(importer, {"B": stacks.resource(Word=branches)}, sections=never)
    assert until("the end", lambda: stacks.settled(importer)) == "UPDATE_COMPLETE"
    word = {"Fn::GetAtt": ["A", "Word"]}
    stacks.update(exporter, exporting(stacks, "2"), sections=outputs(stacks, word))
    assert until("the end", lambda: stacks.settled(exporter)) == "UPDATE_COMPLETE"
    assert value(stacks) == "size 2"
    stacks.update(importer, {"B": stacks.resource(Word=imported(stacks))})
    assert until("the end", lambda: stacks.settled(importer)) == "UPDATE_COMPLETE"
    stacks.delete(importer)
    assert until("the end", lambda: stacks.settled(importer)) == "DELETE_COMPLETE"
    stacks.delete(exporter)
    assert until("the end", lambda: stacks.settled(exporter)) == "DELETE_COMPLETE"
    assert value(stacks) is None


def test_a_stack_that_never_came_to_be_holds_nothing(stacks: StackWorld) -> None:
    """An importer whose create was rolled back has no resources and no outputs."""
    exporter = stacks.created({"A": stacks.resource()}, name="exporter", sections=outputs(stacks, "x"))
    failing = {"B": stacks.resource(Word=imported(stacks), Create={"status": "FAILED"})}
    sections = {"Outputs": {"Same": {"Value": imported(stacks)}}}
    importer = stacks.create(failing, name="importer", sections=sections)
    assert stacks.settled(importer) == "ROLLBACK_COMPLETE"
    stacks.delete(exporter)
    assert until("the end", lambda: stacks.settled(exporter)) == "DELETE_COMPLETE"


def test_a_name_is_exported_once(stacks: StackWorld) -> None:
    """A second stack with the same export fails, and the first one's export stays."""
    stacks.created({"A": stacks.resource()}, name="exporter", sections=outputs(stacks, "first"))
    other = stacks.create({"A": stacks.resource()}, name="other", sections=outputs(stacks, "second"))
    assert stacks.settled(other) == "ROLLBACK_COMPLETE"
    refused = (
        f"Export with name {stacks.name('word')} is already exported by stack {stacks.name('exporter')}."
    )
    assert any(refused in one for one in stacks.told(other))
    assert value(stacks) == "first"


def test_a_roll_back_brings_the_exports_back(stacks: StackWorld) -> None:
    """A nested stack exports before its parent fails: what it exported goes back with it."""

    def child(word: str) -> dict[str, Any]:
        url = stacks.template_url({"A": stacks.resource(Size=word)}, outputs(stacks, word)["Outputs"])
        return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}

    bad = stacks.resource(needs="Child", Create={"status": "FAILED"})
    failed = stacks.create({"Child": child("x"), "Bad": bad}, name="failed")
    assert stacks.settled(failed) == "ROLLBACK_COMPLETE"
    assert value(stacks) is None
    parent = stacks.created({"Child": child("x")})
    stacks.update(parent, {"Child": child("y"), "Bad": bad})
    assert until("the end", lambda: stacks.settled(parent)) == "UPDATE_ROLLBACK_COMPLETE"
    assert value(stacks) == "x"


def test_a_nested_stack_whose_export_is_in_use(stacks: StackWorld) -> None:
    """Its parent cannot be deleted, and nothing in it gets a Delete, until nobody imports from it."""
    url = stacks.template_url({"A": stacks.resource()}, outputs(stacks, "x")["Outputs"])
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    parent = stacks.created({"Child": child})
    child_id = stacks.detail(parent, "Child")["PhysicalResourceId"]
    importer = stacks.created({"B": stacks.resource(Word=imported(stacks))}, name="importer")
    stacks.delete(parent)
    assert until("the end", lambda: stacks.settled(parent)) == "DELETE_FAILED"
    assert in_use(stacks, "delete") in stacks.told(parent)
    assert stacks.status(child_id) == "CREATE_COMPLETE"
    assert [one.request_type for one in stacks.requests(child_id, "A")] == ["Create"]
    for stack_id in (importer, parent):
        stacks.delete(stack_id)
        assert until("the end", partial(stacks.settled, stack_id)) == "DELETE_COMPLETE"
    assert value(stacks) is None


def test_termination_protection_comes_first(stacks: StackWorld) -> None:
    """A protected stack is refused in the call, in use or not."""
    exporter, _ = both(stacks)
    protect = stacks.cloudformation.update_termination_protection
    protect(StackName=exporter, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stacks.delete(exporter)
    protect(StackName=exporter, EnableTerminationProtection=False)
