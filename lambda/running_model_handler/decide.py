"""What to do next: both tables, applied to all models of a request, in order; pure.

One action at a time.
"""

from __future__ import annotations

from dataclasses import replace

from running_model_handler.at_hand import ASK_STACK, AtHand, Moment
from running_model_handler.core.act import (
    STOPS_MAX,
    Deed,
    Fail,
    Reached,
    Start,
    Wait,
    can_never_run,
    toward_rest,
    toward_running,
)
from running_model_handler.core.actions import (
    Action,
    Answer,
    AskClaim,
    AskOwner,
    FindProject,
    GiveUp,
    Look,
    NoteStart,
    Pause,
    RemoveClaim,
    StartModel,
    StopModel,
)
from running_model_handler.core.case import Case
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import RequestType
from running_model_handler.core.others import AskResource
from running_model_handler.core.schedule import is_news
from running_model_handler.core.status import Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
    STACK_LOOK_SECONDS,
    answer_deadline,
    start_deadline,
)
from running_model_handler.core.wanted import Ask, Hold, Keep, Rest, Run, wanted
from running_model_handler.guarded import duties, stopped_until, swept_until
from running_model_handler.holding import claim_first, is_ours, release, tell_failure
from running_model_handler.reasons import attributes, belongs_to, not_as_wanted, not_in_time, told, unheard
from running_model_handler.request import Request


def decide(request: Request, memory: Memory, views: Views, now: float, chance: float) -> Action:
    """The next action. ``chance``, drawn from 0 to 1, is for the length of pauses."""
    over = now >= _deadline(request, memory)
    case = _case(request, memory, views, now)
    if case is None:
        unasked = over and not _can_ask(request, memory, now)
        reason = unheard(request, memory)
        return Answer(request.physical_id(succeeded=False), reason) if unasked else ASK_STACK
    moment = Moment(request, memory, views, case, now, over, chance, releases=over)
    return _last_word(moment) if over else _action(moment)


def _deadline(request: Request, memory: Memory) -> float:
    ceiling = request.envelope.service_timeout_seconds
    return memory.cut_short_at or answer_deadline(memory.began_at, ceiling)


def _can_ask(request: Request, memory: Memory, now: float) -> bool:
    """Whether there is still time for a call before the last word."""
    return now < memory.last_moment(request.envelope.service_timeout_seconds)


def _case(request: Request, memory: Memory, views: Views, now: float) -> Case | None:
    """What the first table is asked with; None as long as CloudFormation has said nothing."""
    if views.story is None:
        return None
    step, failed = views.step, bool(memory.failure)
    if step is not None and failed and step.began_at > memory.t > 0.0:
        # A newer operation that asks for the same is as good, unless this request has failed in its own.
        step = None
    asked_late = views.story_at - memory.sent_at >= LAG_SECONDS
    stopped = frozenset(arn for arn, done in memory.models.items() if done.stop_at)
    story, me, resources = views.story, views.me, views.resources
    needed = duties(request, memory, views, now)
    return Case(
        request.wish,
        story,
        step,
        me,
        memory.t,
        asked_late,
        failed,
        resources,
        stopped,
        needed,
        views.resources_at,
    )


# --- the whole request ----------------------------------------------------------------------------------


def _action(moment: Moment) -> Action:
    """The first action that any model needs, in order; else the answer."""
    asked_at = moment.views.story_at
    # After a Start what CloudFormation wants is asked at once.
    started = any(done.start_at > asked_at for done in moment.memory.models.values())
    if started or moment.now - asked_at >= STACK_LOOK_SECONDS:
        return ASK_STACK
    action = _first_needed(moment) or _first_needed(replace(moment, releases=True))
    return _in_time(moment, action) if action is not None else _answer(moment)


def _first_needed(moment: Moment) -> Action | None:
    """What the first model needs that is not as wanted; what only settles does not hold up the others."""
    settling: list[Pause] = []
    for arn in _order(moment):
        action = _for_model(moment.model(arn))
        if isinstance(action, Pause) and action.settles:
            settling.append(action)
        elif action is not None:
            return action
    return min(settling, default=None)


def _in_time(moment: Moment, action: Action) -> Action:
    """The action, unless the time that a start may take is over; a stop off duty has all of it."""
    request, memory, case, now = moment.request, moment.memory, moment.case, moment.now
    declared, ends_at = request.declared, _deadline(request, memory)
    starts = declared is not None and not case.off_duty(str(declared.arn))
    if declared is not None and starts and case.step is not None and not case.failed:
        ceiling = request.envelope.service_timeout_seconds
        ends_at = min(ends_at, start_deadline(memory.began_at, declared.timeout_seconds, ceiling))
        if now >= ends_at:
            seen = moment.views.model(str(declared.arn)).seen
            return GiveUp(not_in_time(declared, memory, seen, action, now), str(declared.arn))
    if isinstance(action, Pause) and action.seconds > ends_at - now:
        return action._replace(seconds=ends_at - now, least=0.0)
    return action


