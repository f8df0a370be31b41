"""Refusals that end by themselves: credentials, signatures and policies that arrive late, codes of no list.

Each service says the same in its own words (botocore's common errors; General Reference, "Common errors").
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from simulator.errors import ApiError
from simulator.plan import Faults

if TYPE_CHECKING:
    from simulator.functions import Invocation
    from simulator.gateway import Gateway

_INVALID: Final = "The security token included in the request is invalid."
_EXPIRED: Final = "The security token included in the request is expired"
_SIGNED: Final = "Signature expired: 20231114T221320Z is now earlier than 20231114T222820Z"
_CREDENTIALS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "cloudformation": (
        ("InvalidClientTokenId", _INVALID),
        ("ExpiredToken", _EXPIRED),
        ("SignatureDoesNotMatch", _SIGNED),
    ),
    "lambda": (
        ("UnrecognizedClientException", _INVALID),
        ("ExpiredTokenException", _EXPIRED),
        ("InvalidSignatureException", _SIGNED),
    ),
}
_UNKNOWN: Final = (
    ("NobodyHasHeardOfThisException", 400),
    ("ServiceIsHavingAMomentException", 409),
    ("UnforeseenFault", 500),
)


class Refusals:
    """Decides, with a chance of its own, whether a call is refused for one of these reasons."""

    def __init__(self, gateway: Gateway, chance: random.Random) -> None:
        self._gateway = gateway
        self._chance = chance.random
        self._stop_allowed_from: dict[str, float] = {}

    def may_refuse(
        self, faults: Faults, action: str, resource: str, invocation: Invocation, now: float
    ) -> None:
        """Raises ``ApiError`` if it is."""
        settles_since = invocation.delivery.function.settles_since
        if faults.credentials_late and now - settles_since < faults.credentials_late:
            self._note("credentials late")
            raise self._credentials(action)
        if faults.bad_credentials and self._chance() < faults.bad_credentials:
            self._note("bad credentials")
            raise self._credentials(action)
        if faults.timed_out and self._chance() < faults.timed_out:
            self._note("HTTP 408")
            raise ApiError("RequestTimeoutException", "The request took too long to arrive.", 408)
        if faults.unknown_code and self._chance() < faults.unknown_code:
            self._note("unknown code")
            code, status = _UNKNOWN[int(self._chance() * len(_UNKNOWN))]
            raise ApiError(code, "no page tells what this means", status)
        if faults.stop_denied_for and action == "rekognition:StopProjectVersion":
            allowed_from = self._stop_allowed_from.setdefault(resource, now + faults.stop_denied_for)
            if now < allowed_from:
                self._note("stop denied for a while")
                raise ApiError("AccessDeniedException", f"not authorized to perform: {action}", 400)

    def _credentials(self, action: str) -> ApiError:
        service = action.partition(":")[0]
        codes = _CREDENTIALS.get(service, _CREDENTIALS["lambda"])
        code, message = codes[int(self._chance() * len(codes))]
        return ApiError(code, message, 400 if service == "rekognition" else 403)

    def _note(self, fault: str) -> None:
        self._gateway.note(fault)
