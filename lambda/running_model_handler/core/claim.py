"""Whose a model is: the claim in the tags of the project version, one tag for each holder; pure.

A model belongs to one stack at a time, and to the resources of that stack that hold it. Each writes a key of
its own, so nothing is read, changed and written back that others write too. TagResource has no conditional
write: a claim counts only once it has been read back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from running_model_handler.core.arn import CREATED
from running_model_handler.core.names import Tag
from running_model_handler.core.record import read_record
from running_model_handler.core.schedule import START_SECONDS_MAX, START_SECONDS_MIN
from running_model_handler.core.units import InferenceUnits, check_units, parse_max_units, parse_min_units

STACK_ID: Final = re.compile(r"arn:[a-z0-9-]+:cloudformation:[a-z0-9-]*:[0-9]*:stack/[^/\s]+/[^/\s]+")
"""Whatever else stands in the tag is nobody that could own a model, or ever release it."""
_START_SECONDS: Final = re.compile(r"[0-9]{1,4}")
_HOLDER: Final = re.compile(
    r"(?P<t>[0-9]{1,12}\.[0-9]{6}) (?P<units>[0-9-]{1,21})(?:/(?P<former>[0-9-]{1,21}))? "
    r"(?P<verdict>open|failed) (?P<was>adopted|started)(?: (?P<first>.{1,170}))?"
)
_DIGEST_LENGTH: Final = 8
CLOCKS_APART_SECONDS: Final = 60.0
"""How far CloudFormation's timestamps and the function's clock may be apart."""
_KEY_ROOM: Final = 128 - len(Tag.HOLDER) - _DIGEST_LENGTH - 1
"""Characters of a logical id that fit into the key (TagKey: 128): the last ones, in which CDK's ids differ.
The value takes the others, of 255 at most."""


class Owner(NamedTuple):
    """A resource of a stack."""

    stack_id: str
    logical_id: str

    @property
    def stack_name(self) -> str:
        """The name in the stack's ARN, or all of it where it has none."""
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id

    def __str__(self) -> str:
        return f"stack {self.stack_name} (resource {self.logical_id})"


class Holder(NamedTuple):
    """What a resource has written of itself: since which operation it wants the model, and how."""

    t: float
    """When the operation on the resource began, by CloudFormation's word; seconds since the epoch."""
    units: InferenceUnits
    """What it declares; once it has failed, what stays."""
    failed: bool = False
    adopted: bool = False
    """The model ran, unclaimed, before this resource took it over."""
    former: InferenceUnits | None = None
    """What stays if it fails; None where these are the same units."""

    @property
    def given_up(self) -> Holder:
        """The same, once it has failed."""
        return self._replace(units=self.former or self.units, failed=True, former=None)


@dataclass(frozen=True, slots=True)
class Claim:
    """The tags of a project version, read."""

    stack_id: str | None = None
    holders: Mapping[Owner, Holder] = field(default_factory=dict)
    """Those of the stack that has claimed the model; where none has, whatever holders are left."""
    project_created: str | None = None
    start_seconds: int | None = None
    """What the last start of the model took, whoever owned it then; no part of the claim itself."""
    strays: tuple[str, ...] = ()
    """Keys of holders of other stacks, which had the model before this one: it was retained there."""
    of_duty: tuple[str, ...] = ()
    """Keys that tell what was asked of a model with guards, which nobody needs without a holder."""

    kept_off: bool = False
    """By its guards, or by hand, as their memory tells."""

    def is_of(self, stack_id: str) -> bool:
        """Whether a stack has claimed the model."""
        return self.stack_id == stack_id

    def of(self, owner: Owner) -> Holder | None:
        """What a resource has written of itself, if its stack has claimed the model."""
        return self.holders.get(owner) if self.is_of(owner.stack_id) else None

    def begun_by(self, now: float) -> Claim:
        """The same without holders of operations that have not begun yet, in seconds since the epoch."""
        latest = now + CLOCKS_APART_SECONDS
        if all(holder.t <= latest for holder in self.holders.values()):
            return self
        begun = {owner: holder for owner, holder in self.holders.items() if holder.t <= latest}
        return replace(self, holders=begun)


