"""What to do next: both tables, applied to all models of a request, in order; pure.

One action at a time. A call that would change something is made on views that are fresh, so what it needs to
know is asked before it. Whatever takes time is a pause, after which the world is looked at again.
"""

from __future__ import annotations

from typing import Final

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
    AskStack,
    FindProject,
    GiveUp,
    Look,
    NoteStart,
    Pause,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.claim import Claim, Holder, Owner, release_keys
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import RequestType, is_told, standing_in, standing_of
from running_model_handler.core.pauses import pause_between_looks
from running_model_handler.core.schedule import is_news
from running_model_handler.core.status import Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.views import ModelView, Views
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    FAILED_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
    STACK_LOOK_SECONDS,
    answer_deadline,
    last_moment,
    start_deadline,
)
from running_model_handler.core.wanted import (
    Ask,
    AskResource,
    Case,
    Hold,
    Keep,
    Rest,
    Run,
    Want,
    quiet_from,
    wanted,
)
from running_model_handler.reasons import (
    attributes,
    belongs_to,
    hidden,
    not_as_wanted,
    not_in_time,
    told,
    unheard,
)
from running_model_handler.request import Request

_ASK_STACK: Final = AskStack()


def decide(request: Request, memory: Memory, views: Views, now: float, chance: float) -> Action:
    """The next action. ``chance``, drawn from 0 to 1, is for the length of pauses."""
    moment = _Moment(request, memory, views, now, chance)
    return moment.last_word() if moment.over else moment.action()