def _order(moment: Moment) -> list[str]:
    """The declared model first; the other one where the declared one needs its place."""
    case, request = moment.case, moment.request
    wish, arns = case.wish, list(request.versions)
    if case.story.goes_back and wish.declared is not None:
        # What the resource had when the operation began may be a fourth one.
        had = dict.fromkeys((case.me.current, case.me.had))
        arns += request.models_of(each for each in had if each not in arns)
    if len(arns) < 2 or case.step is None or wish.declared is None:
        return arns
    seen = moment.views.model(wish.declared.arn).seen
    runs = seen is not None and seen.status == Status.RUNNING
    # What can't run at all is found out before anything is stopped for it.
    can_run = seen is not None and not can_never_run(seen)
    other_first = not runs if case.step.back else wish.stops_first and can_run
    return arns[1:] + arns[:1] if other_first and not case.failed else arns


# --- one model ------------------------------------------------------------------------------------------


def _for_model(at: AtHand) -> Action | None:
    """What a model needs next; None where it is as wanted."""
    moment, arn, view = at.moment, at.arn, at.view
    if not view.claim_at:
        return AskClaim(arn)
    want = wanted(moment.case, arn, view.claim)
    if isinstance(want, Ask):
        return _unasked(at) if moment.over else _ask(moment)
    if isinstance(want, AskResource):
        return _ask_resource(at, want)
    told_first = tell_failure(at, want) if moment.case.failed and not moment.over else None
    if told_first is not None or arn in moment.memory.lost:
        return told_first
    if isinstance(want, Keep):
        return _keep(at, want)
    doubt = at.untraceable()
    if doubt is not None:
        return doubt
    match want:
        case Run():
            return _run(at, want)
        case Hold(off_duty=Run() as run):
            first = _usable(at, run, off_duty=want)
            return first if want.others_have_it else first or _rest(at, holds=True)
        case _:
            return _rest(at, holds=isinstance(want, Hold))


def _ask(moment: Moment) -> Action:
    """Ask CloudFormation again, less and less often."""
    if moment.views.rested_at > moment.views.story_at:
        return ASK_STACK
    pause = min(LAG_SECONDS, max(1.0, (moment.now - moment.memory.sent_at) / 10))
    return Pause(pause, "CloudFormation does not show the request yet", pause)


def _ask_resource(at: AtHand, want: AskResource) -> Action:
    """Ask how another resource stands; where that had to be waited for, what it is decided by comes first."""
    moment, left = at.moment, want.not_before - at.moment.now
    if moment.over:
        return AskOwner(want.owner)
    if left > 0.0:
        return Pause(left, f"{want.owner} may not show yet", left)
    if moment.views.story_at < want.not_before:
        return ASK_STACK
    return AskClaim(at.arn) if at.view.claim_at < want.not_before else AskOwner(want.owner)


def _unasked(at: AtHand) -> Action | None:
    """What CloudFormation has never shown: nothing is stopped for it, and nothing promised that bills."""
    wish, view = at.moment.case.wish, at.view
    others = view.claim.stack_id not in (None, wish.owner.stack_id)
    if wish.declared is not None or others:
        return None
    doubt = at.untraceable()
    if doubt is not None or view.is_gone:
        return doubt
    if view.seen is None:
        return at.look()
    rests = isinstance(toward_rest(view.seen, at.done, view.seen_at), Reached)
    return None if rests else Pause(0.0, "CloudFormation never showed the deletion", 0.0)


def _keep(at: AtHand, keep: Keep) -> Action | None:
    case, view = at.moment.case, at.view
    declared = case.wish.declared
    settles_at = case.quiet_from
    if keep.owner is not None and declared is None and view.claim_at < settles_at:
        # A claim of our own may be on its way.
        return at.settle(settles_at)
    if keep.for_others and not case.failed:
        return release(at, last=False)
    if keep.owner is None or case.failed or case.step is None or declared is None or declared.arn != at.arn:
        return None
    if at.done.claimed_at + LAG_SECONDS > view.claim_at:
        # Tags may still show what was before our own claim.
        return at.read_tags_again()
    return GiveUp(belongs_to(keep.owner), at.arn)


def _usable(at: AtHand, run: Run, *, off_duty: Hold | None = None) -> Action | None:
    """What comes before a model is started, or left off duty: a look, the claim; None once it is so."""
    arn, view = at.arn, at.view
    if view.is_gone:
        return GiveUp(
            f"model {arn} does not exist; check the ARN, it may have been deleted or made anew", arn
        )
    if view.seen is None:
        return at.look()
    if view.seen.status is None:
        return at.hidden(runs=True)
    never = can_never_run(view.seen)
    if never:
        return GiveUp(run.told(f"model {arn}: {never}"), arn)
    runs_again = off_duty is None and run.brings_back and run.met_by(view.seen)
    unclaimed = run.for_others or at.moment.case.step is None or runs_again
    return None if unclaimed else claim_first(at, run, off_duty)


