"""Sends the answer to the ResponseURL.

crhelper decides what and when; this only replaces its sender, which repeats for ever, has no time-out,
takes a 403 for success and can write the pre-signed URL into the log.
"""

from __future__ import annotations

import logging
from typing import Final

import urllib3

from running_model_handler.shell.clock import Clock

_TRIES_MAX: Final = 6
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=10)
_logger = logging.getLogger("running_model")


class AnswerNotSent(Exception):
    """CloudFormation could not be reached, or refused the answer. The text names no URL."""


def put_answer(url: str, body: bytes, clock: Clock) -> None:
    """PUT the body to the pre-signed URL; raises ``AnswerNotSent`` after six tries or a refusal.

    The URL is signed for an empty content type (CFN crpg-ref, crpg-ref-responses).
    """
    pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
    problem = ""
    for attempt in range(_TRIES_MAX):
        if attempt:
            clock.sleep(min(8.0, 0.5 * 2.0**attempt))
        try:
            response = pool.request("PUT", url, body=body, headers={"content-type": ""}, redirect=False)
        except Exception as error:  # the text of these errors can hold the URL, their type can't
            problem = type(error).__name__
            _logger.warning(f"answer not sent: {problem}", extra={"attempt": attempt + 1, "problem": problem})
            continue
        if response.status < 300:
            return
        problem = f"HTTP {response.status}"
        _logger.warning(f"answer refused: {problem}", extra={"attempt": attempt + 1, "problem": problem})
        if response.status < 500 and response.status not in (408, 429):
            break
    raise AnswerNotSent(f"CloudFormation did not take the answer: {problem}")
