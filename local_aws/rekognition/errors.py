"""Errors as the service answers them. Codes are those of botocore's Rekognition model."""

from __future__ import annotations

from local_aws.platform.rekognition import OVER_QUOTA, UNKNOWN_RESOURCE, WRONG_STATUS

FAULTS = frozenset({"InternalServerError", "ThrottlingException"})
"""Errors that the service answers with HTTP 500, its own faults; all others are 400 (botocore's model)."""


class ApiError(Exception):
    """A call that the service refuses: ``code`` as boto3 shows it, HTTP ``status`` (by default that of the
    code), a message for people."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = (500 if code in FAULTS else 400) if status is None else status


def invalid_parameter(message: str) -> ApiError:
    """A value that the model allows and the service does not."""
    return ApiError("InvalidParameterException", message)


def in_use(message: str) -> ApiError:
    """A resource whose status forbids the call."""
    return ApiError(WRONG_STATUS, message)


def not_found(arn: str) -> ApiError:
    """No such project or version."""
    return ApiError(UNKNOWN_RESOURCE, f"The resource {arn} can't be found.")


def limit_exceeded(message: str) -> ApiError:
    """A quota of the account."""
    return ApiError(OVER_QUOTA, message)
