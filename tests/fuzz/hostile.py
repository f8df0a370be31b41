"""What a field of an event can hold, and how many examples of it are drawn.

The default run is the same each time. ``HYPOTHESIS_PROFILE=soak FUZZ_EXAMPLES=20000`` searches anew.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from stage import SIGNATURE, TOKEN, URL
from world import STACK, V1, V2

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"


def examples(count: int) -> settings:
    """How often a property is tried; ``FUZZ_EXAMPLES`` instead where it soaks."""
    return settings(
        max_examples=int(os.environ.get("FUZZ_EXAMPLES", "2000")) if SOAK else count,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def _deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


texts = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Nd", "Lo"]), max_size=20),
    st.integers(1, 12_000).map(lambda size: "x" * size),
    st.just("x" * 300_000),
    st.sampled_from([URL, SIGNATURE, TOKEN, f"see {URL}.", V1 + SIGNATURE, V1, V2, STACK, "١٢٣", "1e309"]),
    st.sampled_from([V1.replace("1691099674800", "١٦٩١"), V1.replace("arn:aws:", "arn:aws-cn:")]),
    st.sampled_from(["\ud800", "\udfff" * 300, "é" * 1100, "\x00", "\u2028", " 1 ", "-0", "+1"]),
)
numbers = st.one_of(
    st.sampled_from([float("inf"), float("-inf"), float("nan"), 1e300, -1.0, 0, -1, 1.5, 2**31, 2**63]),
    st.sampled_from([10**15, 10**400, True, False, None]),
    st.integers(),
    st.floats(),
)
scalars = texts | numbers
json_values = st.one_of(
    scalars,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from([200, 400]).map(_deep),
    st.just([0] * 50_000),
)
"""Whatever a JSON parser can hand over, and Python's takes more than JSON has."""
