"""The bucket behind the ResponseURLs: takes a PUT that is just as its URL was signed for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from simulator.wire_http import HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from simulator.world import World

HOST: Final = "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com"
_CODES: Final = {403: "AccessDenied", 503: "SlowDown"}


def answer(world: World, request: HttpRequest) -> HttpAnswer:
    """Take an answer to CloudFormation, or refuse the request as S3 does."""
    headers = request.headers
    if request.method != "PUT" or headers.get("content-type"):
        return _refused(403, "SignatureDoesNotMatch")
    if "authorization" in headers:
        return _refused(400, "InvalidArgument")
    if "content-length" not in headers:
        return _refused(411, "MissingContentLength")
    status = world.response_urls.put(f"https://{headers['host']}{request.target}", request.body)
    return HttpAnswer(status) if status < 300 else _refused(status, _CODES[status])


def _refused(status: int, code: str) -> HttpAnswer:
    document = Element("Error")
    SubElement(document, "Code").text = code
    return HttpAnswer(status, tostring(document), {"Content-Type": "application/xml"})
