"""The error tree, and what each error of a service means.

RunningModelError
├── InvalidProperty      a value that the user gave, wrong by itself (also a ValueError)
├── RequestFailed        the request can't succeed; the message is the reason for CloudFormation
└── ServiceError         a call that AWS refused or never answered; ``kind`` says what to do about it
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final


class RunningModelError(Exception):
    """Base of all errors raised on purpose."""


class InvalidProperty(RunningModelError, ValueError):
    """A property whose value breaks a rule; the message names the property, the value and the way out."""

    def __init__(self, name: str, value: object, rule: str) -> None:
        shown = repr(value)
        if len(shown) > 120:
            shown = shown[:117] + "..."
        super().__init__(f"{name} {rule}, got {shown}")
        self.name = name
        self.value = value
        self.rule = rule


class RequestFailed(RunningModelError):
    """A request that can't succeed, with a reason that a person can act on."""


class ErrorKind(Enum):
    """What a refused or unanswered call tells us."""

    THROTTLED = auto()
    """Refused for now; it had no effect."""
    UNCERTAIN = auto()
    """No usable answer; it may have had its effect."""
    CHANGED = auto()
    """The status is not what it was: look again."""
    NOT_FOUND = auto()
    QUOTA = auto()
    INVALID = auto()
    DENIED = auto()
    OTHER = auto()


class ServiceError(RunningModelError):
    """A failed call: ``action`` as IAM names it (``rekognition:StartProjectVersion``)."""

    def __init__(self, kind: ErrorKind, action: str, resource: str, code: str, message: str) -> None:
        super().__init__(f"{action} on {resource}: {code}: {message}")
        self.kind = kind
        self.action = action
        self.resource = resource
        self.code = code
        self.message = message

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in (ErrorKind.THROTTLED, ErrorKind.UNCERTAIN)


_KINDS: Final = {
    "ThrottlingException": ErrorKind.THROTTLED,
    "Throttling": ErrorKind.THROTTLED,
    "ThrottledException": ErrorKind.THROTTLED,
    "TooManyRequestsException": ErrorKind.THROTTLED,
    "RequestLimitExceeded": ErrorKind.THROTTLED,
    "ProvisionedThroughputExceededException": ErrorKind.THROTTLED,
    "InternalServerError": ErrorKind.UNCERTAIN,
    "InternalFailure": ErrorKind.UNCERTAIN,
    "ServiceUnavailable": ErrorKind.UNCERTAIN,
    "ServiceException": ErrorKind.UNCERTAIN,
    "ResourceInUseException": ErrorKind.CHANGED,
    "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    "LimitExceededException": ErrorKind.QUOTA,
    "InvalidParameterException": ErrorKind.INVALID,
    "InvalidPaginationTokenException": ErrorKind.INVALID,
    "ValidationException": ErrorKind.INVALID,
    "RequestTimeout": ErrorKind.UNCERTAIN,
    "RequestTimeoutException": ErrorKind.UNCERTAIN,
    "AccessDeniedException": ErrorKind.DENIED,
    "AccessDenied": ErrorKind.DENIED,
    "UnauthorizedOperation": ErrorKind.DENIED,
    # Credentials and their signature: a role that has just been made, or a clock that is off, is late too.
    "UnrecognizedClientException": ErrorKind.DENIED,
    "UnrecognizedClient": ErrorKind.DENIED,
    "InvalidClientTokenId": ErrorKind.DENIED,
    "ExpiredTokenException": ErrorKind.DENIED,
    "ExpiredToken": ErrorKind.DENIED,
    "InvalidSignatureException": ErrorKind.DENIED,
    "SignatureDoesNotMatch": ErrorKind.DENIED,
    "RequestExpired": ErrorKind.DENIED,
    "MissingAuthenticationTokenException": ErrorKind.DENIED,
    "IncompleteSignature": ErrorKind.DENIED,
    "AuthFailure": ErrorKind.DENIED,
}


def classify(code: str, http_status: int) -> ErrorKind:
    """What an error code of AWS means to us; 5xx without a known code may have had its effect."""
    kind = _KINDS.get(code)
    if kind is not None:
        return kind
    if http_status == 429:
        return ErrorKind.THROTTLED
    if http_status == 408:
        return ErrorKind.UNCERTAIN
    if http_status in (401, 403):
        return ErrorKind.DENIED
    return ErrorKind.UNCERTAIN if http_status >= 500 else ErrorKind.OTHER
