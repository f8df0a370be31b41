"""How a call of an AWS API fails, before any client has put it into words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ApiError(Exception):
    """The service answered with an error."""

    code: str
    message: str
    status: int = 400


class AnswerLost(Exception):
    """The connection ended without an answer."""
