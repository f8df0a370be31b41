"""Lambda's Invoke on the wire: REST, with the function in the path."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from simulator.errors import ApiError
from simulator.wire_http import HttpAnswer, HttpRequest, WireFault
from simulator.wire_signature import require_signed

if TYPE_CHECKING:
    from simulator.world import World

_INVOCATIONS: Final = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations")


def answer(world: World, request: HttpRequest) -> HttpAnswer:
    """Answer a call."""
    path = _INVOCATIONS.fullmatch(request.target)
    asynchronous = request.headers.get("x-amz-invocation-type") == "Event"
    if path is None or request.method != "POST" or not asynchronous:
        raise WireFault(f"Lambda does not know {request.method} {request.target}")
    try:
        require_signed(world, request, "lambda")
        world.apis.invoke(unquote(path[1]), json.loads(request.body))
    except ApiError as error:
        body = json.dumps({"Type": "User" if error.status < 500 else "Service", "Message": error.message})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return HttpAnswer(error.status, body.encode(), headers)
    return HttpAnswer(202)
