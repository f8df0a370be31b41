"""What the invariants share: how a violation is told, and what happened of late to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from simulator.invariants.duties import Duties
from simulator.invariants.truth import Truth, last_start
from simulator.kernel import EPOCH
from simulator.monitor import Monitor
from simulator.rekognition import Model
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.world import World


@dataclass(frozen=True, slots=True)
class Violation:
    """A guarantee that did not hold."""

    guarantee: str
    at: float
    text: str

    def __str__(self) -> str:
        return f"{self.guarantee} at {self.at - EPOCH:.2f} s: {self.text}"


class Invariant(Monitor):
    """Watches a world; what it finds goes into one list for all invariants."""

    guarantee: ClassVar[str]

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        self.world = world
        self.violations = violations
        self.truth = truth
        self.duties = Duties(world, truth)

    def violated(self, text: str, at: float | None = None) -> None:
        """The guarantee does not hold; ``at``: since when, if not now."""
        moment = self.world.kernel.now if at is None else at
        self.violations.append(Violation(self.guarantee, moment, text))

    def at_the_end(self, quiet: bool) -> None:
        """The history is over; ``quiet`` if nothing is at work any more."""

    # --- what they ask ------------------------------------------------------------------------------

    def leaves_running(self, request: Request, model: Model) -> bool:
        """Whether a request that fails leaves running what it has started, and nobody else has or wants.

        Not where another request has started it, or a late one of the same resource still works, or another
        delivery of the same: CloudFormation can't tell two apart that declare the same, so neither knows that
        it is the late one. It learns of the end too, and the roll-back finds what others have started.
        """
        started = last_start(model)
        if not model.bills or started is None or started.by is not request:
            return False
        if self.truth.is_retained(model.plan.arn):
            # Another resource was deleted without it, as its template says.
            return False
        if request.owner not in self.truth.holders(model):
            return False
        if next(self.truth.others_with(request.owner, model.plan.arn), None) is not None:
            return False
        return request.running < 2 and not any(
            other is not request and other.running and not other.waiting
            for other in self.truth.requests_of(request.owner)
        )


def touched_by_others(model: Model, since: float, request: Request) -> bool:
    """Whether somebody else has started, stopped or deleted a model since a moment."""
    if any(change.at >= since and change.by is not request for change in model.changes):
        return True
    return model.status is None and model.now.at >= since
