"""Lambda: asynchronous invocation and its limits."""

from __future__ import annotations

from typing import Final

# Lambda guide, invocation-async-error-handling and invocation-async-configuring

RETRIES_MAX: Final = 2
RETRIES_DEFAULT: Final = RETRIES_MAX
"""More tries after a function error, a time-out included; settable from 0 to 2."""
RETRY_SECONDS: Final = (60.0, 120.0)
"""Before the first more try, and before the second."""
EVENT_AGE_SECONDS_MIN: Final = 60
EVENT_AGE_SECONDS_MAX: Final = 6 * 3600
EVENT_AGE_SECONDS_DEFAULT: Final = EVENT_AGE_SECONDS_MAX
"""MaximumEventAgeInSeconds."""
THROTTLE_SECONDS_MIN: Final = 1.0
THROTTLE_SECONDS_MAX: Final = 300.0
"""How long a throttled event waits, at first and at most; each such wait is longer, and costs no try."""

# Lambda guide, gettingstarted-limits

FUNCTION_SECONDS_MAX: Final = 900.0
FUNCTION_MIB_MIN: Final = 128
FUNCTION_MIB_MAX: Final = 10_240
SYNCHRONOUS_BYTES_MAX: Final = 6 * 1024 * 1024
"""The payload of an invocation that is waited for."""
ASYNCHRONOUS_BYTES_MAX: Final = 1024 * 1024
ENVIRONMENT_BYTES_MAX: Final = 4096
POLICY_BYTES_MAX: Final = 20 * 1024
"""The resource policy of a function."""

# Lambda guide, invocation-recursion

CHAIN_LENGTH_MAX: Final = 16
"""About how many invocations a chain of requests may have before the next is dropped."""
RETRIES_COUNT_AS_HOPS: Final = False
"""Whether more tries of one event count, too: no page tells it. What the simulation does until its switch is
turned; MiniStack, which counts the links, knows no other way."""
