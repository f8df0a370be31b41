"""One call of one sweep, and all that may come of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from explorer.left import REFUSE, STALE
from explorer.models import NOBODY, SCHEDULE, Model, with_tags
from explorer.scenes import MODELS
from explorer.stack import first_new
from explorer.sweepers import CHANGES, Asks, Call, Refused, Sweeper, written
from running_model_handler.core.errors import ErrorKind

if TYPE_CHECKING:
    from explorer.world import World

Outcome = tuple[object, tuple[int, int], str, int]
"""What it was told, the models and the sweep afterwards, what that violates, and the fault."""
_NO_ANSWER: Final = Refused(ErrorKind.UNCERTAIN, "ServiceUnavailable")
_THROTTLED: Final = Refused(ErrorKind.THROTTLED, "ThrottlingException")
_IN_USE: Final = Refused(ErrorKind.CHANGED, "ResourceInUseException")
_OVER_QUOTA: Final = Refused(ErrorKind.QUOTA, "LimitExceededException")


class SweepCalls:
    """What may come of the calls of the sweeps of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._memo: dict[tuple[int, int, int, bool], list[Outcome]] = {}

    def outcomes(self, stack: int, models: int, number: int, *, alone: bool) -> list[Outcome]:
        """What may come of the next call of a sweep; ``alone``: nobody else is at work."""
        key = (stack, models, number, alone)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = list(_Call(self._world, stack, models, number, alone).outcomes())
        return found


class _Call:
    """One call."""

    def __init__(self, world: World, stack: int, models: int, number: int, alone: bool) -> None:
        self._world, self._sweepers, self._promises = world, world.sweepers, world.promises.duty
        self._number, self._models, self._alone = number, models, alone
        self._stack = world.stack(stack)
        self._events = world.minds.events(self._stack.events, self._stack.ages)
        self._one: Sweeper = self._sweepers.all[number]
        self._asks: Asks = self._sweepers.next(number)
        self._index = self._one.declared.model

    def outcomes(self) -> Iterator[Outcome]:
        if self._asks.call in CHANGES:
            yield from self._change()
            return
        for said, fault in self._answers():
            yield self._told(said, said, fault=fault)
        yield self._told("no answer", _NO_ANSWER, fault=REFUSE)
        yield self._told("throttled", _THROTTLED, fault=REFUSE)

    def _answers(self) -> Iterator[tuple[Any, int]]:
        """What a call that reads may be shown: what is so, or what was so."""
        stack, model = self._stack, self._world.models(self._models)[self._index]
        now: Any
        before: Any
        match self._asks.call:
            case Call.TAGS:
                now, before = model.tags, model.tags_before
            case Call.LOOK:
                now, before = (model.status, model.units), model.before
            case Call.RESOURCE:
                resource = stack.resources[self._world.names.index(self._asks.about)]
                now, before = (resource.status, resource.physical), resource.before
            case _:
                now, lag = len(stack.events), self._world.scene.lag_steps
                before = first_new(stack) if stack.ages and stack.ages[-1] <= lag else None
                before = before or None
        yield now, NOBODY
        if before is not None and before != now:
            yield before, STALE

    def _told(
        self, said: object, answer: object, *, models: int | None = None, wrong: str = "", fault: int = NOBODY
    ) -> Outcome:
        after = self._sweepers.told(self._number, self._events, answer)
        following = self._sweepers.next(after)
        if following.call == Call.CRASHES:
            wrong = wrong or f"G4: a sweep of {self._one.logical} raises {following.about}"
        if following.call in (Call.ENDS, Call.FAILS):
            wrong = wrong or self._ended(after)
        ends = following.call in (Call.ENDS, Call.FAILS, Call.CRASHES)
        return said, (self._models if models is None else models, NOBODY if ends else after), wrong, fault

    def _ended(self, number: int) -> str:
        told = self._sweepers.all[number].told
        acted = any(each.call in (Call.START, Call.STOP) or isinstance(each.said, Refused) for each in told)
        if acted or self._one.due or not self._alone:
            return ""
        model = self._world.models(self._models)[self._index]
        logical, arn = self._one.logical, MODELS[self._index]
        return self._promises.ended(self._stack, model, logical, arn)

    # --- changing -----------------------------------------------------------------------------------

    def _change(self) -> Iterator[Outcome]:
        models = self._world.models(self._models)
        after, wrong = self._effect(models[self._index])
        if after is None:
            over = self._asks.call == Call.START and not models[self._index].bills
            yield self._told("refused", _OVER_QUOTA if over else _IN_USE)
            return
        changed = self._world.number_of((*models[: self._index], after, *models[self._index + 1 :]))
        yield self._told("", None, models=changed, wrong=wrong)
        yield self._told("the answer is lost", _NO_ANSWER, models=changed, wrong=wrong, fault=REFUSE)
        yield self._told("no answer, and no effect", _NO_ANSWER, fault=REFUSE)
        yield self._told("throttled", _THROTTLED, fault=REFUSE)

    def _effect(self, before: Model) -> tuple[Model | None, str]:
        steps, logical, arn = self._world.model_steps, self._one.logical, MODELS[self._index]
        after: Model | None
        match self._asks.call:
            case Call.NOTE:
                put = written(self._asks, self._one, self._world.minds)
                wrong = self._promises.notes(self._stack, logical, arn, self._asks.about)
                return steps.tagged(before, with_tags(before.tags, put)), wrong
            case Call.START:
                units = int(self._asks.about)
                after = (
                    None
                    if self._world.over_quota(self._models, self._index)
                    else steps.started(before, units, SCHEDULE)
                )
                wrong = (
                    "" if after is None else self._promises.start(self._stack, before, after, logical, arn)
                )
            case _:
                after = steps.stopped(before, SCHEDULE)
                wrong = "" if after is None else self._promises.stop(self._stack, before, logical, arn)
        return after, wrong
