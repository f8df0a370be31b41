"""Rekognition Custom Labels: the status machine of project versions, its bill, and how answers lag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from local_aws.platform.rekognition import (
    AFTER_START,
    AFTER_STOP,
    COPIED,
    FAILED,
    NOT_DELETABLE,
    OVER_QUOTA,
    PERHAPS_NOT_DELETABLE,
    STARTABLE,
    STARTING,
    STOPPABLE,
    UNITS_MAX,
    UNKNOWN_RESOURCE,
)
from simulator.errors import ApiError
from simulator.kernel import Kernel
from simulator.plan import ModelPlan, Plan, StartEnd

PERSON: Final = "a person"
"""Who acts by hand."""

BILLING: Final = frozenset({"STARTING", "RUNNING", "STOPPING"})
"""Whether STARTING and STOPPING are billed is not documented; a model in them is not at rest."""


Units = tuple[int | None, int | None]
"""Minimum and effective maximum of inference units; None where they are not shown."""


def _units(minimum: int | None, maximum: int | None) -> Units:
    return minimum, maximum or minimum


@dataclass(frozen=True, slots=True)
class Look:
    """A project version as DescribeProjectVersions shows it."""

    at: float
    status: str | None
    """None: it does not exist."""
    minimum: int | None = None
    maximum: int | None = None
    message: str = ""

    @property
    def units(self) -> Units:
        """Minimum and effective maximum."""
        return _units(self.minimum, self.maximum)

    def runs_with(self, units: Units) -> bool:
        """Whether it is RUNNING with these."""
        return self.status == "RUNNING" and self.units == units


@dataclass(frozen=True, slots=True)
class Change:
    """A Start or a Stop that took effect."""

    at: float
    verb: str
    """"Start" or "Stop"."""
    by: object
    """A request, or a text for a person and for the janitor."""
    minimum: int | None
    maximum: int | None

    @property
    def units(self) -> Units:
        """Minimum and effective maximum."""
        return _units(self.minimum, self.maximum)


@dataclass(slots=True)
class Model:
    """A project version."""

    plan: ModelPlan
    looks: list[Look]
    """All that it ever was; the last one is the truth."""
    tags: list[tuple[float, Mapping[str, str]]]
    starts: int = 0
    epoch: int = 0
    changes: list[Change] = field(default_factory=list)
    """Every Start and Stop that took effect."""
    tagged: list[tuple[float, object]] = field(default_factory=list)
    """When tags were put on it, and by what request."""

    @property
    def now(self) -> Look:
        """What it is."""
        return self.looks[-1]

    @property
    def status(self) -> str | None:
        """Its true status."""
        return self.looks[-1].status

    @property
    def bills(self) -> bool:
        """Whether it is not at rest."""
        return self.looks[-1].status in BILLING

    @property
    def true_tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.tags[-1][1]

    def look_at(self, moment: float) -> Look:
        """What it was at a moment."""
        for look in reversed(self.looks):
            if look.at <= moment:
                return look
        return self.looks[0]

    def tags_at(self, moment: float) -> Mapping[str, str]:
        """The tags that it had at a moment."""
        for at, tags in reversed(self.tags):
            if at <= moment:
                return tags
        return self.tags[0][1]


def _startable(plan: ModelPlan) -> frozenset[str]:
    taken = {FAILED: plan.start_when_failed, COPIED: plan.start_when_copied}
    return STARTABLE.union((status for status, is_so in taken.items() if is_so), plan.also_startable)


def _stoppable(plan: ModelPlan) -> frozenset[str]:
    taken = {STARTING: plan.stop_while_starting, FAILED: plan.stop_when_failed}
    return STOPPABLE.union((status for status, is_so in taken.items() if is_so), plan.also_stoppable)


def _wrong_status(model: Model) -> ApiError:
    return ApiError(model.plan.wrong_status_error, f"The model is {model.status}.")


class Rekognition:
    """The service. Every method is the effect of a call at the moment that it reaches the service."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        *,
        acted: Callable[[Model, Change], None],
        moved: Callable[[Model, str | None, str | None], None],
    ) -> None:
        self._kernel = kernel
        self._plan = plan
        self._acted = acted
        self._moved = moved
        self.models: dict[str, Model] = {}
        self._versions: dict[tuple[str, str], Model] = {}
        self.projects = {model.project: model.project_arn for model in plan.models}
        for one in plan.models:
            looks = [Look(kernel.now, one.status)]
            model = self.models[one.arn] = Model(one, looks, [(kernel.now, {})])
            self._versions.setdefault((one.project_arn, one.name), model)

    # --- reading ------------------------------------------------------------------------------------

    def project_arn(self, name: str) -> str | None:
        """DescribeProjects for one name."""
        return self.projects.get(name)

    def describe(self, project_arn: str, version: str, lag: float) -> tuple[ModelPlan, Look] | None:
        """DescribeProjectVersions for one name."""
        model = self._versions.get((project_arn, version))
        if model is not None:
            look = model.look_at(self._kernel.now - lag) if lag else model.looks[-1]
            return (model.plan, look) if look.status is not None else None
        if project_arn not in self.projects.values():
            raise ApiError(UNKNOWN_RESOURCE, f"The project {project_arn} does not exist.")
        return None

    def describe_all(self, project_arn: str, lag: float) -> list[tuple[ModelPlan, Look]]:
        """DescribeProjectVersions for a whole project."""
        seen = [
            (model.plan, model.look_at(self._kernel.now - lag))
            for (project, _), model in self._versions.items()
            if project == project_arn
        ]
        return [(plan, look) for plan, look in seen if look.status is not None]

    def list_tags(self, arn: str, lag: float) -> Mapping[str, str]:
        """ListTagsForResource."""
        return self._existing(arn).tags_at(self._kernel.now - lag)

    # --- writing ------------------------------------------------------------------------------------

    def start(self, arn: str, minimum: int, maximum: int | None, by: object) -> None:
        """StartProjectVersion."""
        model = self._existing(arn)
        if model.plan.feature != "CUSTOM_LABELS":
            raise ApiError("InvalidParameterException", "Only Custom Labels models can be started.")
        if model.plan.start_when_running and model.status in AFTER_START:
            return
        if model.status not in _startable(model.plan):
            raise _wrong_status(model)
        counted = {"RUNNING"}
        if self._plan.quota_counts_starting:
            counted.add("STARTING")
        if self._plan.quota_counts_stopping:
            counted.add("STOPPING")
        busy = sum(1 for other in self.models.values() if other.status in counted)
        if busy >= self._plan.running_quota:
            raise ApiError(OVER_QUOTA, "Too many running models.")
        if (maximum or minimum) > UNITS_MAX:
            raise ApiError(OVER_QUOTA, "Too many inference units.")
        start = model.plan.starts[min(model.starts, len(model.plan.starts) - 1)]
        model.starts += 1
        self._act(model, Change(self._kernel.now, "Start", by, minimum, maximum))
        self._move(model, AFTER_START[0], minimum, maximum)
        if start.end is not StartEnd.NEVER:
            self._later(model, start.seconds, str(start.end))

    def stop(self, arn: str, by: object) -> None:
        """StopProjectVersion."""
        model = self._existing(arn)
        if model.status in _stoppable(model.plan):
            self._act(model, Change(self._kernel.now, "Stop", by, model.now.minimum, model.now.maximum))
            self._move(model, AFTER_STOP[0], model.now.minimum, model.now.maximum)
            self._later(model, model.plan.stop_seconds, AFTER_STOP[1])
        elif not (model.plan.stop_when_stopped and model.status in AFTER_STOP):
            raise _wrong_status(model)

    def tag(self, arn: str, tags: Mapping[str, str], by: object = None) -> None:
        """TagResource."""
        model = self._taggable(arn)
        model.tags.append((self._kernel.now, {**model.true_tags, **tags}))
        model.tagged.append((self._kernel.now, by))

    def untag(self, arn: str, keys: list[str]) -> None:
        """UntagResource."""
        model = self._taggable(arn)
        left = {key: value for key, value in model.true_tags.items() if key not in keys}
        model.tags.append((self._kernel.now, left))

    def delete(self, arn: str) -> None:
        """DeleteProjectVersion: refused while it runs or trains (CL tm-delete-model)."""
        model = self._existing(arn)
        if model.status in NOT_DELETABLE | PERHAPS_NOT_DELETABLE:
            raise _wrong_status(model)
        self._move(model, None, None, None)

    # --- time ---------------------------------------------------------------------------------------

    def _existing(self, arn: str) -> Model:
        model = self.models.get(arn)
        if model is None or model.status is None:
            raise ApiError(UNKNOWN_RESOURCE, f"The resource {arn} does not exist.")
        return model

    def _taggable(self, arn: str) -> Model:
        model = self._existing(arn)
        if model.status in model.plan.tagging_refused_while:
            raise ApiError("InvalidParameterException", f"The model is {model.status}.")
        return model

    def _act(self, model: Model, change: Change) -> None:
        self._acted(model, change)
        model.changes.append(change)

    def _later(self, model: Model, seconds: float, status: str) -> None:
        self._kernel.after(seconds, self._due, model, model.epoch, status)

    def _due(self, model: Model, epoch: int, status: str) -> None:
        if model.epoch != epoch:
            return
        keeps = status == "RUNNING" or model.plan.shows_units_at_rest
        self._move(model, status, model.now.minimum if keeps else None, model.now.maximum if keeps else None)

    def _move(self, model: Model, status: str | None, minimum: int | None, maximum: int | None) -> None:
        before, now = model.looks[-1], self._kernel.now
        model.epoch += 1
        message = model.plan.message if status == "FAILED" else ""
        model.looks.append(Look(now, status, minimum, maximum, message))
        self._moved(model, before.status, status)
