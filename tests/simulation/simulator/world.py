"""The simulated world: puts the services together, plays a plan to its end, and lets monitors watch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, Final

from simulator.apis import Apis
from simulator.cloudformation import Operator
from simulator.conditions import Condition
from simulator.deployment import Deployment, OwnProvider
from simulator.errors import ApiError
from simulator.eventbridge import EventBridge
from simulator.functions import Functions, Handler, Invocation
from simulator.gateway import Gateway
from simulator.janitor import JanitorActor
from simulator.kernel import EPOCH, Kernel
from simulator.line_kills import LineKills
from simulator.monitor import Monitor
from simulator.plan import ByHand, Hand, Kill, KillAt, Plan
from simulator.rekognition import PERSON, Change, Model, Rekognition
from simulator.requests import STARVED_SECONDS, Outcome, Request
from simulator.response_urls import ResponseUrls
from simulator.stack import Resource, Stack
from simulator.step_functions import StepFunctions
from simulator.story import Story
from simulator.sweeps import Demands
from simulator.words import called, short, units_of

HISTORY_SECONDS_MAX: Final = 48 * 3600.0
"""What is still at work by then will never end."""
CALM_SECONDS: Final = 45 * 60.0
"""How long the janitor goes on after the last thing that happens otherwise."""


class World:
    """One history."""

    def __init__(
        self,
        plan: Plan,
        new_handler: Callable[[World], Handler],
        deployment: Deployment | None = None,
    ) -> None:
        self.plan = plan
        self.kernel = Kernel()
        self.story = Story()
        self.gateway = Gateway(self, random.Random(f"{plan.seed} calls"))
        self.functions = Functions(self, random.Random(f"{plan.seed} events"))
        self.rekognition = Rekognition(self.kernel, plan, acted=self._acted, moved=self._moved)
        self.jitter = random.Random(f"{plan.seed} jitter")
        self.answer_chance = random.Random(f"{plan.seed} answers")
        self._new_handler = new_handler
        self.setting = ExitStack()
        """What a seam has put in place for as long as the history plays."""
        self.apis = Apis(self)
        self.response_urls = ResponseUrls(self)
        self.deployment = deployment or OwnProvider()
        self.eventbridge = EventBridge(self)
        self.step_functions = StepFunctions(self)
        self.monitors: list[Monitor] = []
        self._call_watchers: list[Callable[[Invocation, str, bool], None]] = []
        """Those of the monitors that look at calls: few do, and calls are what a history is made of."""
        self.requests: list[Request] = []
        self.by_url: dict[str, Request] = {}
        """The same by their ResponseURL."""
        self.stacks = {one.stack_id: Stack(one) for one in plan.stacks}
        self._operators = [
            Operator(self, stack, random.Random(f"{plan.seed} stack {number}"))
            for number, stack in enumerate(self.stacks.values())
        ]
        self._waiting: dict[str, list[Operator]] = {}
        """Who begins when the plan of the stack with this label is over."""
        self.stories: dict[tuple[str, str], Any] = {}
        """What a seam has read for a resource in the events of its stack, and the newest of these. Events are
        only ever added."""
        self.retained: dict[str, tuple[float, tuple[str, str]]] = {}
        """Models that a resource was deleted without: when, and which one."""
        self.conditions: list[Condition] = []
        """What excused that something bills for nobody at the end."""
        self._kills: dict[int, dict[int, KillAt]] = {}
        lines: dict[int, int] = {}
        for kill in plan.kills:
            if kill.at is KillAt.LINE:
                lines.setdefault(kill.invocation, kill.count)
        self._note_kills(plan.kills)
        self.line_kills = LineKills(self.kernel, lines, self.functions.kill)
        self._operators_at_work = 0
        self._busy_at = EPOCH
        self.demands = Demands(self, plan.demand) if plan.demand is not None else None
        self.janitor: JanitorActor | None = None
        if plan.janitor is not None:
            self.janitor = JanitorActor(self, plan.janitor)
            self._note_kills(self.janitor.kills)

    def _note_kills(self, kills: Iterable[Kill]) -> None:
        for kill in kills:
            if kill.at is not KillAt.LINE:
                self._kills.setdefault(kill.invocation, {}).setdefault(kill.count, kill.at)

    @property
    def is_over(self) -> bool:
        """Whether nothing has happened for so long that what looks at it from time to time may stop.

        To be asked every few minutes: it notes when something was last seen to happen.
        """
        people = any(EPOCH + act.at >= self.kernel.now for act in self.plan.by_hand)
        people = people or (self.plan.demand is not None and self.elapsed < self.plan.demand.until)
        if self._operators_at_work or people or any(request.chains for request in self.requests):
            self._busy_at = self.kernel.now
        return self.kernel.now - self._busy_at > CALM_SECONDS

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.kernel.now - EPOCH

    def play(self) -> bool:
        """Let the whole plan happen; False if something never ends."""
        labels = {stack.plan.label for stack in self.stacks.values()}
        for operator in self._operators:
            plan = operator.stack.plan
            if plan.after in labels - {plan.label}:
                self._waiting.setdefault(plan.after, []).append(operator)
            else:
                self.kernel.at(EPOCH + plan.begins, self._begin, operator)
        self._operators_at_work = len(self._operators)
        if self.janitor is not None:
            self.janitor.begin()
        if self.demands is not None:
            self.demands.begin()
        for act in self.plan.by_hand:
            self.kernel.at(EPOCH + act.at, self._by_hand, act)
        with self.setting:
            quiet = self.kernel.run(EPOCH + HISTORY_SECONDS_MAX)
        self.kernel.close()
        return quiet

    def watch(self, monitors: Iterable[Monitor]) -> None:
        """Let monitors watch from now on."""
        for monitor in monitors:
            self.monitors.append(monitor)
            if type(monitor).called is not Monitor.called:
                self._call_watchers.append(monitor.called)

    def _begin(self, operator: Operator) -> None:
        self.kernel.spawn(operator.stack.plan.name, lambda: self._lead(operator))

    def _lead(self, operator: Operator) -> None:
        """The course of one stack, after which those begin that wait for it."""
        operator.run()
        self._operators_at_work -= 1
        for successor in self._waiting.pop(operator.stack.plan.label, ()):
            self.kernel.after(successor.stack.plan.begins, self._begin, successor)

    def new_handler(self) -> Handler:
        """A fresh execution environment of the function."""
        return self._new_handler(self)

    # --- who runs -----------------------------------------------------------------------------------

    def current_invocation(self) -> Invocation:
        """The invocation whose code runs now."""
        task = self.kernel.current
        if task is None:
            raise RuntimeError("no invocation runs")
        return self.functions.by_task[task]

    def kill_of(self, invocation: Invocation, call: int) -> KillAt | None:
        """Whether an invocation dies at a call of its own."""
        if not self._kills:
            return None
        return self._kills.get(invocation.number, {}).get(call)

    # --- what services ask of the world -------------------------------------------------------------

    def noted_call(self, invocation: Invocation, action: str, resource: str, result: object) -> None:
        """A call was decided."""
        self.story.entries.append((self.kernel.now, invocation.name, called(action, resource), result))

    def note_end_of_call(self, invocation: Invocation, action: str, *, succeeded: bool) -> None:
        """A call came back to its invocation."""
        for notice in self._call_watchers:
            notice(invocation, action, succeeded)

    def note_rest(self, stack: Stack) -> None:
        """The rest of a stack between two operations is over."""
        for monitor in self.monitors:
            monitor.rested(stack)

    def add_request(self, request: Request) -> None:
        """CloudFormation sends a request."""
        self.requests.append(request)
        self.by_url[request.url] = request
        physical = f", physical id {short(request.physical_id)}" if request.physical_id else ""
        declares = f"{short(request.declared_arn)} with {units_of(request.properties)}"
        self.story.note(self.kernel.now, "CloudFormation", f"sends {request.name}: {declares}{physical}")

    def end_request(self, request: Request, outcome: Outcome) -> None:
        """CloudFormation no longer waits."""
        request.outcome, request.ended_at = outcome, self.kernel.now
        waits = request.chains > 0 and request.running == 0
        request.starved = waits and request.ran_until < self.kernel.now - STARVED_SECONDS
        self.story.note(self.kernel.now, "CloudFormation", f"ends {request.name}", str(outcome))
        for monitor in self.monitors:
            monitor.request_ended(request)

    def note_status(self, stack: Stack, status: str) -> None:
        """A stack has a new status."""
        self.story.note(self.kernel.now, "CloudFormation", f"stack {stack.plan.label}", status)

    def set_status(self, stack: Stack, status: str) -> None:
        """Give a stack a new status."""
        stack.set_status(status, self.kernel.now)
        self.note_status(stack, status)

    def note_user(self, stack: Stack, what: str) -> None:
        """What the user of a stack does, or meets, beyond a plain deployment."""
        self.story.note(self.kernel.now, f"the user of {stack.plan.label}", what)

    def note_condition(self, condition: Condition) -> None:
        """A guarantee did not hold, for a reason that the README names."""
        if condition not in self.conditions:
            self.conditions.append(condition)

    def note_retained(self, stack: Stack, resource: Resource) -> None:
        """A resource was left as it is, as its template says."""
        owner = (stack.plan.stack_id, resource.logical_id)
        self.retained[resource.physical_id or ""] = (self.kernel.now, owner)

    def _moved(self, model: Model, before: str | None, after: str | None) -> None:
        self.story.note(self.kernel.now, "Rekognition", f"{model.plan.name} was {before}", after)

    def _acted(self, model: Model, change: Change) -> None:
        for monitor in self.monitors:
            monitor.acted(model, change)

    # --- people -------------------------------------------------------------------------------------

    def _by_hand(self, act: ByHand) -> None:
        model = self.plan.models[act.model]
        result = "done"
        try:
            if act.hand is Hand.START:
                self.rekognition.start(model.arn, 1, None, PERSON)
            elif act.hand is Hand.STOP:
                self.rekognition.stop(model.arn, PERSON)
            else:
                self.rekognition.delete(model.arn)
        except ApiError as error:
            result = error.code
        self.story.note(self.kernel.now, PERSON, f"{act.hand}s {model.name}", result)
