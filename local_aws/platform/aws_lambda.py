"""Lambda: asynchronous invocation and its limits."""

from __future__ import annotations

from typing import Final

# Lambda guide, invocation-async-error-handling and invocation-async-configuring

RETRIES_DEFAULT: Final = 2
"""More tries after a function error, a time-out included; settable from 0 to 2."""
RETRY_SECONDS: Final = (60.0, 120.0)
"""Before the first more try, and before the second."""
EVENT_AGE_SECONDS_MIN: Final = 60
EVENT_AGE_SECONDS_DEFAULT: Final = 6 * 3600
"""MaximumEventAgeInSeconds; also the most that can be set."""
THROTTLE_SECONDS_MIN: Final = 1.0
THROTTLE_SECONDS_MAX: Final = 300.0
"""How long a throttled event waits, at first and at most; each such wait is longer, and costs no try."""

# Lambda guide, gettingstarted-limits

FUNCTION_SECONDS_MAX: Final = 900.0

# Lambda guide, invocation-recursion

CHAIN_LENGTH_MAX: Final = 16
"""About how many invocations a chain of requests may have before the next is dropped."""
