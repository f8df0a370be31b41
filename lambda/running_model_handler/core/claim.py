"""Who owns a model: the claim that stands in the tags of the project version.

A model belongs to one resource of one stack at a time. TagResource has no conditional write, so a claim
counts only once it has been read back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from running_model_handler.core.arn import CREATED
from running_model_handler.core.names import Tag
from running_model_handler.core.schedule import START_SECONDS_MAX, START_SECONDS_MIN
from running_model_handler.core.units import InferenceUnits, check_units, parse_max_units, parse_min_units
from running_model_handler.core.wanted import Direction

STACK_ID: Final = re.compile(r"arn:[a-z0-9-]+:cloudformation:[a-z0-9-]*:[0-9]*:stack/[^/\s]+/[^/\s]+")
"""Whatever else stands in the tag is nobody that could own a model, or ever release it."""
_REQUEST: Final = re.compile(r"[0-9a-zA-Z]{1,12}[-.]{0,2}")
"""What the history may hold: anything longer that people wrote there would make the next claim too long."""
_START_SECONDS: Final = re.compile(r"[0-9]{1,4}")
_REQUESTS_KEPT: Final = 12
_DIGEST_LENGTH: Final = 12
_BACK: Final = "-"
"""Behind the digest of a request that was begun while its stack was being rolled back; a tag may hold it."""
_GIVEN_UP: Final = "."
"""Behind the digest of a request that has failed and is being undone, for other deliveries of it to see."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A resource of a stack, the only kind of owner there is."""

    stack_id: str
    logical_id: str

    @property
    def stack_name(self) -> str:
        """The name in the stack's ARN, or all of it where it has none."""
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id

    def __str__(self) -> str:
        return f"stack {self.stack_name} (resource {self.logical_id})"


