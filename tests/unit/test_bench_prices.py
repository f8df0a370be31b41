"""The list price of a deployment."""

from __future__ import annotations

import pytest

from bench.prices import Usage, list_price


def test_ten_minutes_in_256_mb_on_arm() -> None:
    """As one reckons by hand."""
    price = list_price(Usage(requests=1, arm_gb_seconds=150))
    assert price.total == pytest.approx(0.00200021)


def test_the_same_on_x86_costs_a_quarter_more() -> None:
    """The two architectures have two prices."""
    arm, x86 = list_price(Usage(arm_gb_seconds=100)), list_price(Usage(x86_gb_seconds=100))
    assert x86.total / arm.total == pytest.approx(1.25, rel=1e-4)


def test_each_service_has_its_own_line() -> None:
    """A million requests, a thousand transitions, a gigabyte of log."""
    usage = Usage(requests=1e6, transitions=1000, rule_invocations=1e6, log_bytes=1024**3)
    price = list_price(usage)
    assert price.lambda_requests == pytest.approx(0.20)
    assert price.step_functions == pytest.approx(0.025)
    assert price.eventbridge == pytest.approx(1.0)
    assert price.logs == pytest.approx(0.5)
    assert price.total == pytest.approx(1.725)


def test_usages_add_up() -> None:
    """Field by field."""
    one = Usage(
        requests=1, x86_gb_seconds=2, arm_gb_seconds=3, transitions=4, rule_invocations=5, log_bytes=6
    )
    assert one + one == Usage(2, 4, 6, 8, 10, 12)
    assert one.gb_seconds == 5
