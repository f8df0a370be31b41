from __future__ import annotations

import json
from typing import Any

from local_aws.switches import Switches


class Admin:
    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def wrapped_around(self, inner: Any) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["path"].startswith("/_local_aws/"):
                body = b'{"denied": null}'
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": body})
                return
            await inner(scope, receive, send)

        return app
