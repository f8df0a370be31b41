"""The admin interface of the host process, and the ResponseURLs, before MiniStack's own routes.

JSON under ``/_local_aws/``: GET health, requests, requests/ID, requests/ID/response-url, invocations,
api-calls, switches and refusals; PATCH switches; POST authorize, events, trail and refusals; DELETE refusals.
Requests, invocations and api-calls come in pages: ?since=NUMBER leaves out so many of the oldest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.asked import document_of, needed, whole_number
from local_aws.corrections import answers, ministack, trail
from local_aws.corrections.access import Access
from local_aws.corrections.custom_resources import CustomResourceError, CustomResources
from local_aws.corrections.recorder import Recorder
from local_aws.errors import LocalAwsError
from local_aws.refusals import Refusals, refusal_from
from local_aws.switches import Switches

PREFIX = "/_local_aws/"


class NotThere(Exception):
    """No such path, or nothing behind it."""


class Admin:
    """Answers what is addressed to the embedded AWS itself and passes on the rest."""

    def __init__(
        self,
        recorder: Recorder,
        switches: Switches,
        access: Access,
        custom_resources: CustomResources,
        refusals: Refusals,
    ) -> None:
        self._recorder = recorder
        self._switches = switches
        self._access = access
        self._custom = custom_resources
        self._refusals = refusals
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
            ("GET", "health"): lambda _: {"status": "running"},
            ("GET", "requests"): lambda query: recorder.requests(whole_number(query, "since", 0)),
            ("GET", "invocations"): lambda query: recorder.invocations(whole_number(query, "since", 0)),
            ("GET", "api-calls"): lambda query: recorder.api_calls(whole_number(query, "since", 0)),
            ("GET", "switches"): lambda _: switches.as_dict(),
            ("PATCH", "switches"): self._set_switches,
            ("GET", "refusals"): lambda _: refusals.as_list(),
            ("POST", "refusals"): self._refuse,
            ("DELETE", "refusals"): self._refuse_nothing,
            ("POST", "authorize"): lambda question: {"denied": access.authorize(question)},
            ("POST", "events"): self._send_event,
            ("POST", "trail"): trail.record,
        }

    def wrapped_around(self, inner: Any) -> Any:
        """The ASGI application that ``inner`` is behind."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
                await inner(scope, receive, send)
                return
            body = b""
            more = True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            status, content = self._answer(scope, body)
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
            ]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        return app

    def _answer(self, scope: Any, body: bytes) -> tuple[int, bytes]:
        path, method = scope["path"], scope["method"]
        if path.startswith(answers.PATH):
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
            }
            status, text = self._custom.put(method, path, scope["query_string"].decode(), headers, body)
            return status, text.encode()
        try:
            asked = document_of(body, scope["query_string"].decode("latin-1"))
            return 200, json.dumps(self._route(method, path[len(PREFIX) :], asked), default=str).encode()
        except NotThere as error:
            return 404, json.dumps({"message": f"nothing at {error}"}).encode()
        except KeyError as error:
            return 400, json.dumps({"message": f"missing: {error}"}).encode()
        except (LocalAwsError, CustomResourceError, ValueError) as error:
            return 400, json.dumps({"message": str(error)}).encode()

    def _route(self, method: str, path: str, asked: Mapping[str, Any]) -> Any:
        known = self._routes.get((method, path))
        if known is not None:
            return known(asked)
        first, _, rest = path.partition("/")
        request_id, _, part = rest.partition("/")
        if method != "GET" or first != "requests":
            raise NotThere(path)
        found = self._custom.url_of(request_id) if part else self._recorder.request(request_id)
        if found is None or part not in ("", "response-url"):
            raise NotThere(path)
        return {"response_url": found} if part else found

    def _set_switches(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self._switches.update(values)
        return self._switches.as_dict()

    def _refuse(self, document: Mapping[str, Any]) -> Any:
        self._refusals.add(refusal_from(document))
        return self._refusals.as_list()

    def _refuse_nothing(self, _: Mapping[str, Any]) -> Any:
        self._refusals.clear()
        return []

    def _send_event(self, wanted: Mapping[str, Any]) -> dict[str, str]:
        function = needed(wanted, "function", str, "the name or ARN of a function")
        event = needed(wanted, "event", dict, "an object, what CloudFormation sends")
        for name in ("RequestType", "StackId", "LogicalResourceId"):
            needed(event, name, str, "a text")
        ministack.responses.set_request_account_id("")
        ministack.responses.set_request_region(None)
        return {"request_id": self._custom.send_by_hand(function, event)}
