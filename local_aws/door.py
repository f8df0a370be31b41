"""Who may come in: this machine's own programs, and no web page.

Everything listens on 127.0.0.1, yet a page in a browser of this machine reaches that too: by a "simple"
request, which needs no preflight, or by a name of its own that it lets point to 127.0.0.1 (DNS rebinding).
Both show in the headers, which a page can't forge: the Host is a foreign name, or there is an Origin.
The paths that change the embedded AWS itself need a token besides, so that no Lambda function uses them.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Final

TOKEN_HEADER: Final = "X-Local-Aws-Token"  # noqa: S105 - the name of a header
_OWN_NAMES: Final = re.compile(r"(([a-z0-9_.-]+\.)?localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.I)
"""``*.localhost`` is always this machine (RFC 6761); services put buckets and API ids there."""
_FROM_A_PAGE: Final = ("cross-site", "same-site")


def new_token() -> str:
    """A token for one run, 256 bits."""
    return secrets.token_urlsafe(32)


def refusal_of(headers: Iterable[tuple[str, str]]) -> str | None:
    """Why a request is refused, in words; None if it may come in. Names of headers in any case."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    hosts = found.get("host", [])
    if len(hosts) != 1 or not _OWN_NAMES.fullmatch(hosts[0].strip()):
        return "the Host header must name this machine: localhost or 127.0.0.1"
    if "origin" in found or any(site in _FROM_A_PAGE for site in found.get("sec-fetch-site", [])):
        return "web pages are not served: the request has an Origin"
    return None


def has_token(given: str | None, token: str) -> bool:
    """Whether a request has the token of this run; takes as long for a wrong one as for the right one."""
    return hmac.compare_digest((given or "").encode(), token.encode())


def token_missing(path: str) -> str:
    """What to say to a request without the token."""
    return f"{path} needs the header {TOKEN_HEADER} with the token that the start of the embedded AWS told"
