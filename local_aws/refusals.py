"""Calls that are refused on purpose: credentials and permissions that arrive late, or have ended."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from local_aws.errors import LocalAwsError

SECONDS_MAX = 1e9


@dataclass
class Refusal:
    """One action, or several by a pattern, that fails with one error for so long or so often.

    The time begins with the first call that is refused, so that a test need not know when that comes.
    """

    action: str
    """As a policy names it, such as "rekognition:StopProjectVersion" or "cloudformation:*"."""
    code: str
    """The error's code, such as ExpiredTokenException."""
    message: str = "refused on purpose"
    status: int = 400
    """The HTTP status of the answer."""
    seconds: float = SECONDS_MAX
    calls: int | None = None
    """How many calls are refused at most; None for any number."""
    spares: tuple[str, ...] = ()
    """Access keys that are never refused."""
    met: int = 0
    """How many calls were refused so far."""
    _first_at: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.spares = tuple(self.spares)
        if not all(isinstance(text, str) for text in (self.action, self.code, self.message)):
            raise LocalAwsError("action, code and message must be texts")
        if not isinstance(self.calls, int | None) or isinstance(self.calls, bool):
            raise LocalAwsError(f"calls must be a whole number, got {self.calls!r}")
        if not self.action or not self.code:
            raise LocalAwsError("a refusal needs an action, such as cloudformation:*, and an error code")
        if not 400 <= self.status <= 599:
            raise LocalAwsError(f"status must be an HTTP status of an error, got {self.status!r}")
        if self.seconds < 0 or (self.calls is not None and self.calls < 0):
            raise LocalAwsError("seconds and calls must be at least 0")

    def refuses(self, action: str, access_key: str, now: float) -> bool:
        """Whether this call, at this moment, is one of those; if so it counts."""
        if access_key in self.spares or not fnmatchcase(action, self.action):
            return False
        begun = now if self._first_at is None else self._first_at
        if now - begun >= self.seconds or (self.calls is not None and self.met >= self.calls):
            return False
        self._first_at, self.met = begun, self.met + 1
        return True


class Refusals:
    """Those in force, usable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: list[Refusal] = []

    def add(self, refusal: Refusal) -> None:
        """From now on."""
        with self._lock:
            self._present.append(refusal)

    def clear(self) -> None:
        """Nothing is refused any more."""
        with self._lock:
            self._present.clear()

    def of_call(self, action: str, access_key: str, now: float) -> Refusal | None:
        """The refusal that a call meets, None if it may go on."""
        with self._lock:
            return next((one for one in self._present if one.refuses(action, access_key, now)), None)

    def __bool__(self) -> bool:
        return bool(self._present)

    def as_list(self) -> list[dict[str, Any]]:
        """All of them, with how often each was met."""
        with self._lock:
            return [
                {name: value for name, value in asdict(one).items() if name[0] != "_"}
                for one in self._present
            ]


def refusal_from(document: Mapping[str, Any], *, spares: Collection[str] = ()) -> Refusal:
    """A refusal as the admin interface gives it. Raises LocalAwsError."""
    try:
        return Refusal(**{**document, "spares": tuple(spares)})
    except TypeError as error:
        raise LocalAwsError(f"not a refusal: {error}") from error
