"""One way to call an AWS API: short time-outs, no hidden retries, our errors out.

Retries belong to the life cycle, which knows the deadline; botocore's own would hide time and tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from running_model_handler.core.errors import ErrorKind, ServiceError, classify

CLIENT_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"total_max_attempts": 1, "mode": "standard"},
    parameter_validation=True,
)

_UNREADABLE: Final = (ResponseParserError, ValueError, TypeError, KeyError, AttributeError)
"""What botocore, or we, raise over an answer that is not what its service model says."""


@contextmanager
def reading(action: str, resource: str) -> Iterator[None]:
    """Read an answer; raises ``ServiceError`` UNCERTAIN where that can't be done.

    The call was answered and may have had its effect; the next answer may be readable. What was received
    is not repeated.
    """
    try:
        yield
    except BotoCoreError:
        raise
    except _UNREADABLE as error:
        raise ServiceError(
            ErrorKind.UNCERTAIN, action, resource, type(error).__name__, "the answer can't be read"
        ) from error


def call(action: str, resource: str, method: Callable[..., Any], /, **parameters: Any) -> Any:
    """Call a client's method; raises ``ServiceError`` for whatever goes wrong."""
    try:
        with reading(action, resource):
            return method(**parameters)
    except ClientError as error:
        details = error.response.get("Error", {})
        code = str(details.get("Code", "Unknown"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        message = str(details.get("Message", ""))
        raise ServiceError(classify(code, status), action, resource, code, message) from error
    except ParamValidationError as error:
        raise ServiceError(
            ErrorKind.INVALID, action, resource, "ParamValidationError", " ".join(str(error).split())
        ) from error
    except BotoCoreError as error:
        # No usable answer: connection, time-out, a broken body. The call may have had its effect.
        kind = ErrorKind.DENIED if "Credentials" in type(error).__name__ else ErrorKind.UNCERTAIN
        raise ServiceError(kind, action, resource, type(error).__name__, str(error)) from error