class _Moment:
    """One decision: names for what it is based on, and nothing that changes."""

    def __init__(self, request: Request, memory: Memory, views: Views, now: float, chance: float) -> None:
        self.request, self.memory, self.views = request, memory, views
        self.now, self.chance = now, chance
        self.deadline = answer_deadline(memory.began_at, request.envelope.service_timeout_seconds)
        if memory.cut_short_at:
            self.deadline = memory.cut_short_at
        self.over = now >= self.deadline

    @property
    def case(self) -> Case | None:
        """What the first table is asked with; None as long as CloudFormation has said nothing."""
        memory, views = self.memory, self.views
        if views.story is None:
            return None
        step, failed = views.step, bool(memory.failure)
        if step is not None and failed and step.began_at > memory.t > 0.0:
            # A newer operation that asks for the same is as good, unless this request has failed in its own.
            step = None
        asked_late = views.story_at - memory.sent_at >= LAG_SECONDS
        stopped = frozenset(arn for arn, done in memory.models.items() if done.stop_at)
        return Case(
            self.request.wish,
            views.story,
            step,
            views.me,
            memory.t,
            asked_late,
            failed,
            views.resources,
            stopped,
        )

    # --- the whole request --------------------------------------------------------------------------

    def action(self) -> Action:
        """The first action that any model needs, in order; else the answer."""
        case, asked_at = self.case, self.views.story_at
        if case is None or self.now - asked_at >= STACK_LOOK_SECONDS:
            return _ASK_STACK
        if any(done.start_at > asked_at for done in self.memory.models.values()):
            # After a Start what CloudFormation wants is asked at once.
            return _ASK_STACK
        settling: list[Pause] = []
        for arn in self._order(case):
            action = self._for_model(case, arn)
            if isinstance(action, Pause) and action.settles:
                settling.append(action)
            elif action is not None:
                return self._in_time(case, action)
        return self._in_time(case, min(settling)) if settling else self._answer(case)

    def _in_time(self, case: Case, action: Action) -> Action:
        """The action, unless the time that a start may take is over."""
        declared, ends_at = self.request.declared, self.deadline
        if declared is not None and case.step is not None and not case.failed:
            ceiling = self.request.envelope.service_timeout_seconds
            ends_at = min(ends_at, start_deadline(self.memory.began_at, declared.timeout_seconds, ceiling))
            if self.now >= ends_at:
                seen = self.views.model(str(declared.arn)).seen
                return GiveUp(not_in_time(declared, self.memory, seen, action, self.now), str(declared.arn))
        if isinstance(action, Pause) and action.seconds > ends_at - self.now:
            return action._replace(seconds=ends_at - self.now, least=0.0)
        return action

    def _order(self, case: Case) -> list[str]:
        """The declared model first; the other one where the declared one needs its place."""
        wish, arns = case.wish, list(self.request.versions)
        if case.story.goes_back and wish.declared is not None:
            # What the resource had when the operation began may be a fourth one.
            had = dict.fromkeys((case.me.current, case.me.had))
            arns += self.request.models_of(each for each in had if each not in arns)
        if len(arns) < 2 or case.step is None or wish.declared is None:
            return arns
        seen = self.views.model(wish.declared.arn).seen
        runs = seen is not None and seen.status == Status.RUNNING
        # What can't run at all is found out before anything is stopped for it.
        can_run = seen is not None and not can_never_run(seen)
        other_first = not runs if case.step.back else wish.stops_first and can_run
        return arns[1:] + arns[:1] if other_first and not case.failed else arns

    # --- one model ----------------------------------------------------------------------------------

    def _for_model(self, case: Case, arn: str) -> Action | None:
        """What a model needs next; None where it is as wanted."""
        view = self.views.model(arn)
        if not view.claim_at:
            return AskClaim(arn)
        want = wanted(case, arn, view.claim)
        if isinstance(want, Ask) and self.over:
            return self._unasked(case, arn, view)
        if isinstance(want, Ask):
            waited = self.now - self.memory.sent_at
            pause = min(LAG_SECONDS, max(1.0, waited / 10))
            rested = self.views.rested_at > self.views.story_at
            return (
                _ASK_STACK if rested else Pause(pause, "CloudFormation does not show the request yet", pause)
            )
        if isinstance(want, AskResource):
            return AskOwner(want.owner)
        told_first = self._tell_failure(case, arn, view, want) if case.failed and not self.over else None
        if told_first is not None or arn in self.memory.lost:
            return told_first
        if isinstance(want, Keep):
            return self._keep(case, arn, view, want)
        return (
            self._run(case, arn, view, want) if isinstance(want, Run) else self._rest(case, arn, view, want)
        )

    def _unasked(self, case: Case, arn: str, view: ModelView) -> Action | None:
        """What CloudFormation has never shown: nothing is stopped for it, and nothing promised that bills."""
        others = view.claim.stack_id not in (None, case.wish.owner.stack_id)
        if case.wish.declared is not None or not view.exists or others:
            return None
        if view.seen is None:
            return self._look(arn, view)
        rests = isinstance(toward_rest(view.seen, self.memory.done(arn), self.now), Reached)
        return None if rests else Pause(0.0, "CloudFormation never showed the deletion", 0.0)

    def _tell_failure(self, case: Case, arn: str, view: ModelView, want: Want) -> Action | None:
        """Let other deliveries know before anything is undone, and let time pass in which they can."""
        holder, step = self._own(view.claim), case.step
        shows_open = holder is not None and holder.t == case.t and not holder.failed
        lags = view.claim_at - self.memory.done(arn).claimed_at < LAG_SECONDS
        if step is not None and holder is not None and shows_open and not (self.memory.failed_at and lags):
            return self._guarded(WriteClaim(arn, holder.given_up), view)
        ends_at = self.memory.failed_at + FAILED_SECONDS
        if not self.memory.failed_at or (isinstance(want, Keep) and not want.for_others):
            return None
        if self.now < ends_at:
            return Pause(ends_at - self.now, "other deliveries learn of the failure", ends_at - self.now)
        if view.claim_at < ends_at:
            return AskClaim(arn)
        if self.views.story_at < ends_at:
            return _ASK_STACK
        return self._look(arn, view) if 0.0 < view.seen_at < ends_at else None

    def _keep(self, case: Case, arn: str, view: ModelView, keep: Keep) -> Action | None:
        declared = case.wish.declared
        if keep.for_others and not case.failed:
            return self._release(case, arn, view, last=False)
        if keep.owner is None or case.failed or case.step is None or declared is None or declared.arn != arn:
            return None
        if self.memory.done(arn).claimed_at + LAG_SECONDS > view.claim_at:
            # Tags may still show what was before our own claim.
            return self._read_tags_again(arn, view)
        return GiveUp(belongs_to(keep.owner), arn)

    def _run(self, case: Case, arn: str, view: ModelView, run: Run) -> Action | None:
        if not view.exists:
            return GiveUp(
                f"model {arn} does not exist; check the ARN, it may have been deleted or made anew", arn
            )
        if view.seen is None:
            return self._look(arn, view)
        if view.seen.status is None:
            return self._hidden(arn, view, runs=True)
        never = can_never_run(view.seen)
        if never:
            return GiveUp(run.told(f"model {arn}: {never}"), arn)
        claim = None if run.for_others or case.step is None else self._claim(case, arn, view, run)
        if claim is not None:
            return claim
        toward = f"run {run.units}"
        done = self.memory.done(arn).aimed(toward)
        deed = toward_running(run, view.seen, done, self.now)
        accepted = done.starts > 0 and done.start_accepted
        if self.over and run.for_others and accepted:
            return None
        if done.acted_at >= view.seen_at and not (run.brings_back and accepted):
            return self._look_again(arn, view, "what was asked for is not visible yet")
        goes_back = case.step is None or case.step.back or case.wish.kind is RequestType.DELETE
        settles_at = quiet_from(case)
        if isinstance(deed, Reached) and goes_back and not run.brings_back and view.seen_at < settles_at:
            return self._settle(settles_at, arn, view)
        if isinstance(deed, Reached) and run.for_others and not case.failed:
            return self._release(case, arn, view, last=False)
        if isinstance(deed, Fail):
            deed = Fail(run.told(deed.reason))
        return self._carry_out(arn, view, deed, toward, run.units)

    def _rest(self, case: Case, arn: str, view: ModelView, want: Want) -> Action | None:
        if not view.exists:
            return None
        settles_at = quiet_from(case)
        if not self._is_ours(case, arn, view.claim):
            # A claim may be on its way.
            return self._settle(settles_at, arn, view) if view.claim_at < settles_at else None
        if view.seen is None:
            return self._look(arn, view)
        if view.seen.status is None:
            return self._hidden(arn, view, runs=False)
        toward = "hold" if isinstance(want, Hold) else "rest"
        done = self.memory.done(arn).aimed(toward)
        if done.acted_at >= view.seen_at:
            return self._look_again(arn, view, "what was asked for is not visible yet")
        deed = toward_rest(view.seen, done, self.now)
        if not isinstance(deed, Reached) or isinstance(want, Hold):
            return self._carry_out(arn, view, deed, toward, None)
        return (
            self._settle(settles_at, arn, view)
            if view.seen_at < settles_at
            else self._release(case, arn, view)
        )

    # --- claims -------------------------------------------------------------------------------------

    def _own(self, claim: Claim) -> Holder | None:
        owner = self.request.wish.owner
        return claim.holders.get(owner) if claim.is_of(owner.stack_id) else None

    def _is_ours(self, case: Case, arn: str, claim: Claim) -> bool:
        """Whether a model is this stack's to stop.

        What this delivery has started itself is, even unclaimed; and what CloudFormation's record says that
        the resource had, whose tags somebody removed.
        """
        wish = case.wish
        if claim.is_of(wish.owner.stack_id) or self.memory.done(arn).may_run_by_us:
            return True
        if claim.stack_id is not None or case.step is None or wish.kind is not RequestType.DELETE:
            return False
        steps = (*case.story.before, *case.story.steps.get(wish.owner.logical_id, ()))
        brought = [step for step in steps if step.kind is not RequestType.DELETE]
        if not brought:
            return not case.story.goes_back and not wish.never_answered
        return any(
            step.physical_id == arn or (step.result_id == arn and step.status.endswith("_COMPLETE"))
            for step in brought
        )

    def _claim(self, case: Case, arn: str, view: ModelView, run: Run) -> Action | None:
        """Write the own holder's tag, and read it back; None once it shows."""
        holder, done = self._own(view.claim), self.memory.done(arn)
        if holder is not None and holder.t == case.t:
            return None
        if self.over or (done.claimed_at and self.now - done.claimed_at < LAG_SECONDS):
            return self._read_tags_again(arn, view)
        others = any(owner.stack_id == case.wish.owner.stack_id for owner in view.claim.holders)
        runs = view.seen is not None and view.seen.status in (Status.RUNNING, Status.STARTING)
        adopted = holder.adopted if holder is not None else runs and not others and not done.may_run_by_us
        mine = Holder(case.t, run.units, case.failed, adopted, run.former)
        return self._guarded(WriteClaim(arn, mine), view)

    def _release(self, case: Case, arn: str, view: ModelView, *, last: bool = True) -> Action | None:
        """Remove the own holder's tag, and what nobody else needs; None once nothing of it is left.

        ``last`` is that no other resource wants the model.
        """
        owner, claim, released_at = case.wish.owner, view.claim, self.memory.done(arn).released_at
        if released_at > view.claim_at:
            return AskClaim(arn)
        gone = [each for each in claim.holders if each != owner and not self._lives(case, each)]
        keys = release_keys(claim, owner, gone, last=last) if claim.is_of(owner.stack_id) else []
        if not keys or (released_at and view.claim_at - released_at < LAG_SECONDS):
            return None
        return self._guarded(RemoveClaim(arn, tuple(keys)), view, SEEN_FRESH_SECONDS)

    @staticmethod
    def _lives(case: Case, owner: Owner) -> bool:
        """Whether another holder is not known to be gone."""
        if is_told(case.story, owner.logical_id):
            return standing_of(case.story, owner.logical_id).lives
        return owner not in case.resources or standing_in(case.resources[owner]).lives

    def _read_tags_again(self, arn: str, view: ModelView) -> Action:
        unread = view.claim_at < max(self.memory.done(arn).claimed_at, self.views.rested_at)
        return AskClaim(arn) if unread and not self.over else Pause(1.0, "the claim is not visible yet", 1.0)

    # --- looks --------------------------------------------------------------------------------------

    def _look(self, arn: str, view: ModelView) -> Action:
        """A look at a model, in its project: as looked up or seen, declared, or remembered in its tags."""
        created = self.memory.projects.get(arn)
        if created is None and not view.looked_up:
            created = self.request.declared_project(arn) or view.claim.project_created
        return FindProject(arn) if created is None else Look(arn, created)

    def _look_again(self, arn: str, view: ModelView, why: str) -> Action:
        """Look at a model once a pause is over that began with the last look, or the last act."""
        done, story = self.memory.done(arn), self.views.story
        if self.views.rested_at > max(view.seen_at, done.acted_at) and not self.over:
            return self._look(arn, view)
        seconds, least = pause_between_looks(
            view.seen,
            done,
            self.now,
            interval_seconds=self.request.poll_interval_seconds,
            expected_seconds=view.claim.start_seconds,
            throttles=self.memory.throttles_recently(self.now),
            neighbours=story.models_under_way if story is not None else 0,
            chance=self.chance,
        )
        return Pause(seconds, why, least, arn)

    def _settle(self, settles_at: float, arn: str, view: ModelView) -> Action | None:
        """Wait for what was cut off, then look once more."""
        if self.over:
            return None
        left = min(settles_at - self.now, LAG_SECONDS)
        if left > 0.0:
            return Pause(left, "what was cut off may still act", left, arn, settles=True)
        return AskClaim(arn) if view.claim_at < settles_at else self._look(arn, view)

    def _hidden(self, arn: str, view: ModelView, *, runs: bool) -> Action:
        """A version that exists, and is not shown by its project: nobody can tell whether it bills."""
        if view.claim_at < view.hidden_since and not self.over:
            # It may have been deleted since.
            return AskClaim(arn)
        declared = self.request.declared_project(arn) if runs else None
        if declared is None and not view.looked_up:
            return FindProject(arn)
        if declared is None and self.now - view.hidden_since < LAG_SECONDS:
            return self._look_again(arn, view, "its project does not show it")
        if not runs and not self.memory.done(arn).acted_at:
            # A Stop needs no project. Whether it had an effect can't be seen, so it is no success.
            return StopModel(arn, "rest")
        return GiveUp(hidden(self.request, arn, declared, self.memory.projects.get(arn), runs=runs), arn)

    # --- acts ---------------------------------------------------------------------------------------

    def _carry_out(
        self, arn: str, view: ModelView, deed: Deed, toward: str, units: InferenceUnits | None
    ) -> Action | None:
        match deed:
            case Reached():
                return None
            case Fail():
                return GiveUp(f"model {arn}: {deed.reason}", arn)
            case Wait():
                return self._look_again(arn, view, deed.why)
            case Start() if units is not None:
                return self._guarded(StartModel(arn, units, toward), view)
            case _:
                return self._guarded(StopModel(arn, toward), view, SEEN_FRESH_SECONDS)

    def _guarded(self, act: Action, view: ModelView, story_seconds: float = ANSWER_FRESH_SECONDS) -> Action:
        """An act, once nothing that it is decided by is old; what is needed most freshly is asked last."""
        if self.over:
            return act
        if view.seen is not None and self.now - view.seen_at > SEEN_FRESH_SECONDS:
            return self._look(act.arn, view)
        if self.now - view.claim_at > CLAIM_FRESH_SECONDS:
            return AskClaim(act.arn)
        for owner, asked_at in self.views.resources_at.items():
            if self.now - asked_at > SEEN_FRESH_SECONDS:
                return AskOwner(owner)
        return act if self.now - self.views.story_at <= story_seconds else _ASK_STACK

    # --- the answer ---------------------------------------------------------------------------------

    def _answer(self, case: Case) -> Action:
        """The answer, once what it rests on is not old."""
        answer = self._told(case, self.memory.failure, [])
        for arn in self.request.arns[:1]:
            view, done = self.views.model(arn), self.memory.done(arn)
            if done.took_seconds and is_news(done.took_seconds, view.claim.start_seconds):
                return NoteStart(arn, done.took_seconds)
            if view.exists and self.now - view.claim_at > ANSWER_FRESH_SECONDS:
                return AskClaim(arn)
            if view.exists:
                return self._guarded(answer._replace(arn=arn), view)
        return answer if self.now - self.views.story_at <= ANSWER_FRESH_SECONDS else _ASK_STACK

    def _told(self, case: Case, failure: str, problems: list[str]) -> Answer:
        """What CloudFormation is told. An answer that it no longer waits for promises nothing."""
        request = self.request
        if not failure and request.declared is not None and case.step is None:
            failure = f"CloudFormation has ended this request (stack {case.story.stack_status or 'gone'})"
        reason = told(failure, [*self.memory.lost.values(), *problems])
        data = {} if reason else attributes(request, self.views, self._own)
        return Answer(request.physical_id(succeeded=not reason), reason, data)

    def last_word(self) -> Action:
        """The time is over: what is known counts, and what may run for nobody gets one Stop more."""
        case = self.case
        if case is None:
            reason = unheard(self.request, self.memory)
            answer = Answer(self.request.physical_id(succeeded=False), reason)
            return _ASK_STACK if self._can_ask else answer
        problems: list[str] = []
        for arn in self._order(case):
            action = self._for_model(case, arn)
            if action is not None and self._is_left(action):
                return action
            if action is not None:
                want, seen = wanted(case, arn, self.views.model(arn).claim), self.views.model(arn).seen
                problems.append(
                    not_as_wanted(self.request.version(arn), seen, rests=isinstance(want, Rest | Hold))
                )
        failure = self.memory.failure or (problems.pop(0) if problems else "")
        return self._told(case, failure, problems)

    @property
    def _can_ask(self) -> bool:
        ceiling = self.request.envelope.service_timeout_seconds
        return self.now < last_moment(self.memory.arrived_at, self.memory.began_at, ceiling)

    def _is_left(self, action: Action) -> bool:
        """Whether there is still time for an action, of those that end a bill or tell of one."""
        if isinstance(action, GiveUp):
            return True
        if isinstance(action, StopModel):
            done = self.memory.done(action.arn).aimed(action.toward)
            tried = done.stops + done.refused >= STOPS_MAX or (done.stops > 0 and done.stop_accepted)
            return self._can_ask and not tried and not action.toward.startswith("run")
        return self._can_ask and isinstance(action, AskClaim | AskOwner | FindProject | Look | RemoveClaim)
