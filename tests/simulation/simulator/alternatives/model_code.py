"""What a good engineer writes in Python to start, resize and stop a model, whatever framework calls it.

It observes before it acts, takes ResourceInUseException for a reason to look again, finds the model in the
properties (a physical id can be an invented one), refuses to resize on create what runs with other units,
and tries again to stop what could not be stopped while it started. It keeps no state and knows no owner:
none of the frameworks offers either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from simulator.alternatives.sdk import ClientError, Sdk, units_of
from simulator.rekognition import BILLING, Look

_IN_USE: Final = "ResourceInUseException"


class ModelError(Exception):
    """The request cannot be fulfilled."""


@dataclass(frozen=True)
class ModelCode:
    """The steps, each short enough for any function."""

    sdk: Sdk
    stopped_fails: bool = False
    """Whether STOPPED after a start is a failure: only where the first look comes late enough that it cannot
    show what was before the start."""

    def begin(self, event: dict[str, Any]) -> str:
        """Begin what a request asks for; the ARN of the model."""
        properties = event["ResourceProperties"]
        arn: str = properties["ProjectVersionArn"]
        look = self.sdk.describe(arn)
        if event["RequestType"] == "Delete":
            if look is not None and look.status in ("STARTING", "RUNNING"):
                self.stop(arn)
            return arn
        if look is None:
            raise ModelError(f"{arn} does not exist")
        if look.status in ("STARTING", "RUNNING"):
            if not _has_units(look, properties):
                self._make_room(event, arn)
        else:
            self._start(arn, properties)
        return arn

    def is_complete(self, event: dict[str, Any]) -> bool:
        """Whether it is done; goes on with what takes a second step. Raises ``ModelError``."""
        properties = event["ResourceProperties"]
        arn: str = properties["ProjectVersionArn"]
        look = self.sdk.describe(arn)
        if event["RequestType"] == "Delete":
            if look is not None and look.status == "RUNNING":
                self.stop(arn)
            return look is None or look.status not in BILLING
        if look is None:
            raise ModelError(f"{arn} does not exist")
        if look.status == "FAILED":
            raise ModelError(f"{arn} is FAILED: {look.message}")
        if look.status == "RUNNING":
            if _has_units(look, properties):
                return True
            self._make_room(event, arn)
        elif look.status == "STOPPED" and _resizes(event):
            try:
                self.sdk.start(arn, *units_of(properties))
            except ClientError as error:
                if error.code != _IN_USE:
                    raise
        elif look.status == "STOPPED" and self.stopped_fails:
            raise ModelError(f"{arn} was stopped by somebody else while it started")
        return False

    def stop(self, arn: str) -> None:
        """Stop a model; that it is in use is seen at the next look."""
        try:
            self.sdk.stop(arn)
        except ClientError as error:
            if error.code != _IN_USE:
                raise

    def _make_room(self, event: dict[str, Any], arn: str) -> None:
        if event["RequestType"] == "Create":
            raise ModelError(f"{arn} runs already, with other units")
        self.stop(arn)

    def _start(self, arn: str, properties: dict[str, Any]) -> None:
        """Start a model. In use can mean that a try of the SDK has started it, and its answer was lost."""
        try:
            self.sdk.start(arn, *units_of(properties))
        except ClientError as error:
            look = self.sdk.describe(arn) if error.code == _IN_USE else None
            if look is None or look.status not in ("STARTING", "RUNNING", "STOPPING"):
                raise


def _resizes(event: dict[str, Any]) -> bool:
    """Only then STOPPED is a step on the way; a model that was stopped after another start stays so."""
    old = event.get("OldResourceProperties", {}).get("ProjectVersionArn")
    return bool(event["RequestType"] == "Update" and old == event["ResourceProperties"]["ProjectVersionArn"])


def _has_units(look: Look, properties: dict[str, Any]) -> bool:
    minimum, maximum = units_of(properties)
    return (look.minimum, look.maximum or look.minimum) == (minimum, maximum or minimum)
