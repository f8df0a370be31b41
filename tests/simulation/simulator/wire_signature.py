"""Signature version 4, as far as a service looks at it before it looks at a request."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from simulator.errors import ApiError
from simulator.plan import REGION
from simulator.wire_http import HttpRequest

if TYPE_CHECKING:
    from simulator.world import World

ACCESS_KEY_ID: Final = "AKIASIMULATEDWORLD00"
SESSION_TOKEN: Final = "simulated-session-token"
_AGE_SECONDS_MAX: Final = 300.0


def require_signed(world: World, request: HttpRequest, service: str) -> None:
    """Refuse what is not signed with the role's credentials, for this service in this Region, just now."""
    scope = rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/\d{{8}}/{REGION}/{service}/aws4_request, "
    if not re.match(scope, request.headers.get("authorization", "")):
        raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if request.headers.get("x-amz-security-token") != SESSION_TOKEN:
        raise ApiError("UnrecognizedClientException", "The security token is invalid.", 403)
    signed = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(world.kernel.now - signed.timestamp()) > _AGE_SECONDS_MAX:
        raise ApiError("SignatureDoesNotMatch", "Signature expired", 403)
