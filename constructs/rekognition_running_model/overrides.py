"""Overrides: for a while a model is kept running, or kept off, whatever its guards say.

For people and scripts, not for apps: each is a tag on the model, which its next sweep and any deployment
reads. It needs boto3, and credentials that may call ``rekognition:TagResource``, to clear it
``UntagResource``. Nothing is started or stopped here: a sweep does it, within five minutes, with a queue
within one. A model without guards is moved by nothing.
"""

from __future__ import annotations

import datetime
from typing import Any, Final

from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.duty import Override
from running_model_handler.core.duty_tags import OVERRIDE_SECONDS_MAX, override_tags
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.names import Tag

_ARN: Final = "project_version_arn"
_UNTIL: Final = "until"
_EXAMPLE: Final = "for example datetime.now(timezone.utc) + timedelta(hours=2)"


def keep_running_until(project_version_arn: str, until: datetime.datetime, *, client: Any = None) -> None:
    """Keep a model running up to a time, outside its hours, after its deadline and while nobody calls it too.

    The later word counts: this one replaces what was said before, either way.

    :param project_version_arn: the model.
    :param until: with a time zone, in the future, and no more than 366 days away.
    :param client: of boto3, for ``rekognition``. Default: a new one, in the Region of the model.

    Raises ``ValueError``, naming the argument, for what breaks a rule; ``ImportError`` without boto3; and
    what boto3 raises for the call (API reference, TagResource).
    """
    _say(project_version_arn, until, client, on=True)


def stay_off_until(project_version_arn: str, until: datetime.datetime, *, client: Any = None) -> None:
    """Keep a model off up to a time, within its hours and while messages wait for it too.

    Arguments and errors are those of ``keep_running_until``.
    """
    _say(project_version_arn, until, client, on=False)


def clear(project_version_arn: str, *, client: Any = None) -> None:
    """Take back what was said: from the next sweep on its guards alone decide.

    Arguments and errors are those of ``keep_running_until`` (API reference, UntagResource).
    """
    arn = parse_project_version_arn(project_version_arn, name=_ARN)
    made = client or _client(arn.region)
    made.untag_resource(ResourceArn=str(arn), TagKeys=[str(Tag.KEEP_RUNNING), str(Tag.STAY_OFF)])


def _say(project_version_arn: str, until: datetime.datetime, client: Any, *, on: bool) -> None:
    arn = parse_project_version_arn(project_version_arn, name=_ARN)
    now = datetime.datetime.now(datetime.UTC).timestamp()  # noqa: TID251 - a person's clock, not the handler's
    override = Override(on, _checked(until, now), now)
    (client or _client(arn.region)).tag_resource(ResourceArn=str(arn), Tags=override_tags(override))


def _checked(until: object, now: float) -> float:
    if not isinstance(until, datetime.datetime) or until.tzinfo is None or until.utcoffset() is None:
        raise InvalidProperty(_UNTIL, until, f"must be a datetime with a time zone, {_EXAMPLE}")
    left = until.timestamp() - now
    if left < 1.0:
        raise InvalidProperty(_UNTIL, str(until), f"must be in the future, {_EXAMPLE}")
    if left > OVERRIDE_SECONDS_MAX:
        raise InvalidProperty(
            _UNTIL, str(until), "must be within 366 days; what holds for longer belongs into the template"
        )
    return until.timestamp()


def _client(region: str) -> Any:
    try:
        # An app that only declares models needs no boto3.
        import boto3
    except ImportError as error:
        raise ImportError("overrides need boto3: pip install boto3, or hand in a client") from error
    return boto3.client("rekognition", region_name=region)