UNCLAIMED: Final = Claim()


def read_claim(tags: Mapping[str, str]) -> Claim:
    """The claim in the tags; tags that people changed are read as far as they make sense.

    They are looked at far more often than they change.
    """
    return _read_claim(tuple(tags.items()))


@lru_cache(maxsize=64)
def _read_claim(entries: tuple[tuple[str, str], ...]) -> Claim:
    tags = dict(entries)
    stack_id, created = tags.get(Tag.STACK_ID, ""), tags.get(Tag.PROJECT_CREATED, "")
    if not STACK_ID.fullmatch(stack_id):
        stack_id = ""
    return Claim(
        stack_id=stack_id or None,
        holders=dict(_holders(tags, stack_id)) if stack_id else {},
        strays=_strays(tags, stack_id) if stack_id else (),
        of_duty=tuple(str(key) for key in (Tag.DUTY, Tag.STOP_AT) if key in tags) if stack_id else (),
        kept_off=(memory := read_record(tags.get(Tag.DUTY, ""))) is not None and not memory.on,
        project_created=created if CREATED.fullmatch(created) else None,
        start_seconds=_read_start_seconds(tags.get(Tag.START_SECONDS, "")),
    )


def _strays(tags: Mapping[str, str], stack_id: str) -> tuple[str, ...]:
    own = _holder_prefix(stack_id)
    return tuple(key for key in tags if key.startswith(str(Tag.HOLDER)) and not key.startswith(own))


def _holders(tags: Mapping[str, str], stack_id: str) -> Iterable[tuple[Owner, Holder]]:
    prefix = _holder_prefix(stack_id)
    for key, value in tags.items():
        match = _HOLDER.fullmatch(value) if key.startswith(prefix) else None
        units = _read_units(match["units"]) if match else None
        former = _read_units(match["former"] or match["units"]) if match else None
        if match and units is not None and former is not None:
            owner = Owner(stack_id, (match["first"] or "") + key.removeprefix(prefix))
            failed, adopted = match["verdict"] == "failed", match["was"] == "adopted"
            yield (
                owner,
                Holder(float(match["t"]), units, failed, adopted, former if former != units else None),
            )


def holder_key(owner: Owner) -> str:
    """The key of the tag that a holder writes.

    Holders of two stacks never share one, even where both claim a model within the same seconds.
    """
    return _holder_prefix(owner.stack_id) + owner.logical_id[-_KEY_ROOM:]


def _holder_prefix(stack_id: str) -> str:
    return f"{Tag.HOLDER}{_digest(stack_id)}."


def claim_tags(owner: Owner, holder: Holder, project_created: str | None) -> dict[str, str]:
    """The tags that make a resource a holder, and its stack the owner."""
    verdict, was = "failed" if holder.failed else "open", "adopted" if holder.adopted else "started"
    first = owner.logical_id[:-_KEY_ROOM]
    units = str(holder.units) + (f"/{holder.former}" if holder.former is not None else "")
    value = f"{holder.t:.6f} {units} {verdict} {was}" + (f" {first}" if first else "")
    tags = {str(Tag.STACK_ID): owner.stack_id, holder_key(owner): value}
    if project_created is not None:
        tags[str(Tag.PROJECT_CREATED)] = project_created
    return tags


def release_keys(claim: Claim, owner: Owner, gone: Iterable[Owner] = (), *, last: bool = True) -> list[str]:
    """What a holder removes when it goes, the leavings of those that are ``gone`` with it.

    The last one takes the stack's claim along, ``last`` if nobody is about to hold it, and what stacks before
    it have left, and what was asked by its guards. What the last start took, and what people said, stays.
    """
    leaving = {owner, *gone}
    keys = [holder_key(each) for each in (owner, *gone) if each in claim.holders]
    if last and not set(claim.holders) - leaving:
        keys += [str(Tag.STACK_ID), str(Tag.PROJECT_CREATED), *claim.strays, *claim.of_duty]
    return keys


@lru_cache(maxsize=64)
def _digest(stack_id: str) -> str:
    return hashlib.sha256(stack_id.encode()).hexdigest()[:_DIGEST_LENGTH]


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
