"""Names of custom types, ServiceTimeout and ServiceToken: what is refused, and that nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import StackWorld, until

from local_aws.corrections.custom_types import check_properties, is_name, service_timeout

slow = pytest.mark.slow


@pytest.mark.parametrize("name", ["Custom::A", "Custom::a_b@c-9", "Custom::" + "x" * 52])
def test_good_names(name: str) -> None:
    """Letters, digits, _, @ and -, at most 60 characters with the prefix."""
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["Custom::", "Custom::" + "x" * 53, "Custom::a b", "Custom::a::b", "Custom::ä", "Custom::a\n"]
)
def test_bad_names(name: str) -> None:
    """Too long, empty, or of other characters."""
    assert not is_name(name)


@pytest.mark.parametrize(("given", "seconds"), [("1", 1), (3600, 3600), ("0060", 60), (None, 3600)])
def test_good_timeouts(given: Any, seconds: int) -> None:
    """Whole seconds from 1 to 3600, as a number or a text; an hour by default."""
    assert service_timeout({} if given is None else {"ServiceTimeout": given}) == seconds


@pytest.mark.parametrize(
    "given", [0, "0", 3601, "4000", "abc", "", "1.5", 1.5, "-1", " 5", True, None, [], "٣"]
)
def test_bad_timeouts(given: Any) -> None:
    """Everything else is named, with what is needed."""
    with pytest.raises(ValueError, match="whole number of seconds from 1 to 3600 is needed"):
        check_properties({"ServiceTimeout": given})


@slow
@pytest.mark.parametrize("way", ["create_stack", "update_stack", "change_set", "validate_template"])
@pytest.mark.parametrize("name", ["Custom::" + "x" * 53, "Custom::a b"], ids=["long", "spaced"])
def test_a_bad_name_is_refused_in_the_call(stacks: StackWorld, way: str, name: str) -> None:
    """Whichever action reads the template; there is no stack then, or it stays as it was."""
    bad = {"A": {**stacks.resource(), "Type": name}}
    stack_id = stacks.created({"B": stacks.resource()}) if way in ("update_stack", "change_set") else ""
    calls: dict[str, Callable[[], object]] = {
        "create_stack": lambda: stacks.create(bad),
        "update_stack": lambda: stacks.update(stack_id, bad),
        "change_set": lambda: stacks.change_set(stack_id, bad),
        "validate_template": lambda: stacks.validate(bad),
    }
    with pytest.raises(ClientError, match=r"resource A is not a custom type"):
        calls[way]()
    if stack_id:
        assert stacks.status(stack_id) == "CREATE_COMPLETE"


@slow
def test_a_bad_name_in_a_nested_stack(stacks: StackWorld) -> None:
    """The child fails before it has begun."""
    url = stacks.template_url({"A": {**stacks.resource(), "Type": "Custom::a b"}})
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    stack_id = stacks.create({"Child": child})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert any("is not a custom type" in one for one in stacks.told(stack_id))


@slow
@pytest.mark.parametrize("given", ["0", "4000", "abc"])
def test_a_bad_timeout_fails_the_create(stacks: StackWorld, given: str) -> None:
    """By a parameter, too; no request is sent, neither the Create nor a Delete."""
    sections = {"Parameters": {"Seconds": {"Type": "String", "Default": given}}}
    stack_id = stacks.create({"A": stacks.resource(ServiceTimeout={"Ref": "Seconds"})}, sections=sections)
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert any(f"Invalid ServiceTimeout '{given}'" in one for one in stacks.told(stack_id))
    assert stacks.requests(stack_id, "A") == []


@slow
@pytest.mark.parametrize("what", ["ServiceTimeout", "ServiceToken"])
def test_what_cannot_be_asked_is_not_sent_back(stacks: StackWorld, what: str) -> None:
    """An update that could not be sent leaves nothing to roll back: the resource goes on as it was."""
    stack_id = stacks.created({"A": stacks.resource(Size="1")})
    changed = stacks.resource(Size="2")
    changed["Properties"][what] = "5000" if what == "ServiceTimeout" else f"{stacks.function_arn}-other"
    stacks.update(stack_id, {"A": changed})
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_COMPLETE"
    stacks.update(stack_id, {"A": changed}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_FAILED"
    stacks.update(stack_id, {"A": stacks.resource(Size="3")}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    sent = [(one.request_type, one.properties["Size"]) for one in stacks.requests(stack_id, "A")]
    assert sent == [("Create", "1"), ("Update", "3")]
