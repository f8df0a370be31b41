"""Calls that are refused on purpose: credentials and permissions that arrive late, or have ended."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

from attrs import define, field

from local_aws.checked import NUMBER_MAX, Checked, count, number, text, words
from local_aws.errors import LocalAwsError


@define
class Refusal(Checked):
    """One action, or several by a pattern, that fails with one error for so long or so often.

    The time begins with the first call that is refused, so that a test need not know when that comes.
    """

    action: str = text()
    """As a policy names it, such as "rekognition:StopProjectVersion" or "cloudformation:*"."""
    code: str = text()
    """The error's code, such as ExpiredTokenException."""
    message: str = text("refused on purpose")
    status: int = count(400, least=400, most=599)
    """The HTTP status of the answer."""
    seconds: float = number(NUMBER_MAX)
    calls: int | None = count(None, optional=True)
    """How many calls are refused at most; None for any number."""
    spares: tuple[str, ...] = words()
    """Access keys that are never refused."""
    met: int = count(0)
    """How many calls were refused so far."""
    _first_at: float | None = field(default=None, init=False, repr=False)

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
            return [one.as_dict() for one in self._present]


def refusal_from(document: Mapping[str, Any], *, spares: Collection[str] = ()) -> Refusal:
    """A refusal as the admin interface gives it. Raises LocalAwsError."""
    try:
        return Refusal(**{**document, "spares": tuple(spares)})
    except TypeError as error:
        raise LocalAwsError(f"not a refusal: {error}") from error
