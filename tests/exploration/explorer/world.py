"""The whole small world: its states, and for each of them whatever may happen next.

A state is a tuple of numbers: of the stack, of the models, of what each delivery knows. What happens to a
part is worked out once for each part, so that most of the work is looking things up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from explorer.left import (
    DUPLICATE,
    FAIL,
    HAND_OVER,
    KILL,
    LATE,
    NOTHING_LEFT,
    REFUSE,
    SLOW,
    STALE,
    SWEEP,
    TIME_OUT,
    TURN,
    Left,
    left_at_first,
    spent,
    without,
)
from explorer.minds import Crash, Mind, Minds, observation, resource_view
from explorer.models import NOBODY, Model, ModelSteps, with_tags, without_tags
from explorer.promises import Promises
from explorer.resources import is_wanted
from explorer.scenes import MODELS, NAMES, UNLIMITED, Declared, Scene
from explorer.stack import WAITING, Stack, StackSteps, first_new
from explorer.sweep_calls import SweepCalls
from explorer.sweepers import CHANGES, Call, Sweepers
from running_model_handler.core.actions import (
    Answer,
    AskClaim,
    AskOwner,
    AskStack,
    Look,
    Pause,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.errors import ErrorKind
from running_model_handler.core.names import Tag

_ON_ITS_WAY: Final = -1
_ARRIVES: Final = -2
SWEEPER: Final = -1
"""In the place of a request."""

Runner = tuple[int, int, int, bool]
"""A delivery at work: its request, what it knows, the steps it has slept, whether it was handed over."""
State = tuple[int, int, tuple[Runner, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], Left]
"""Stack, models, runners, deliveries that are due, those that wait, requests delivered twice, faults left."""
Step = tuple[tuple[Any, ...], State, str]
"""What happens, what comes of it, and what that violates."""


class Table:
    """Numbers for values."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """The number of a value."""
        number = self._numbers.setdefault(value, len(self.all))
        if number == len(self.all):
            self.all.append(value)
        return number


class World:
    """One scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        names = tuple(name for name in NAMES if any(name in dict(each.template) for each in scene.operations))
        self.promises = Promises(scene, names)
        guarded = bool(scene.guarded)
        self.minds = Minds(scene.step_seconds, guarded=guarded, several=len(names) > 1)
        self.sweepers = Sweepers(self.minds)
        lag = scene.lag_steps
        self._lag = lag
        self.names = names
        self._stack_steps = StackSteps(
            scene.operations,
            names,
            lag,
            self.minds.event_age_max,
            self.promises.known_cut_off,
            all_count=guarded,
        )
        age_max = self.promises.unwanted_max + 1
        duty_age_max = self.promises.duty.known + 1 if guarded else 0
        self.model_steps = ModelSteps(
            lag,
            age_max,
            duty_age_max,
            self.minds.event_age_max,
            guarded=guarded,
            stops_while_starting=scene.stops_while_starting,
        )
        self._stacks = Table()
        self._models = Table()
        self._memo: dict[Any, Any] = {}
        self._sweep_calls = SweepCalls(self)
        self._at_rest: dict[tuple[int, int], str] = {}
        faults = scene.faults
        self._taken: dict[tuple[int, int], str] = {}
        models = tuple(
            self.model_steps.first(off=faults.off and index in scene.guarded) for index in range(scene.models)
        )
        begin = self._settled(self._stacks.number(self._stack_steps.first), self._models.number(models))
        self.first: State = (*begin, (), (), (), (), left_at_first(faults))

    def stack(self, number: int) -> Stack:
        """A stack by its number."""
        stack: Stack = self._stacks.all[number]
        return stack

    def models(self, number: int) -> tuple[Model, ...]:
        """The models by their number."""
        models: tuple[Model, ...] = self._models.all[number]
        return models

    def number_of(self, models: tuple[Model, ...]) -> int:
        """The number of what the models are."""
        return self._models.number(models)

    def over_quota(self, number: int, index: int) -> bool:
        """Whether a model can't run beside those that do at this moment."""
        models = self.models(number)
        busy = sum(1 for other, model in enumerate(models) if model.bills and other != index)
        return not models[index].bills and busy >= self.scene.quota

    def _settled(self, stack: int, models: int) -> tuple[int, int]:
        """Stack and models after the operations that have succeeded long ago, in the shortest way."""
        state: State = (stack, models, (), (), (), (), NOTHING_LEFT)
        if not self.scene.settled:
            return stack, models
        queue, met = deque([state]), {state}
        while queue:
            state = queue.popleft()
            stack_now = self.stack(state[0])
            done = stack_now.operation == self.scene.settled and "ROLLBACK" not in stack_now.status
            if done and stack_now.status.endswith("_COMPLETE") and not any(state[2:6]):
                break
            if stack_now.operation < self.scene.settled:
                new = [after for _, after, _ in self.steps(state) if after not in met]
                met.update(new)
                queue.extend(new)
        while self._later(state) != state:
            state = self._later(state)
        return state[:2]

    # --- what may happen ----------------------------------------------------------------------------

    def steps(self, state: State) -> Iterator[Step]:
        """Whatever may happen next."""
        stack, models, runners, due, waiting, twice, left = state
        if due:
            # Commutes with all else.
            yield from self._due(state)
            return
        for label, after, new in self._stack_may(stack):
            yield (label,), (after, models, runners, new, waiting, twice, left), ""
        yield from self._models_move(state)
        taken = self._another_takes(stack, models)
        if taken:
            yield ("another stack takes a model",), state, taken
        yield from self._deliveries(state)
        yield from self._duty_turns(state)
        yield from self._sweeps_begin(state)
        ready, stack_now = False, self.stack(stack)
        for index, runner in enumerate(runners):
            if index and runners[index - 1] == runner:
                continue
            others = runners[:index] + runners[index + 1 :]
            if runner[0] == SWEEPER:
                asleep = runner[2] == _ON_ITS_WAY or self.sweepers.next(runner[1]).call == Call.PAUSE
                ready = ready or not asleep
                yield from () if asleep else self._sweeps(state, runner, others)
                continue
            asleep = runner[2] == _ON_ITS_WAY or self.minds.all[runner[1]].steps > 0
            ready = ready or not asleep
            if not asleep:
                yield from self._acts(state, runner, others)
            elif left[HAND_OVER] and runner[2] >= 0:
                yield from self._hands_over(state, runner, others)
            in_time = stack_now.requests[runner[0]].outcome == WAITING
            if left[TIME_OUT] and in_time and runner[2] >= 0 and self.minds.may_run_out_of_time(runner[1]):
                yield self._out_of_time(state, runner, others)
        if not ready and not self._overdue(stack):
            later = self._later(state)
            if later != state:
                yield ("a step of time",), later, ""

    def at_rest(self, state: State) -> str:
        """What is wrong with a state in which nothing is under way; empty for all others."""
        stack_number, models_number, runners, due, waiting, *_ = state
        if runners or due or waiting:
            return ""
        key = (stack_number, models_number)
        wrong = self._at_rest.get(key)
        if wrong is None:
            stack, models = self.stack(stack_number), self.models(models_number)
            moves = any(model.status in ("STARTING", "STOPPING") for model in models)
            wrong = self.promises.at_rest(stack, models) if stack.at_rest and not moves else ""
            self._at_rest[key] = wrong
        return wrong

    def _another_takes(self, stack: int, models: int) -> str:
        """What is wrong if another stack declares, at this moment, a model that shows no claim."""
        wrong = self._taken.get((stack, models))
        if wrong is None:
            found = (
                self.promises.taken(self.stack(stack), index)
                for index, model in enumerate(self.models(models))
                if Tag.STACK_ID not in dict(model.tags)
            )
            wrong = self._taken[stack, models] = next(filter(None, found), "")
        return wrong

    def _stack_may(self, number: int) -> list[tuple[str, int, tuple[int, ...]]]:
        key = ("stack", number)
        found: list[tuple[str, int, tuple[int, ...]]] | None = self._memo.get(key)
        if found is None:
            found = [
                (label, self._stacks.number(after._replace(new=())), after.new)
                for label, after in self._stack_steps.steps(self.stack(number))
            ]
            self._memo[key] = found
        return found

    def _models_move(self, state: State) -> Iterator[Step]:
        left = state[6]
        may_fail = left[FAIL] > 0
        key = ("models", state[1], may_fail)
        found: list[tuple[str, int, bool]] | None = self._memo.get(key)
        if found is None:
            found = []
            models = self.models(state[1])
            for index, model in enumerate(models):
                for after in self.model_steps.ends(model, may_fail=may_fail):
                    number = self._models.number((*models[:index], after, *models[index + 1 :]))
                    label = f"v{index + 1} is {after.status}"
                    found.append((label, number, after.status == "FAILED"))
            self._memo[key] = found
        for label, number, failed in found:
            after_left = left
            if failed and left[FAIL] < UNLIMITED:
                after_left = without(left, FAIL)
            yield (label,), (state[0], number, *state[2:6], after_left), ""

    # --- deliveries ---------------------------------------------------------------------------------

    def _due(self, state: State) -> Iterator[Step]:
        stack, models, runners, due, waiting, twice, left = state
        request, due = due[0], due[1:]
        yield (
            ("begins", request),
            (stack, models, self._with(runners, self._fresh(stack, request)), due, waiting, twice, left),
            "",
        )
        paid = spent(left, LATE)
        if paid is not None:
            waiting = tuple(sorted((*waiting, request)))
            yield ("waits in the queue", request), (stack, models, runners, due, waiting, twice, paid), ""

    def _deliveries(self, state: State) -> Iterator[Step]:
        stack, models, runners, due, waiting, twice, left = state
        for index, request in enumerate(waiting):
            if index and waiting[index - 1] == request:
                continue
            rest = waiting[:index] + waiting[index + 1 :]
            after = self._with(runners, self._fresh(stack, request))
            yield ("begins", request), (stack, models, after, due, rest, twice, left), ""
        paid = spent(left, DUPLICATE)
        if paid is None:
            return
        for request in range(len(self.stack(stack).requests)):
            named = self.scene.faults.duplicated
            if request not in twice and request not in waiting and (not named or request in named):
                after = self._with(runners, self._fresh(stack, request))
                again = tuple(sorted((*twice, request)))
                yield ("begins again", request), (stack, models, after, due, waiting, again, paid), ""

    def _fresh(self, stack: int, request: int) -> Runner:
        key = ("fresh", stack, request)
        mind = self._memo.get(key)
        if mind is None:
            mind = self._memo[key] = self._begun(stack, request)
        return (request, mind, 0, False)

    def _begun(self, stack: int, request: int) -> int:
        sent = self.stack(stack).requests[request]
        return self.minds.fresh(sent.spec, sent.age)

    @staticmethod
    def _with(runners: tuple[Runner, ...], runner: Runner) -> tuple[Runner, ...]:
        return tuple(sorted((*runners, runner)))

    def _hands_over(self, state: State, runner: Runner, others: tuple[Runner, ...]) -> Iterator[Step]:
        paid = spent(state[6], HAND_OVER)
        if paid is not None:
            request, mind, slept, _ = runner
            after = self._with(others, (request, self.minds.handed_over(mind, slept), 0, True))
            yield ("is handed over", request), (*state[:2], after, *state[3:6], paid), ""

    def _out_of_time(self, state: State, runner: Runner, others: tuple[Runner, ...]) -> Step:
        request, mind, slept, handed = runner
        stack = self._stacks.number(self._stack_steps.out_of_time(self.stack(state[0]), request))
        after = self._with(others, (request, self.minds.out_of_time(mind, slept), 0, handed))
        left = without(state[6], TIME_OUT)
        return ("is out of time", request), (stack, state[1], after, *state[3:6], left), ""

    # --- duty and sweeps ----------------------------------------------------------------------------

    def _duty_turns(self, state: State) -> Iterator[Step]:
        if not state[6][TURN]:
            return
        left, models = without(state[6], TURN), self.models(state[1])
        for index in self.scene.guarded:
            after = self.model_steps.turned(models[index])
            number = self._models.number((*models[:index], after, *models[index + 1 :]))
            label = f"a person says that v{index + 1} is off for a while" if after.off else "it is taken back"
            yield (label,), (state[0], number, *state[2:6], left), ""

    def _sweeps_begin(self, state: State) -> Iterator[Step]:
        if not state[6][SWEEP]:
            return
        left = without(state[6], SWEEP)
        for logical, declared, due in self._schedules(state[0]):
            begun = (SWEEPER, self.sweepers.begun(logical, declared, due), 0, False)
            after = self._with(state[2], begun)
            label = ("a sweep begins", SWEEPER, logical, f"v{declared.model + 1}")
            yield label, (*state[:2], after, *state[3:6], left), ""

    def _schedules(self, number: int) -> list[tuple[str, Declared, int]]:
        """What a schedule that wakes the function was made for, and how many steps of time ago it was due.

        CloudFormation changes a schedule earlier or later than the resource. What it was before, or was never
        to be, only an event tells after the operation that Lambda has kept back.
        """
        key = ("schedules", number)
        found: list[tuple[str, Declared, int]] | None = self._memo.get(key)
        if found is None:
            stack = self.stack(number)
            unsettled = not stack.at_rest or not stack.status.endswith("_COMPLETE")
            # Of what is declared a sweep looks at the model, its units and the guards alone.
            declared = dict.fromkeys(
                (event.logical, Declared(event.declared.model, event.declared.units, guarded=True))
                for event in stack.events
                if event.declared is not None and event.declared.guarded
            )
            found = []
            for name, shown in declared:
                resource = stack.resources[self.names.index(name)]
                now = resource.declared if resource.exists else None
                same = now is not None and Declared(now.model, now.units, guarded=now.guarded) == shown
                found.append((name, shown, 0 if same or unsettled else stack.ages[-1]))
            self._memo[key] = found
        return found

    def _sweeps(self, state: State, runner: Runner, others: tuple[Runner, ...]) -> Iterator[Step]:
        """A sweep makes its next call."""
        stack, models, _, due, waiting, twice, left = state
        _, number, slept, _ = runner
        calls = self._sweep_calls.outcomes(stack, models, number, alone=not others)
        for said, (after_models, after_number), wrong, fault in calls:
            paid = left if fault == NOBODY else spent(left, fault)
            if paid is None:
                continue
            after = others
            if after_number != NOBODY:
                after = self._with(others, (SWEEPER, after_number, 0, False))
            label = ("sweeps", SWEEPER, number, said)
            yield label, (stack, after_models, after, due, waiting, twice, paid), wrong
        paid = spent(left, SLOW)
        acts = self.sweepers.next(number).call in CHANGES
        if paid is not None and slept != _ARRIVES and (acts or not self.scene.faults.slow_acts):
            after = self._with(others, (SWEEPER, number, _ON_ITS_WAY, False))
            yield ("sends", SWEEPER, number), (stack, models, after, due, waiting, twice, paid), ""
        paid = spent(left, KILL)
        if paid is not None and slept != _ARRIVES:
            yield ("is killed", SWEEPER), (stack, models, others, due, waiting, twice, paid), ""

    # --- time ---------------------------------------------------------------------------------------

    def _later(self, state: State) -> State:
        stack, models = self._parts_later(state[0], state[1])
        after = tuple(sorted(self.runner_later(runner) for runner in state[2]))
        return (stack, models, after, *state[3:])

    def runner_later(self, runner: Runner) -> Runner:
        """A delivery that lets time pass, a step of time later."""
        request, mind, slept, handed = runner
        if request == SWEEPER:
            later = self.sweepers.later(mind)
            return (request, later, _ARRIVES if slept == _ON_ITS_WAY else 0, handed)
        if slept == _ON_ITS_WAY:
            return (request, mind, _ARRIVES, handed)
        if slept + 1 >= self.minds.all[mind].steps:
            return (request, self.minds.woken(mind), 0, handed)
        return (request, mind, slept + 1, handed)

    def _overdue(self, number: int) -> bool:
        key = ("overdue", number)
        found: bool | None = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._stack_steps.overdue(self.stack(number))
        return found

    def _parts_later(self, stack_number: int, models_number: int) -> tuple[int, int]:
        key = ("later", stack_number, models_number)
        found: tuple[int, int] | None = self._memo.get(key)
        if found is None:
            stack = self.stack(stack_number)
            models = tuple(
                self.model_steps.older(model, wanted=is_wanted(stack, MODELS[index]))
                for index, model in enumerate(self.models(models_number))
            )
            later = self._stacks.number(self._stack_steps.older(stack))
            found = self._memo[key] = (later, self._models.number(models))
        return found

    # --- a delivery makes its call ------------------------------------------------------------------

    def _acts(self, state: State, runner: Runner, others: tuple[Runner, ...]) -> Iterator[Step]:
        stack, models, _, due, waiting, twice, left = state
        request, mind_number, slept, handed = runner
        mind = self.minds.all[mind_number]
        late = slept == _ARRIVES
        if isinstance(mind.action, Crash):
            yield ("crashes", request, mind.action.reason), state, f"G4: {mind.action.reason}"
            return
        for label, (after_stack, after_models, after_mind), wrong, fault in self._calls(
            stack, models, request, mind_number, late
        ):
            paid = left if fault == NOBODY else spent(left, fault)
            if paid is None:
                continue
            after = others
            if after_mind != NOBODY:
                after = self._with(others, (request, after_mind, 0, handed))
            yield label, (after_stack, after_models, after, due, waiting, twice, paid), wrong
        paid = spent(left, SLOW)
        acts = isinstance(mind.action, Answer | StartModel | StopModel | WriteClaim | RemoveClaim)
        if paid is not None and not late and (acts or not self.scene.faults.slow_acts):
            after = self._with(others, (request, mind_number, _ON_ITS_WAY, handed))
            yield ("sends", request, mind_number), (stack, models, after, due, waiting, twice, paid), ""
        paid = spent(left, KILL)
        if paid is not None and not handed and not late:
            queue = tuple(sorted((*waiting, request)))
            yield ("is killed", request), (stack, models, others, due, queue, twice, paid), ""

    def _calls(
        self, stack: int, models: int, request: int, mind_number: int, late: bool
    ) -> list[tuple[tuple[Any, ...], tuple[int, int, int], str, int]]:
        """What may come of a call: label, stack, models and mind afterwards, violation, and fault."""
        key = (stack, models, request, mind_number, late)
        found: list[tuple[tuple[Any, ...], tuple[int, int, int], str, int]] | None = self._memo.get(key)
        if found is None:
            call = _Call(self, stack, models, request, mind_number, late)
            found = self._memo[key] = list(call.outcomes())
        return found


