"""G11: calls held against a role show a grant that lacks, one too many, and a wildcard that is too wide."""

from __future__ import annotations

from dataclasses import replace

from iam_statements import Call, Condition, Statement, Statements
from role_evidence import Evidence, Grant, denied, needless_grants, needless_wildcards, never_granted, without

MODELS = "arn:aws:rekognition:eu-west-1:123456789012:project"
DECLARED, FORMER = f"{MODELS}/p/version/v2/2", f"{MODELS}/q/version/v1/1"
STOP, START = "rekognition:StopProjectVersion", "rekognition:StartProjectVersion"
OWNED = {"aws:ResourceTag/owner": "me"}

ROLE: Statements = (
    Statement("Declared", (START,), (DECLARED,)),
    Statement(
        "Owned", (STOP,), (f"{MODELS}/*",), (Condition("StringEquals", "aws:ResourceTag/owner", ("me",)),)
    ),
)
LIFE = (Call(START, DECLARED), Call(STOP, DECLARED, OWNED), Call(STOP, FORMER, OWNED))


def held(role: Statements, *calls: Call) -> list[Evidence]:
    """Calls while a role was in force."""
    return [Evidence(call, (role,)) for call in calls]


def test_a_role_that_fits() -> None:
    """Nothing lacks and nothing is too much."""
    evidence = held(ROLE, *LIFE)
    assert (denied(evidence), needless_grants(evidence), needless_wildcards(evidence)) == ([], [], [])


def test_each_grant_that_lacks_shows() -> None:
    """A role without any one of its grants denies a call."""
    assert denied(held(without(Grant("Declared", START), ROLE), *LIFE)) == [LIFE[0]]
    assert denied(held(without(Grant("Owned", STOP), ROLE), *LIFE)) == [*LIFE[1:]]


def test_a_condition_that_does_not_hold_shows() -> None:
    """The tags at the moment of the call count, not the action alone."""
    unowned = Call(STOP, FORMER, {"aws:ResourceTag/owner": "others"})
    evidence = held(ROLE, *LIFE, unowned)
    assert denied(evidence) == [unowned]
    assert never_granted(evidence) == []


def test_what_would_remove_nothing_lacks_no_permission() -> None:
    """Of two deliveries one removes the tags that the permission to remove them asks for."""
    role = (replace(ROLE[1], actions=("rekognition:UntagResource",)),)
    untag = Call("rekognition:UntagResource", FORMER, {"aws:TagKeys": ["owner", "holder"]})
    late = replace(untag, keys={**untag.keys, "aws:ResourceTag/more": "12"})
    partly = replace(untag, keys={**untag.keys, "aws:ResourceTag/holder": "1"})
    assert denied(held(role, replace(untag, keys={**untag.keys, **OWNED}), late, partly)) == [partly]


def test_what_no_statement_is_about_shows_whatever_else_is_denied() -> None:
    """A call that lacks a condition, or is denied on purpose, differs from one that nothing grants."""
    deny = Statement("Boundary", ("*",), ("*",), effect="Deny")
    delete = Call("rekognition:DeleteProjectVersion", DECLARED, OWNED)
    elsewhere = Call(START, FORMER, OWNED)
    assert never_granted(held((*ROLE, deny), *LIFE, delete, elsewhere)) == [delete, elsewhere]


def test_a_grant_too_many_shows() -> None:
    """An action that nothing calls, and one that another statement allows already."""
    unused = Statement("Unused", ("rekognition:DeleteProjectVersion",), ("*",))
    double = Statement("Double", (START,), (f"{MODELS}/p/*",))
    assert needless_grants(held((*ROLE, unused), *LIFE)) == [Grant("Unused", unused.actions[0])]
    assert needless_grants(held((*ROLE, double), *LIFE)) == [Grant("Declared", START), Grant("Double", START)]


def test_a_wildcard_too_wide_shows() -> None:
    """If all calls are for what the role names exactly, or for projects of it, a wildcard is not needed."""
    assert needless_wildcards(held(ROLE, *LIFE[:2])) == ["Owned"]
    sibling = Call(STOP, f"{MODELS}/p/version/v1/1", OWNED)
    assert needless_wildcards(held(ROLE, *LIFE[:2], sibling)) == ["Owned"]


def test_what_was_in_force_at_the_time_counts() -> None:
    """A policy that names the new model does not excuse an earlier call, nor the one before it a later."""
    earlier = (replace(ROLE[0], resources=(FORMER,)), ROLE[1])
    start = Call(START, FORMER)
    assert denied([Evidence(start, (earlier,))]) == []
    assert denied([Evidence(start, (ROLE,))]) == [start]
    assert denied([Evidence(start, (ROLE, earlier))]) == []


def test_without_any_role_everything_is_denied() -> None:
    """A call by a role of which no policy is known is not passed over."""
    assert denied([Evidence(LIFE[0], ())]) == [LIFE[0]]