@dataclass(frozen=True, slots=True)
class PreviousOwner:
    """The resource of the same stack that had the model before, and the units that it declared."""

    logical_id: str
    units: InferenceUnits | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The tags of a project version, read."""

    owner: Owner | None
    units: InferenceUnits | None = None
    project_created: str | None = None
    previous: PreviousOwner | None = None
    adopted: bool = False
    requests: tuple[str, ...] = ()
    start_seconds: int | None = None
    """What the last start of the model took, whoever owned it then; no part of the claim itself."""
    is_released: bool = False
    """Nothing is left but the history: the model was stopped for its owner, and given up.

    Where people edit tags or remove them, all are gone, or one of the others is left.
    """

    def is_of(self, owner: Owner) -> bool:
        """Whether this resource owns the model."""
        return self.owner == owner

    def superseded(self, digest: str) -> bool:
        """Whether a later request has taken charge since the one with this digest did.

        A request that CloudFormation delivers twice, or late, is known by it.
        """
        return any(_is_of(entry, digest) for entry in self.requests[1:])

    def is_held_by(self, owner: Owner, digest: str) -> bool:
        """Whether this very request of the owner is the one in charge."""
        return self.is_of(owner) and self._in_charge(digest)

    def is_in_charge_still(self, before: Claim, digest: str) -> bool:
        """Whether the request in charge is the one that was so before, or the one with this digest.

        One that has failed since is in charge of nothing but its undoing.
        """
        if not self.requests:
            return not before.requests
        known = {digest, *(_digest_of(entry) for entry in before.requests[:1])}
        return _digest_of(self.requests[0]) in known

    def was_released_by(self, digest: str) -> bool:
        """Whether this very request has given the model up, as the last of all."""
        return self.owner is None and self._in_charge(digest)

    def _in_charge(self, digest: str) -> bool:
        return bool(self.requests) and _is_of(self.requests[0], digest)

    def begun_as(self, digest: str) -> Direction | None:
        """Which way the stack went when a request took charge; None if it never did."""
        for entry in self.requests:
            if _is_of(entry, digest):
                return Direction.BACK if _BACK in entry else Direction.FORWARD
        return None

    def given_up(self, digest: str) -> bool:
        """Whether a delivery of a request has failed and undoes what was done: no other one goes on."""
        return any(_is_of(entry, digest) and _GIVEN_UP in entry for entry in self.requests)


UNCLAIMED: Final = Claim(None)
CLAIM_TAGS: Final = (
    Tag.STACK_ID,
    Tag.LOGICAL_ID,
    Tag.UNITS,
    Tag.PROJECT_CREATED,
    Tag.PREVIOUS,
    Tag.PREVIOUS_UNITS,
    Tag.ADOPTED,
)
"""What a release removes. Tag.REQUESTS stays: it tells a late duplicate from a new request. So does
Tag.START_SECONDS, which says something of the model, and nothing of its owner."""


def read_claim(tags: Mapping[str, str]) -> Claim:
    """The claim in the tags; tags that people changed are read as far as they make sense."""
    stack_id, logical_id = tags.get(Tag.STACK_ID, ""), tags.get(Tag.LOGICAL_ID, "")
    created, former = tags.get(Tag.PROJECT_CREATED, ""), tags.get(Tag.PREVIOUS, "")
    requests = tuple(filter(_REQUEST.fullmatch, tags.get(Tag.REQUESTS, "").split()))
    return Claim(
        owner=Owner(stack_id, logical_id) if STACK_ID.fullmatch(stack_id) and logical_id else None,
        units=_read_units(tags.get(Tag.UNITS, "")),
        project_created=created if CREATED.fullmatch(created) else None,
        previous=PreviousOwner(former, _read_units(tags.get(Tag.PREVIOUS_UNITS, ""))) if former else None,
        adopted=tags.get(Tag.ADOPTED) == "true",
        requests=requests,
        start_seconds=_read_start_seconds(tags.get(Tag.START_SECONDS, "")),
        is_released=bool(requests) and not any(tag in tags for tag in CLAIM_TAGS),
    )


def claim_tags(
    owner: Owner,
    units: InferenceUnits | None,
    *,
    project_created: str | None,
    previous: PreviousOwner | None,
    adopted: bool,
    requests: tuple[str, ...],
) -> dict[str, str]:
    """The tags that make ``owner`` the owner."""
    tags = {
        Tag.STACK_ID: owner.stack_id,
        Tag.LOGICAL_ID: owner.logical_id,
        Tag.REQUESTS: " ".join(requests),
    }
    if units is not None:
        tags[Tag.UNITS] = str(units)
    if project_created is not None:
        tags[Tag.PROJECT_CREATED] = project_created
    if previous is not None:
        tags[Tag.PREVIOUS] = previous.logical_id
        if previous.units is not None:
            tags[Tag.PREVIOUS_UNITS] = str(previous.units)
    if adopted:
        tags[Tag.ADOPTED] = "true"
    return {str(key): value for key, value in tags.items()}


def with_request(
    requests: tuple[str, ...], digest: str, begun_as: str = "", *, given_up: bool = False
) -> tuple[str, ...]:
    """The history of requests with this one in charge."""
    entry = digest + (_BACK if begun_as == Direction.BACK else "") + (_GIVEN_UP if given_up else "")
    return (entry, *(known for known in requests if not _is_of(known, digest)))[:_REQUESTS_KEPT]


def with_note(requests: tuple[str, ...], digest: str) -> tuple[str, ...]:
    """The history of another owner's requests, with a note that this request has given the model up to it."""
    kept = tuple(known for known in requests if not _is_of(known, digest))[: _REQUESTS_KEPT - 1]
    return (*kept, digest + _GIVEN_UP)


@lru_cache(maxsize=16)
def request_digest(stack_id: str, request_id: str) -> str:
    """A short name for a request; StackId and RequestId together identify it (CFN crpg-ref)."""
    return hashlib.sha256(f"{stack_id}\n{request_id}".encode()).hexdigest()[:_DIGEST_LENGTH]


def _digest_of(entry: str) -> str:
    return entry.rstrip(_BACK + _GIVEN_UP)


def _is_of(entry: str, digest: str) -> bool:
    return _digest_of(entry) == digest


def _read_start_seconds(text: str) -> int | None:
    if not _START_SECONDS.fullmatch(text):
        return None
    seconds = int(text)
    return seconds if START_SECONDS_MIN <= seconds <= START_SECONDS_MAX else None


def _read_units(text: str) -> InferenceUnits | None:
    low, _, high = text.partition("-")
    try:
        return check_units(parse_min_units(low, name=""), parse_max_units(high, name=""), max_name="")
    except ValueError:
        return None
