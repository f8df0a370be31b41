"""The answer fits CloudFormation whatever goes into it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core.answer import BODY_BYTES_MAX, encode_answer, fallback_physical_id, shorten


@given(reason=st.text(max_size=9000), logical_id=st.text("abcXYZ019", min_size=1, max_size=255))
def test_any_reason_fits(reason: str, logical_id: str) -> None:
    """The body is at most 4,096 bytes of JSON and a failure always has a reason."""
    body = encode_answer(
        status="FAILED",
        reason=reason,
        physical_id="p" * 620,
        stack_id="s" * 222,
        request_id="r" * 36,
        logical_id=logical_id,
        data={},
    )
    assert len(body) <= BODY_BYTES_MAX
    assert json.loads(body)["Reason"]


def test_the_beginning_of_a_long_reason_is_kept() -> None:
    """What went wrong stands at the beginning of a message."""
    assert shorten("a missing permission " * 100, 40).startswith("a missing permission")
    assert len(shorten("x" * 500, 40)) == 40


def test_control_characters_do_not_reach_people() -> None:
    """A reason is one line."""
    body = encode_answer(
        status="FAILED", reason="a\nb\x1b[31m", physical_id="p", stack_id="s", request_id="r",
        logical_id="l", data={},
    )  # fmt: skip
    assert json.loads(body)["Reason"] == "a b [31m"


def test_the_fallback_id_is_no_arn_and_stable() -> None:
    """A create that names no model still answers with one id, always the same."""
    first = fallback_physical_id("arn:aws:cloudformation:r:1:stack/parts/u", "Model")
    assert first == fallback_physical_id("arn:aws:cloudformation:r:1:stack/parts/u", "Model")
    assert not first.startswith("arn:")