def _run(at: AtHand, run: Run) -> Action | None:
    first = _usable(at, run)
    if first is not None or at.view.seen is None:
        return first
    moment, case, view = at.moment, at.moment.case, at.view
    toward = f"run {run.units}"
    done = at.done.aimed(toward)
    deed = toward_running(run, at.view.seen, done, view.seen_at)
    accepted = done.starts > 0 and done.start_accepted
    if moment.over and run.for_others and accepted:
        return None
    if done.acted_at >= view.seen_at and not (run.brings_back and accepted):
        return at.look_again("what was asked for is not visible yet")
    goes_back = case.step is None or case.step.back or case.wish.kind is RequestType.DELETE
    settles_at = case.quiet_from
    if isinstance(deed, Reached) and goes_back and not run.brings_back and view.seen_at < settles_at:
        return at.settle(settles_at)
    settles_at = stopped_until(moment.request, moment.memory, view, at.arn)
    if isinstance(deed, Reached) and not run.brings_back and view.seen_at < settles_at:
        return at.settle(settles_at)
    if isinstance(deed, Reached) and run.for_others and not case.failed:
        return release(at, last=False)
    if isinstance(deed, Fail):
        deed = Fail(run.told(deed.reason))
    return _carry_out(at, deed, toward, run.units)


def _rest(at: AtHand, *, holds: bool) -> Action | None:
    view = at.view
    if view.is_gone:
        return None
    settles_at = at.moment.case.quiet_from
    if not is_ours(at):
        # A claim may be on its way.
        return at.settle(settles_at) if view.claim_at < settles_at else None
    if view.seen is None:
        return at.look()
    if view.seen.status is None:
        return at.hidden(runs=False)
    toward = "hold" if holds else "rest"
    done = at.done.aimed(toward)
    if done.acted_at >= view.seen_at:
        return at.look_again("what was asked for is not visible yet")
    deed = toward_rest(view.seen, done, view.seen_at)
    if holds or not isinstance(deed, Reached):
        return _carry_out(at, deed, toward, None)
    settles_at = max(settles_at, swept_until(at.moment.request, at.moment.memory, view))
    return at.settle(settles_at) if view.seen_at < settles_at else release(at)


def _carry_out(at: AtHand, deed: Deed, toward: str, units: InferenceUnits | None) -> Action | None:
    match deed:
        case Reached():
            return None
        case Fail():
            return GiveUp(f"model {at.arn}: {deed.reason}", at.arn)
        case Wait():
            return at.look_again(deed.why)
        case Start() if units is not None:
            unsettled = at.moment.now < at.moment.case.quiet_from
            return at.guarded(StartModel(at.arn, units, toward, unsettled))
        case _:
            return at.guarded(StopModel(at.arn, toward), SEEN_FRESH_SECONDS)


# --- the answer -----------------------------------------------------------------------------------------


def _answer(moment: Moment) -> Action:
    """The answer, once what it rests on is not old."""
    answer = _told(moment, moment.memory.failure, [])
    for arn in moment.request.arns[:1]:
        at = moment.model(arn)
        if at.done.took_seconds and is_news(at.done.took_seconds, at.view.claim.start_seconds):
            return NoteStart(arn, at.done.took_seconds)
        if at.view.exists and moment.now - at.view.claim_at > ANSWER_FRESH_SECONDS:
            return AskClaim(arn)
        if at.view.exists:
            return at.guarded(answer._replace(arn=arn))
    return answer if moment.now - moment.views.story_at <= ANSWER_FRESH_SECONDS else ASK_STACK


def _told(moment: Moment, failure: str, problems: list[str]) -> Answer:
    """What CloudFormation is told. An answer that it no longer waits for promises nothing."""
    request, case = moment.request, moment.case
    if not failure and request.declared is not None and case.step is None:
        failure = f"CloudFormation has ended this request (stack {case.story.stack_status or 'gone'})"
    reason = told(failure, [*moment.memory.lost.values(), *problems])
    duty = case.duties.get(str(request.declared.arn)) if request.declared is not None else None
    data = {} if reason else attributes(request, moment.views, duty)
    return Answer(request.physical_id(succeeded=not reason), reason, data)


def _last_word(moment: Moment) -> Action:
    """The time is over: what is known counts, and what may run for nobody gets one Stop more."""
    problems: list[str] = []
    for arn in _order(moment):
        at = moment.model(arn)
        action = _for_model(at)
        if action is not None and _is_left(moment, action):
            return action
        if action is not None:
            rests = isinstance(wanted(moment.case, arn, at.view.claim), Rest | Hold)
            problems.append(not_as_wanted(moment.request.version(arn), at.view.seen, rests=rests))
    failure = moment.memory.failure or (problems.pop(0) if problems else "")
    return _told(moment, failure, problems)


def _is_left(moment: Moment, action: Action) -> bool:
    """Whether there is still time for an action, of those that end a bill or tell of one."""
    memory, can_ask = moment.memory, _can_ask(moment.request, moment.memory, moment.now)
    if isinstance(action, GiveUp):
        return True
    if isinstance(action, StopModel):
        done = memory.done(action.arn).aimed(action.toward)
        tried = done.stops + done.refused >= STOPS_MAX or (done.stops > 0 and done.stop_accepted)
        return can_ask and not tried and not action.toward.startswith("run")
    return can_ask and isinstance(action, AskClaim | AskOwner | FindProject | Look | RemoveClaim)
