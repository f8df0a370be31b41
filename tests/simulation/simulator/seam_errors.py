"""What the handler's adapters make of a call that failed, where a seam stands in for them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from running_model_handler.core.errors import ErrorKind, ServiceError, classify
from simulator.errors import AnswerLost, ApiError
from simulator.plan import REGION

_LOST: Final = {error.__name__: error for error in (ConnectionClosedError, ReadTimeoutError)}


def raised(error: ApiError | AnswerLost, action: str, resource: str) -> ServiceError:
    """What botocore and ``shell.calls.call`` make of it."""
    if isinstance(error, AnswerLost):
        lost = _LOST[str(error)](endpoint_url=_url(action, resource))
        return ServiceError(ErrorKind.UNCERTAIN, action, resource, type(lost).__name__, str(lost))
    return ServiceError(classify(error.code, error.status), action, resource, error.code, error.message)


def _url(action: str, resource: str) -> str:
    """Where botocore sends a call: its messages name the place."""
    host = f"https://{action.split(':')[0]}.{REGION}.amazonaws.com/"
    if action != "lambda:InvokeFunction":
        return host
    return f"{host}2015-03-31/functions/{quote(resource, safe='')}/invocations"


def raise_unless_absent(error: ApiError | AnswerLost, action: str, stack_id: str) -> None:
    """Raise what the adapter makes of it, unless it says that there is no such thing."""
    if isinstance(error, ApiError) and error.code == "ValidationError" and "does not exist" in error.message:
        return
    raise raised(error, action, stack_id) from error
