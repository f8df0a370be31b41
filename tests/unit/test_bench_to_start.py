"""From the templates and the CPU times to the time from the event to the Start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import to_start
from bench.cpu_share import Cold
from bench.fresh_process import Code
from bench.to_start import Leg

TENTH_OF_A_VCPU = 176.9


def function(**properties: Any) -> dict[str, Any]:
    """A function of a template."""
    code = {"S3Key": "abc.zip"}
    found = {"Code": code, "Handler": "index.handler", "Runtime": "python3.14", **properties}
    return {"Type": "AWS::Lambda::Function", "Properties": found}


def arn(logical_id: str) -> dict[str, Any]:
    """Of another resource."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def template(token: str) -> dict[str, Any]:
    """With the functions of a provider framework, and one that stands alone."""
    variables = {"USER_ON_EVENT_FUNCTION_ARN": arn("User"), "USER_IS_COMPLETE_FUNCTION_ARN": arn("Alone")}
    return {
        "Resources": {
            "User": function(),
            "Framework": function(Runtime="nodejs24.x", Environment={"Variables": variables}),
            "Alone": function(MemorySize=192, Environment={"Variables": {"A": "1"}}),
            "Model": {"Type": "Custom::Model", "Properties": {"ServiceToken": arn(token)}},
        }
    }


def leg(memory_mb: int, name: str = "Function") -> Leg:
    """Of a way."""
    return Leg(name, Code(Path(), "index.handler"), memory_mb, "StartProjectVersion")


def test_each_function_is_done_with_its_own_call() -> None:
    """The last with the Start, those before with the invocation of the next; each has its own memory."""
    (alone,) = to_start.legs(template("Alone"), Path())
    assert (alone.until, alone.memory_mb) == ("StartProjectVersion", 192)
    framework, user = to_start.legs(template("Framework"), Path())
    assert (framework.until, framework.code.node, framework.memory_mb) == ("Invoke", True, 128)
    assert (user.until, user.code.node, user.memory_mb) == ("StartProjectVersion", False, 128)


def test_cloudformation_sends_text() -> None:
    """Also for numbers and booleans."""
    sent = to_start.as_sent({"Units": 1, "Name": "v1", "Latest": False})
    assert sent == {"Units": "1", "Name": "v1", "Latest": "false"}


def test_only_what_follows_the_event_is_slowed_down_in_each_function() -> None:
    """Two functions take the sum of both, each at its own share of a core."""
    way = [leg(1769, "First"), leg(1769 * 4, "Second")]
    colds = [Cold(0.1, 0.02, 50), Cold(0.2, 0.03, 50)]
    found = to_start.of_turns(way, [colds])
    assert found["median"] == pytest.approx(0.35)
    assert [each["reckoned, seconds"] for each in found["functions"].values()] == [0.12, 0.23]
    slower = to_start.of_turns([leg(round(TENTH_OF_A_VCPU)), way[1]], [colds])
    assert slower["median"] == pytest.approx(0.1 + 0.2 + 0.23, abs=0.001)


def test_the_median_is_that_of_whole_turns() -> None:
    """Not the sum of the functions' medians: a turn is what a deployment meets."""
    way = [leg(1769, "First"), leg(1769, "Second")]
    turns = [
        [Cold(0.1, 0, 50), Cold(0.9, 0, 50)],
        [Cold(0.2, 0, 50), Cold(0.1, 0, 50)],
        [Cold(0.3, 0, 50), Cold(0.2, 0, 50)],
    ]
    found = to_start.of_turns(way, turns)
    assert (found["median"], found["worst"], found["n"]) == (0.5, 1.0, 3)
    assert [each["CPU until loaded, seconds"] for each in found["functions"].values()] == [0.2, 0.2]