_Outcome = tuple[tuple[Any, ...], tuple[int, int, int], str, int]


class _Call:
    """One call of one delivery, and all that may come of it."""

    def __init__(self, world: World, stack: int, models: int, request: int, mind: int, late: bool) -> None:
        self._world, self._minds = world, world.minds
        self._stack, self._models = stack, models
        self._request, self._number, self._late = request, mind, late
        self._mind: Mind = world.minds.all[mind]

    def outcomes(self) -> Iterator[_Outcome]:
        match self._mind.action:
            case AskStack():
                yield from self._ask_stack()
            case AskClaim(arn):
                yield from self._ask_claim(MODELS.index(str(arn)))
            case AskOwner(owner, _):
                yield from self._ask_owner(owner.logical_id)
            case Look(arn, _):
                yield from self._look(MODELS.index(str(arn)))
            case Answer() as answer:
                yield self._answer(answer)
            case _:
                yield from self._change()

    def _outcome(
        self, said: object, mind: int, *, models: int | None = None, wrong: str = "", fault: int = NOBODY
    ) -> _Outcome:
        label = ("calls", self._request, self._number, said)
        return label, (self._stack, self._models if models is None else models, mind), wrong, fault

    def _refused(self) -> _Outcome:
        mind = self._minds.failed(self._number, ErrorKind.UNCERTAIN, "ServiceUnavailable", self._late)
        return self._outcome("no answer", mind, fault=REFUSE)

    # --- reading ------------------------------------------------------------------------------------

    def _ask_stack(self) -> Iterator[_Outcome]:
        stack = self._world.stack(self._stack)
        events = self._minds.events(stack.events, stack.ages)
        count = len(stack.events)
        yield self._outcome("", self._minds.heard(self._number, events, count, self._late))
        lag = self._world.scene.lag_steps
        newest = stack.ages[-1]
        if newest <= lag:
            before = sum(1 for age in stack.ages[first_new(stack) :])
            if count - before > 0:
                mind = self._minds.heard(self._number, events, count - before, self._late)
                yield self._outcome("as it was", mind, fault=STALE)
        sent = stack.requests[self._request].spec
        if self._world.scene.faults.hides_deletions and sent.kind == "Delete":
            earlier = (each for each in range(sent.sent) if stack.events[each].logical == sent.logical)
            for shown in {sent.sent, max(earlier, default=sent.sent)}:
                mind = self._minds.heard(self._number, events, shown, self._late)
                yield self._outcome(f"as it was before event {shown}", mind)
        yield self._refused()

    def _ask_claim(self, index: int) -> Iterator[_Outcome]:
        model = self._world.models(self._models)[index]
        for tags, fault in ((model.tags, NOBODY), (model.tags_before, STALE)):
            if tags is not None and (fault == NOBODY or tags != model.tags):
                mind = self._minds.answered(
                    self._number,
                    tags,
                    self._late,
                    lambda mind, told=tags: self._minds.tags_told(mind, told),  # type: ignore[misc]
                )
                yield self._outcome(tags if fault == NOBODY else ("as they were", tags), mind, fault=fault)
        yield self._refused()

    def _ask_owner(self, logical: str) -> Iterator[_Outcome]:
        stack = self._world.stack(self._stack)
        resource = stack.resources[self._world.names.index(logical)]
        for view, fault in (((resource.status, resource.physical), NOBODY), (resource.before, STALE)):
            if view is not None:
                mind = self._minds.answered(
                    self._number,
                    view,
                    self._late,
                    lambda _, told=view: resource_view(*told),  # type: ignore[misc]
                )
                yield self._outcome(view if fault == NOBODY else ("as it was", view), mind, fault=fault)
        yield self._refused()

    def _look(self, index: int) -> Iterator[_Outcome]:
        model = self._world.models(self._models)[index]
        for look, fault in (((model.status, model.units), NOBODY), (model.before, STALE)):
            if look is not None:
                mind = self._minds.answered(
                    self._number,
                    look,
                    self._late,
                    lambda _, told=look: observation(*told),  # type: ignore[misc]
                )
                yield self._outcome(look if fault == NOBODY else ("as it was", look), mind, fault=fault)
        yield self._refused()

    # --- changing -----------------------------------------------------------------------------------

    def _change(self) -> Iterator[_Outcome]:
        changed, wrong = self._effect()
        if changed is None:
            kind, code = ErrorKind.CHANGED, "ResourceInUseException"
            if self._over_quota():
                kind, code = ErrorKind.QUOTA, "LimitExceededException"
            yield self._outcome(f"refused, {code}", self._minds.failed(self._number, kind, code, self._late))
            return
        mind = self._minds.answered(self._number, None, self._late, lambda _: None)
        if isinstance(self._mind.action, StartModel) and not wrong:
            wrong = self._world.promises.started(
                self._world.stack(self._stack), self._request, self._minds.all[mind].action
            )
        yield self._outcome("", mind, models=changed, wrong=wrong)
        lost = self._minds.failed(self._number, ErrorKind.UNCERTAIN, "ServiceUnavailable", self._late)
        yield self._outcome("the answer is lost", lost, models=changed, wrong=wrong, fault=REFUSE)
        yield self._outcome("no answer, and no effect", lost, fault=REFUSE)
        throttled = self._minds.failed(self._number, ErrorKind.THROTTLED, "ThrottlingException", self._late)
        yield self._outcome("throttled", throttled, fault=REFUSE)

    def _effect(self) -> tuple[int | None, str]:
        world, action = self._world, self._mind.action
        models, stack = world.models(self._models), world.stack(self._stack)
        index = MODELS.index(str(getattr(action, "arn", "")))
        before, wrong = models[index], ""
        after: Model | None
        match action:
            case WriteClaim():
                after = world.model_steps.tagged(
                    before, with_tags(before.tags, self._minds.tags_meant(self._mind, action))
                )
            case RemoveClaim(_, keys):
                after = world.model_steps.tagged(before, without_tags(before.tags, keys))
            case StartModel(_, units):
                after = world.model_steps.started(before, units.minimum, self._request)
                if self._over_quota():
                    after = None
                if after is not None:
                    wrong = world.promises.start(stack, before, after, index, self._request)
            case StopModel():
                after = world.model_steps.stopped(before, self._request)
                if after is not None:
                    wrong = world.promises.stop(stack, before, index, self._request)
            case _:
                raise AssertionError(f"{action} is not made in this world")
        if after is None:
            return None, ""
        return world.number_of((*models[:index], after, *models[index + 1 :])), wrong

    def _over_quota(self) -> bool:
        """Whether no other model may run at this moment."""
        action = self._mind.action
        if not isinstance(action, StartModel):
            return False
        return self._world.over_quota(self._models, MODELS.index(action.arn))

    def _answer(self, answer: Answer) -> _Outcome:
        world = self._world
        stack, models = world.stack(self._stack), world.models(self._models)
        wrong = world.promises.answer(stack, models, self._request, answer)
        spec = stack.requests[self._request].spec
        physical = answer.physical_id or spec.physical or spec.declared.arn
        admits = "stop-project-version" in answer.reason or ". Then: " in answer.reason
        after = world._stack_steps.answer(
            stack, self._request, physical, success=answer.succeeded, admits=admits
        )
        number = world._stacks.number(after)
        return ("calls", self._request, self._number, ""), (number, self._models, NOBODY), wrong, NOBODY


__all__ = ["NOBODY", "Pause", "Runner", "State", "Step", "World"]
