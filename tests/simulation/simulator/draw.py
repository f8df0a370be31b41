"""From a seed to a plan: lives of stacks as people lead them, with everything that can get in the way."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Final

from running_model_handler.core.names import ReplacementMode
from simulator.features import PLAIN_CLEAN_UP_TRIES
from simulator.guarding import with_guards
from simulator.janitor import ROUND_SECONDS
from simulator.plan import (
    EMPTY_FAULTS,
    ByHand,
    Declared,
    Faults,
    Hand,
    JanitorPlan,
    Kill,
    KillAt,
    ModelPlan,
    OnFailure,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)
from simulator.widening import widened

_PROJECTS: Final = ("parts", "parts", "labels")
_LAST_DELETE_SHARE: Final = 0.9
WIDE: Final = True
"""What ``draw`` does unless it is told: as people live, or a plain life alone."""


def draw(seed: int, *, wide: bool = WIDE, janitor: bool = False, guards: bool = False) -> Plan:
    """The plan of a seed; the same one every time.

    ``wide``: with all that people and AWS do beyond a plain life, see ``widening``.
    ``janitor``: the same, in an account that has a janitor. ``guards``: with guards, and schedules that look
    after them, see ``guarding``.
    """
    plan = _Draw(random.Random(f"plan {seed}"), seed).plan()
    plan = widened(plan) if wide else plan
    plan = with_guards(plan, random.Random(f"guards {seed}")) if guards else plan
    return replace(plan, janitor=_janitor(random.Random(f"janitor {seed}"))) if janitor else plan


def _janitor(chance: random.Random) -> JanitorPlan:
    """One whose invocations die now and then."""
    kills: tuple[Kill, ...] = ()
    if chance.random() < 0.3:
        kills = tuple(
            Kill(
                chance.randrange(15),
                chance.choice((KillAt.BEFORE_CALL, KillAt.AFTER_EFFECT)),
                min(int(chance.expovariate(1 / 5.0)), 30),
            )
            for _ in range(chance.choice((1, 1, 2, 4)))
        )
    return JanitorPlan(round(chance.uniform(0.0, ROUND_SECONDS), 1), kills)


class _Draw:
    """One draw."""

    def __init__(self, chance: random.Random, seed: int) -> None:
        self._chance = chance
        self._seed = seed

    def plan(self) -> Plan:
        chance = self._chance
        models = tuple(self._model(number) for number in range(len(_PROJECTS)))
        stacks = [self._stack("alpha", 0.0, models)]
        if chance.random() < 0.2:
            stacks.append(self._stack("beta", self._log(1.0, 1500.0), models))
        return Plan(
            seed=self._seed,
            models=models,
            stacks=tuple(stacks),
            faults=self._faults(),
            kills=self._kills(),
            by_hand=self._by_hand(),
            running_quota=chance.choice((1, 2, 2, 2, 3, 5)),
            quota_counts_starting=chance.random() < 0.7,
            quota_counts_stopping=chance.random() < 0.5,
            invocation_seconds=chance.choice((300.0, 900.0, 900.0, 900.0)),
            concurrency=chance.choice((1000, 1000, 1000, 1000, 2, 1)),
        )

    def _log(self, low: float, high: float) -> float:
        return round(math.exp(self._chance.uniform(math.log(low), math.log(high))), 1)

    # --- models -------------------------------------------------------------------------------------

    def _model(self, number: int) -> ModelPlan:
        chance = self._chance
        status = chance.choices(
            ("TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED", "TRAINING_IN_PROGRESS"),
            (60, 25, 8, 4, 3),
        )[0]
        return ModelPlan(
            name=f"v{number + 1}",
            project=_PROJECTS[number],
            status=status,
            starts=tuple(self._start() for _ in range(chance.choice((1, 2, 3)))),
            stop_seconds=self._log(2.0, 300.0),
            stop_while_starting=chance.random() < 0.5,
            start_when_failed=chance.random() < 0.7,
            shows_units_at_rest=chance.random() < 0.3,
            message="no capacity" if chance.random() < 0.5 else "",
            feature="CONTENT_MODERATION" if chance.random() < 0.01 else "CUSTOM_LABELS",
        )

    def _start(self) -> Start:
        end = self._chance.choices((StartEnd.RUNNING, StartEnd.FAILED, StartEnd.NEVER), (88, 9, 3))[0]
        slow = self._chance.random() < 0.12
        return Start(end, self._log(300.0, 4000.0) if slow else self._log(4.0, 300.0))

    # --- stacks -------------------------------------------------------------------------------------

    def _stack(self, name: str, begins: float, models: tuple[ModelPlan, ...]) -> StackPlan:
        chance = self._chance
        template = self._first_template(models)
        operations = [
            Operation(
                Verb.DEPLOY,
                self._with_failing_create(template) if chance.random() < 0.2 else template,
                pause_seconds=0.0,
                interrupt_after=self._interruption(template, models) if chance.random() < 0.15 else None,
                on_failure=chance.choices(tuple(OnFailure), (80, 10, 10))[0],
            )
        ]
        for _ in range(chance.choices((0, 1, 2, 3), (25, 45, 22, 8))[0]):
            template = self._changed(template, models)
            operations.append(self._update(template, models))
            template = self._as_if_done(template)
        if chance.random() < _LAST_DELETE_SHARE:
            operations.append(Operation(Verb.DELETE, pause_seconds=self._log(1.0, 400.0)))
        return StackPlan(
            name,
            begins,
            tuple(operations),
            rolls_back_replacements_by_update=chance.random() < 0.5,
            forgets_deleted=chance.random() < 0.5,
            shows_new_properties=chance.random() < 0.5,
            clean_up_tries=PLAIN_CLEAN_UP_TRIES,
        )

    def _first_template(self, models: tuple[ModelPlan, ...]) -> Template:
        chance = self._chance
        count = 2 if chance.random() < 0.2 else 1
        picked = chance.sample(range(len(models)), count)
        declared = tuple(
            (name, self._declared(model)) for name, model in zip(("Detector", "Sorter"), picked, strict=False)
        )
        siblings: tuple[tuple[str, Sibling], ...] = ()
        if chance.random() < 0.5:
            siblings = (("Queue", Sibling(self._log(1.0, 200.0), after_models=chance.random() < 0.3)),)
        return Template(declared, siblings)

    def _declared(self, model: int) -> Declared:
        chance = self._chance
        units = chance.choices((1, 2, 3, 6), (70, 20, 9, 1))[0]
        return Declared(
            model,
            units=units,
            max_units=units + 1 if chance.random() < 0.2 else None,
            timeout_seconds=3300 if chance.random() < 0.6 else int(self._log(40.0, 1800.0)),
            poll_seconds=chance.choice((5, 10, 20, 30, 60)),
            replacement=chance.choice(tuple(ReplacementMode)),
            with_project_arn=chance.random() < 0.4,
            retained=chance.random() < 0.03,
        )

    def _with_failing_create(self, template: Template) -> Template:
        failing = Sibling(self._log(1.0, 400.0), create_fails=True, after_models=self._chance.random() < 0.3)
        return replace(template, siblings=(("Topic", failing),))

    def _interruption(self, template: Template, models: tuple[ModelPlan, ...]) -> float:
        expected = max((models[d.model].starts[0].seconds for _, d in template.models), default=60.0)
        return round(self._chance.uniform(0.5, 15.0 + min(expected, 900.0) * 1.2), 1)

    # --- updates ------------------------------------------------------------------------------------

    def _update(self, template: Template, models: tuple[ModelPlan, ...]) -> Operation:
        chance = self._chance
        if chance.random() < 0.25:
            failing = Sibling(
                update_seconds=self._log(1.0, 400.0),
                update_fails=chance.random() < 0.8,
                after_models=chance.random() < 0.4,
            )
            siblings = {name: failing for name, _ in template.siblings}
            template = replace(template, siblings=tuple(siblings.items()))
        return Operation(
            Verb.DEPLOY,
            template,
            pause_seconds=self._log(1.0, 600.0),
            interrupt_after=self._interruption(template, models) if chance.random() < 0.2 else None,
        )

    def _changed(self, template: Template, models: tuple[ModelPlan, ...]) -> Template:
        chance = self._chance
        if not template.models:
            return replace(template, models=(("Detector", self._declared(chance.randrange(len(models)))),))
        kinds = (self._resized, self._replaced, self._renamed, self._tuned, self._removed, self._added)
        change = chance.choices(kinds, (25, 30, 12, 12, 8, 8))[0]
        changed = list(template.models)
        change(changed, models)
        return replace(template, models=tuple(changed))

    def _resized(self, models: list[tuple[str, Declared]], _: tuple[ModelPlan, ...]) -> None:
        name, declared = models[0]
        units = self._chance.choices((1, 2, 3, 6), (35, 35, 20, 10))[0]
        models[0] = (name, replace(declared, units=units, max_units=None))

    def _replaced(self, models: list[tuple[str, Declared]], every: tuple[ModelPlan, ...]) -> None:
        name, declared = models[0]
        others = [number for number in range(len(every)) if number != declared.model]
        way = self._chance.choice(tuple(ReplacementMode))
        models[0] = (name, replace(declared, model=self._chance.choice(others), replacement=way))

    def _renamed(self, models: list[tuple[str, Declared]], _: tuple[ModelPlan, ...]) -> None:
        name, declared = models[0]
        models[0] = ("Finder" if name == "Detector" else "Detector", declared)

    def _tuned(self, models: list[tuple[str, Declared]], _: tuple[ModelPlan, ...]) -> None:
        name, declared = models[0]
        models[0] = (name, replace(declared, timeout_seconds=3300 - declared.timeout_seconds % 7 - 1))

    def _removed(self, models: list[tuple[str, Declared]], _: tuple[ModelPlan, ...]) -> None:
        models.pop()

    def _added(self, models: list[tuple[str, Declared]], every: tuple[ModelPlan, ...]) -> None:
        taken = {declared.model for _, declared in models}
        free = [number for number in range(len(every)) if number not in taken]
        if free and all(name != "Extra" for name, _ in models):
            models.append(("Extra", self._declared(self._chance.choice(free))))

    @staticmethod
    def _as_if_done(template: Template) -> Template:
        """The next update begins from what this one declares; its failing siblings are mended by then."""
        siblings = tuple((name, Sibling(after_models=one.after_models)) for name, one in template.siblings)
        return replace(template, siblings=siblings)

    # --- what gets in the way -----------------------------------------------------------------------

    def _faults(self) -> Faults:
        chance = self._chance
        if chance.random() < 0.2:
            return EMPTY_FAULTS

        def maybe(share: float, high: float) -> float:
            return round(chance.random() * high, 3) if chance.random() < share else 0.0

        return Faults(
            throttled=maybe(0.3, 0.5),
            failed_before=maybe(0.3, 0.3),
            lost_after=maybe(0.4, 0.4),
            slow=maybe(0.25, 0.3),
            describe_lag=maybe(0.35, 10.0),
            tag_lag=maybe(0.3, 8.0),
            stack_lag=maybe(0.35, 8.0),
            iam_delay=maybe(0.35, 40.0),
            duplicated=maybe(0.4, 0.7),
            duplicate_delay=self._log(0.1, 7200.0),
            delayed=maybe(0.3, 0.5),
            delay_seconds=self._log(1.0, 3000.0),
            hand_over_throttled=maybe(0.2, 0.5),
            answer_lost=maybe(0.25, 0.6),
            denied=chance.random() < 0.01,
            ends=self._log(300.0, 20000.0),
        )

    def _kills(self) -> tuple[Kill, ...]:
        chance = self._chance
        fate = chance.random()
        if fate < 0.6:
            return ()
        if fate < 0.97:
            return tuple(self._kill(chance.randrange(6)) for _ in range(chance.choice((1, 1, 2, 3))))
        first = chance.randrange(4)
        return tuple(self._kill(number) for number in range(first, first + chance.randrange(3, 12)))

    def _kill(self, invocation: int) -> Kill:
        at = self._chance.choices(tuple(KillAt), (40, 45, 15))[0]
        if at is KillAt.LINE:
            return Kill(invocation, at, int(self._log(1.0, 1500.0)))
        return Kill(invocation, at, min(int(self._chance.expovariate(1 / 9.0)), 80))

    def _by_hand(self) -> tuple[ByHand, ...]:
        chance = self._chance
        if chance.random() < 0.82:
            return ()
        hands = (Hand.STOP, Hand.START, Hand.DELETE)
        return tuple(
            ByHand(
                self._log(1.0, 3000.0),
                chance.choices(hands, (50, 40, 10))[0],
                chance.randrange(len(_PROJECTS)),
            )
            for _ in range(chance.choice((1, 1, 2)))
        )
