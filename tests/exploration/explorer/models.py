"""Rekognition: what the models are, how old a view of them may be, and who has acted on them.

Which statuses Start and Stop are taken in is as in ``simulator.rekognition``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from explorer.duty_texts import KEPT_OFF, older
from explorer.minds import Tags

STOPPED: Final = "STOPPED"
STARTING: Final = "STARTING"
RUNNING: Final = "RUNNING"
STOPPING: Final = "STOPPING"
FAILED: Final = "FAILED"
BILLS: Final = (STARTING, RUNNING, STOPPING)
NOBODY: Final = -1
SCHEDULE: Final = 1_000
"""Who has acted where it was a sweep, and no request."""


class Model(NamedTuple):
    """A project version."""

    status: str = STOPPED
    units: int = 0
    before: tuple[str, int] | None = None
    """Status and units that may still show."""
    age: int = 0
    """For how many steps of time it is as it is, where that counts."""
    tags: Tags = ()
    tags_before: Tags | None = None
    tags_age: int = 0
    unwanted: int = 0
    """For how many steps of time no resource has wanted it, where that counts."""
    stopped_by: int = NOBODY
    """The request that stopped it last, as long as that is news."""
    stop_age: int = 0
    started_by: int = NOBODY
    rounds: int = 0
    """How often that request has stopped and started it again."""
    stopped_since: bool = False
    """Whether that request has stopped it since."""
    off: bool = False
    """Whether a person has said that it is off for a while, which it obeys where it has a guard."""
    turned: int = 0
    """How many steps of time ago that was said or taken back, where that counts."""
    turns: bool = False
    """Whether that has happened in this history."""
    failed_for: tuple[tuple[int, int], ...] = ()
    """The requests whose start has ended FAILED, and with how many units, once for each such start."""

    @property
    def bills(self) -> bool:
        """Whether it is not at rest."""
        return self.status in BILLS

    def runs_with(self, units: int) -> bool:
        """Whether it is RUNNING with these."""
        return self.status == RUNNING and self.units == units


class ModelSteps:
    """What happens to a model; steps of time as in the scene."""

    def __init__(
        self,
        lag: int,
        age_max: int,
        duty_age_max: int,
        memory_age_max: int,
        *,
        guarded: bool,
        stops_while_starting: bool,
    ) -> None:
        self._lag = lag
        self._age_max = age_max
        self._duty_age_max = duty_age_max
        self._memory_age_max = memory_age_max
        self._tags_age_max = lag + (2 if guarded else 1)
        self._stops_while_starting = stops_while_starting

    def first(self, *, off: bool) -> Model:
        """A model at rest that nobody has had; ``off``: a person has said so long ago."""
        tags = with_tags((), KEPT_OFF) if off else ()
        duty = Model(off=off, turned=self._duty_age_max, tags=tags)
        return duty._replace(age=self._lag + 1, tags_age=self._tags_age_max, unwanted=self._age_max)

    def started(self, model: Model, units: int, by: int) -> Model | None:
        """StartProjectVersion; None where it is refused."""
        if model.status not in (STOPPED, FAILED):
            return None
        again = model.started_by == by and model.stopped_since
        rounds = model.rounds + again if model.started_by == by else 0
        return self._moved(model, STARTING, units)._replace(started_by=by, rounds=rounds, stopped_since=False)

    def stopped(self, model: Model, by: int) -> Model | None:
        """StopProjectVersion; None where it is refused."""
        if model.status != RUNNING and not (model.status == STARTING and self._stops_while_starting):
            return None
        since = model.stopped_since or model.started_by == by
        return self._moved(model, STOPPING, model.units)._replace(
            stopped_by=by, stop_age=0, stopped_since=since
        )

    def ends(self, model: Model, *, may_fail: bool) -> list[Model]:
        """What a start or a stop may have come to, a step of time after it at the earliest."""
        if model.status == STOPPING and model.age:
            return [self._moved(model, STOPPED, 0)]
        if model.status == STARTING and model.age:
            failed = self._moved(model, FAILED, 0)
            failed = failed._replace(
                failed_for=tuple(sorted((*model.failed_for, (model.started_by, model.units))))
            )
            return [self._moved(model, RUNNING, model.units), *([failed] if may_fail else [])]
        return []

    def tagged(self, model: Model, tags: Tags) -> Model:
        """TagResource or UntagResource, with what it makes of the tags."""
        return model._replace(tags=tags, tags_before=model.tags, tags_age=0)

    def turned(self, model: Model) -> Model:
        """A person says that it is off, or takes that back."""
        key = next(iter(KEPT_OFF))
        tags = without_tags(model.tags, (key,)) if model.off else with_tags(model.tags, KEPT_OFF)
        return self.tagged(model, tags)._replace(off=not model.off, turned=0, turns=True)

    def older(self, model: Model, *, wanted: bool) -> Model:
        """A step of time later."""
        age, tags_age, stop_age = model.age + 1, model.tags_age + 1, model.stop_age + 1
        old = stop_age > self._age_max
        return model._replace(
            age=min(age, self._lag + 1),
            before=model.before if age <= self._lag else None,
            tags=older(model.tags, self._memory_age_max),
            tags_age=min(tags_age, self._tags_age_max),
            tags_before=(
                older(model.tags_before, self._memory_age_max)
                if model.tags_before is not None and tags_age <= self._lag
                else None
            ),
            turned=min(model.turned + 1, self._duty_age_max),
            unwanted=0 if wanted else min(model.unwanted + 1, self._age_max),
            stopped_by=NOBODY if old else model.stopped_by,
            stop_age=0 if old or model.stopped_by == NOBODY else stop_age,
        )

    @staticmethod
    def _moved(model: Model, status: str, units: int) -> Model:
        return model._replace(status=status, units=units, before=(model.status, model.units), age=0)


def with_tags(tags: Tags, put: dict[str, str]) -> Tags:
    """Tags with others added or overwritten."""
    return tuple(sorted({**dict(tags), **put}.items()))


def without_tags(tags: Tags, keys: tuple[str, ...]) -> Tags:
    """Tags without some of them."""
    return tuple((key, value) for key, value in tags if key not in keys)
