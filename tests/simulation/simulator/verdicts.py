"""The neutral judge: what a finished history did to its users, read from the world alone.

It knows no handler and no ownership tag: only what was asked for, what was answered, and what the models
truly were. The rules:

- A resource **has** a model while it exists: the one that it declares, the one that it declared before while
  a change of it is not complete, and the one that its physical id names. What it had before a replacement
  is not without a resource until the Delete of the same operation's clean-up has ended.
- A resource **holds** a model once a create or an update of it that declares the model has succeeded, as long
  as nobody but the resource itself has stopped it since, and until its own deletion begins.
- What people do by hand excuses what follows from it: a model that a person started last is nobody's leak,
  an answer is measured against what was true before a person's act of the last ``TOLERANCE_SECONDS``, and a
  hold ends with a person's Stop.
- What the plan made impossible is counted apart: a request all of whose invocations the plan killed or kept
  away, so that nobody was left to answer; and a model that can't be stopped (a policy outside the stack
  forbids it, a start that is not to be interrupted outlasts its Delete's hour, or its Delete was such a
  request).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from local_aws.platform.cloudformation import SERVICE_TIMEOUT_SECONDS_DEFAULT
from simulator.findings import Finding, Kind, Verdict
from simulator.lives import lives_of
from simulator.plan import StartEnd
from simulator.rekognition import BILLING, Change, Look, Model
from simulator.requests import STARVED_SECONDS, Outcome, Request
from simulator.stack import Stack
from simulator.world import World

TOLERANCE_SECONDS: Final = 30.0
"""How old may be what an answer says."""
LATE_SECONDS: Final = 300.0
"""How long a model may bill after its resource is gone."""
_RUNS: Final = frozenset({"STARTING", "RUNNING"})


def judge(world: World) -> Verdict:
    """Judge a history that has ended."""
    return _Judge(world).verdict()


class _Judge:
    def __init__(self, world: World) -> None:
        self._world = world
        self._end = world.kernel.now
        self._models = world.rekognition.models
        self._verdict = Verdict()
        self._lives = lives_of(world)

    def verdict(self) -> Verdict:
        self._models_without_resource()
        for request in self._world.requests:
            if request.outcome is Outcome.TIMED_OUT:
                kind = Kind.UNANSWERABLE if _unanswerable(request) else Kind.HANG
                self._say(kind, request.ended_at or 0.0, request.name)
            elif request.outcome is Outcome.SUCCESS and request.type == "Delete":
                self._delete_succeeded(request, request.ended_at or 0.0)
            elif request.outcome is Outcome.SUCCESS:
                self._others_succeeded(request, request.ended_at or 0.0)
            if request.type == "Update" and not request.rolls_back:
                self._gap(request)
        for model in self._models.values():
            for change in model.changes:
                if change.verb == "Stop" and isinstance(change.by, Request):
                    self._stopped(model, change, change.by)
        self._left_behind()
        self._verdict.findings.sort(key=lambda finding: finding.at)
        return self._verdict

    def _say(self, kind: Kind, at: float, what: str) -> None:
        self._verdict.findings.append(Finding(kind, at, what))

    # --- leaks --------------------------------------------------------------------------------------

    def _models_without_resource(self) -> None:
        moments = {self._end}
        for life in self._lives:
            moments.update(shown.at for shown in life.resource.shown)
            moments.update(event.at for event, _ in life.events)
        for request in self._world.requests:
            moments.update((request.sent_at, request.ended_at or self._end))
        for arn, model in self._models.items():
            if not any(isinstance(change.by, Request) for change in model.changes):
                continue
            points = sorted(moments.union(look.at for look in model.looks))
            self._without_resource(arn, model, points)

    def _without_resource(self, arn: str, model: Model, points: list[float]) -> None:
        unstoppable = self._unstoppable(model)
        since: float | None = None
        hours = 0.0
        for at, until in zip(points, [*points[1:], self._end], strict=True):
            if self._without(arn, model, at):
                since = at if since is None else since
                hours += (until - at) / 3600.0 * (model.look_at(at).minimum or 1)
                continue
            if since is not None and at - since > LATE_SECONDS:
                kind = Kind.UNSTOPPABLE if unstoppable else Kind.LATE_STOP
                self._say(kind, since, f"{model.plan.name} for {at - since:.0f} s")
                self._verdict.unit_hours += 0.0 if unstoppable else hours
            since, hours = None, 0.0
        if since is None:
            return
        self._say(Kind.UNSTOPPABLE if unstoppable else Kind.LEAK, since, f"{model.plan.name} {model.status}")
        self._verdict.unit_hours += 0.0 if unstoppable else hours

    def _without(self, arn: str, model: Model, moment: float) -> bool:
        """Whether a model runs at a moment on the account of nothing that exists."""
        if model.look_at(moment).status not in _RUNS or not isinstance(_starter(model, moment), Request):
            return False
        if any(life.has(arn, moment) for life in self._lives):
            return False
        if arn in self._world.retained:
            return False
        return not any(
            request.type == "Delete"
            and request.declared_arn == arn
            and moment < (request.ended_at or self._end)
            and (request.sent_at <= moment or _in_one_operation(request.stack, moment, request.sent_at))
            for request in self._world.requests
        )

    def _unstoppable(self, model: Model) -> bool:
        last = model.plan.starts[min(max(model.starts - 1, 0), len(model.plan.starts) - 1)]
        for_good = model.status == "STARTING" and last.end is StartEnd.NEVER
        if self._world.plan.faults.denied or (for_good and not model.plan.stop_while_starting):
            return True
        started = max(change.at for change in model.changes if change.verb == "Start")
        return any(
            request.type == "Delete"
            and request.declared_arn == model.plan.arn
            and request.sent_at >= started
            and (
                (request.outcome is Outcome.TIMED_OUT and _unanswerable(request))
                or _starts_all_the_hour(model, request.sent_at)
            )
            for request in self._world.requests
        )

    # --- answers ------------------------------------------------------------------------------------

    def _others_succeeded(self, request: Request, at: float) -> None:
        model = self._models[request.declared_arn]
        acts = [change for change in model.changes if at - TOLERANCE_SECONDS <= change.at <= at]
        own_stop = any(change.verb == "Stop" and change.by is request for change in acts)
        for look, ends in _looks(model):
            recent = look.at <= at and ends >= (at if own_stop else at - TOLERANCE_SECONDS)
            if recent and look.runs_with(request.declared_units):
                return
        if any(not isinstance(change.by, Request) for change in acts):
            return
        look = model.look_at(at)
        self._say(
            Kind.EARLY, at, f"{request.name}: {model.plan.name} is {look.status} with {look.minimum} units"
        )

    def _delete_succeeded(self, request: Request, at: float) -> None:
        arn = request.physical_id if request.physical_id in self._models else request.declared_arn
        model = self._models[str(arn)]
        status = model.look_at(at).status
        if status not in BILLING or not self._was_its(model, request, at):
            return
        for life in self._lives:
            own_end = life.is_about(request) and life.status_at(at).startswith("DELETE_")
            if life.has(model.plan.arn, at) and not own_end:
                return
        kind = Kind.EARLY_DELETE if status in _RUNS else Kind.STILL_STOPPING
        self._say(kind, at, f"{request.name}: {model.plan.name} is {status}")

    def _was_its(self, model: Model, request: Request, at: float) -> bool:
        """Whether the resource of a request had started the model last, or had taken it over since."""
        starter, started_at = None, 0.0
        for change in model.changes:
            if change.verb == "Start" and change.at <= at:
                starter, started_at = change.by, change.at
        if isinstance(starter, Request) and starter.owner == request.owner:
            return True
        return any(
            other.owner == request.owner
            and other.type != "Delete"
            and other.outcome is Outcome.SUCCESS
            and other.declared_arn == model.plan.arn
            and started_at <= (other.ended_at or 0.0) <= at
            for other in self._world.requests
        )

    # --- stops --------------------------------------------------------------------------------------

    def _stopped(self, model: Model, change: Change, by: Request) -> None:
        declares = by.type != "Delete" and by.declared_arn == model.plan.arn
        for life in self._lives:
            # Two resources of one template that declare one model with other units are their author's doing.
            own = life.is_about(by) or (declares and life.stack is by.stack)
            if not own and life.holds(model, change.at):
                whose = f"{life.stack.plan.name}/{life.resource.logical_id}"
                self._say(Kind.ANOTHERS, change.at, f"{by.name} stops {model.plan.name} of {whose}")
                return
        if (
            not declares
            and isinstance(_starter(model, change.at), str)
            and not self._ever_ran(model, by.stack, change.at)
        ):
            self._say(Kind.ANOTHERS, change.at, f"{by.name} stops {model.plan.name} of a person")

    def _ever_ran(self, model: Model, stack: Stack, before: float) -> bool:
        started = any(
            isinstance(change.by, Request) and change.by.stack is stack
            for change in model.changes
            if change.verb == "Start" and change.at < before
        )
        return started or any(
            request.stack is stack
            and request.type != "Delete"
            and request.outcome is Outcome.SUCCESS
            and request.declared_arn == model.plan.arn
            and (request.ended_at or 0.0) < before
            for request in self._world.requests
        )

    def _gap(self, update: Request) -> None:
        declared, old_arn, new_arn = update.declared, update.old_arn, update.declared_arn
        if declared is None or declared.replacement != "START_FIRST" or old_arn in (None, new_arn):
            return
        old, new = self._models[str(old_arn)], self._models[new_arn]
        until = min(
            (
                request.sent_at
                for request in self._world.requests
                if request.owner == update.owner and request.type != "Delete" and request is not update
                if request.sent_at > update.sent_at
            ),
            default=float("inf"),
        )
        for change in old.changes:
            if not (change.verb == "Stop" and update.sent_at <= change.at < until):
                continue
            if not isinstance(change.by, Request) or change.by.owner != update.owner:
                continue
            if change.by.type == "Delete" and update.outcome is not Outcome.SUCCESS:
                continue
            ran = any(
                look.status == "RUNNING" and look.at <= change.at and ends >= update.sent_at
                for look, ends in _looks(new)
            )
            if not ran and old.look_at(change.at - 1e-6).status == "RUNNING":
                self._say(Kind.GAP, change.at, f"{change.by.name} stops {old.plan.name} first")
                return

    # --- the rest -----------------------------------------------------------------------------------

    def _left_behind(self) -> None:
        for rule in self._world.eventbridge.rules.values():
            self._say(Kind.LEFT_BEHIND, self._end, f"rule {rule.name}")
        for function in self._world.functions.by_arn.values():
            for statement in function.permissions if function.exists else ():
                self._say(Kind.LEFT_BEHIND, self._end, f"permission {statement}")
        for execution in self._world.step_functions.running:
            self._say(Kind.LEFT_BEHIND, self._end, f"execution of {execution.machine.arn}")


def _in_one_operation(stack: Stack, begins: float, ends: float) -> bool:
    """Whether an operation of a stack goes on all the time: its clean-up comes when the stack is updated."""
    between = [status for at, status in stack.statuses if begins < at <= ends]
    return all(status.endswith("_IN_PROGRESS") for status in (stack.status_at(begins), *between))


def _starter(model: Model, moment: float) -> object:
    """Who made the last Start up to a moment; None if nobody did."""
    starter: object = None
    for change in model.changes:
        if change.verb == "Start" and change.at <= moment:
            starter = change.by
    return starter


def _looks(model: Model) -> Iterator[tuple[Look, float]]:
    ends = [look.at for look in model.looks[1:]] + [float("inf")]
    return zip(model.looks, ends, strict=True)


def _starts_all_the_hour(model: Model, since: float) -> bool:
    """Whether a start that can't be interrupted outlasts all the time that a request has."""
    until = since + SERVICE_TIMEOUT_SECONDS_DEFAULT - STARVED_SECONDS
    return not model.plan.stop_while_starting and any(
        look.status == "STARTING" and look.at <= since and ends >= until for look, ends in _looks(model)
    )


def _unanswerable(request: Request) -> bool:
    """Whether the plan let no invocation of it live to its end."""
    if request.starved:
        return True
    if request.began_at is None or request.began_at >= (request.ended_at or 0.0):
        return True
    return bool(request.lost) and all(
        lost != "silent" and "its time is over" not in lost and _by_plan(lost) for lost in request.lost
    )


def _by_plan(lost: str) -> bool:
    return "killed" in lost or lost in ("too old", "loop detection", "the function is gone")
