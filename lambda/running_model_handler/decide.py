"""What to do next: both tables, applied to all models of a request, in order; pure.

One action at a time. A call that would change something is made on views that are fresh, so what it needs to
know is asked before it. Whatever takes time is a pause, after which the world is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from running_model_handler.core.act import (
    Deed,
    Fail,
    Reached,
    Start,
    Wait,
    can_never_run,
    toward_rest,
    toward_running,
)
from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, stop_command, with_stop_command
from running_model_handler.core.claim import Claim, Holder, Owner, claim_tags, holder_key, release_keys
from running_model_handler.core.memory import Memory
from running_model_handler.core.names import Attribute, Property, Tag
from running_model_handler.core.operation import RequestType, standing_in, standing_of
from running_model_handler.core.pauses import pause_between_looks
from running_model_handler.core.schedule import is_news
from running_model_handler.core.status import ABSENT, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.views import ModelView, Views
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    FAILED_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
    SETTLE_SECONDS,
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
    Run,
    Want,
    quiet_since,
    wanted,
)
from running_model_handler.request import Request


@dataclass(frozen=True, slots=True)
class AskStack:
    """DescribeStackEvents."""


@dataclass(frozen=True, slots=True)
class AskOwner:
    """DescribeStackResource of another resource."""

    owner: Owner


@dataclass(frozen=True, slots=True)
class AskClaim:
    """ListTagsForResource."""

    arn: ProjectVersionArn


@dataclass(frozen=True, slots=True)
class FindProject:
    """DescribeProjects."""

    arn: ProjectVersionArn


@dataclass(frozen=True, slots=True)
class Look:
    """DescribeProjectVersions."""

    arn: ProjectVersionArn
    project: ProjectArn


@dataclass(frozen=True, slots=True)
class WriteClaim:
    """TagResource."""

    arn: ProjectVersionArn
    holder: Holder
    tags: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class RemoveClaim:
    """UntagResource."""

    arn: ProjectVersionArn
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteStart:
    """TagResource with what the start took. It only spares calls."""

    arn: ProjectVersionArn
    seconds: int


@dataclass(frozen=True, slots=True)
class StartModel:
    """StartProjectVersion."""

    arn: ProjectVersionArn
    units: InferenceUnits
    toward: str


@dataclass(frozen=True, slots=True)
class StopModel:
    """StopProjectVersion."""

    arn: ProjectVersionArn
    toward: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass, at least ``least`` seconds of it before a hand-over."""

    seconds: float
    why: str
    least: float = 0.0
    settles: bool = False
    """Meanwhile other models can be dealt with."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The request fails, or, if it has failed already, what was to be undone for ``arn`` can't be."""

    reason: str
    arn: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What CloudFormation is told; ``reason`` is empty for success."""

    physical_id: str
    reason: str = ""
    data: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def succeeded(self) -> bool:
        """Whether the answer is SUCCESS."""
        return not self.reason


Action = (
    AskStack | AskOwner | AskClaim | FindProject | Look | WriteClaim | RemoveClaim | NoteStart
    | StartModel | StopModel | Pause | GiveUp | Answer
)  # fmt: skip
_ASK_STACK: Final = AskStack()
_ANSWER_NOW: Final = Answer("")
_ENDED: Final = "CloudFormation has ended this request"


def decide(request: Request, memory: Memory, views: Views, now: float, chance: float) -> Action:
    """The next action. ``chance``, drawn from 0 to 1, is for the length of pauses."""
    return _Moment(request, memory, views, now, chance).action()


class _Moment:
    """One decision: names for what it is based on, and nothing that changes."""

    def __init__(self, request: Request, memory: Memory, views: Views, now: float, chance: float) -> None:
        self.request = request
        self.memory = memory
        self.views = views
        self.now = now
        self.chance = chance
        self.case: Case | None = None
        if views.story is not None:
            step, failed = views.step, bool(memory.failure)
            if step is not None and failed and step.began_at > memory.t > 0.0:
                # A newer operation that asks for the same is as good, unless this request has failed in its own.
                step = None
            late = views.story_at - memory.delivered_at >= LAG_SECONDS
            self.case = Case(
                request.wish, views.story, step, views.me, memory.t, late, failed, views.resources
            )
        ceiling = request.envelope.service_timeout_seconds
        self.deadline = answer_deadline(memory.began_at, ceiling)
        if memory.cut_short_at:
            self.deadline = min(self.deadline, memory.cut_short_at)
        self.last_moment = last_moment(memory.delivered_at, memory.began_at, ceiling)

    # --- the whole request --------------------------------------------------------------------------

    def action(self) -> Action:
        """The first action that any model needs, in order; else the answer."""
        memory, views, now = self.memory, self.views, self.now
        if now >= self.deadline:
            return self._last_word()
        case = self.case
        if case is None or any(done.start_at > views.story_at for done in memory.models.values()):
            # After a Start what CloudFormation wants is asked at once.
            return _ASK_STACK
        if now - views.story_at >= STACK_LOOK_SECONDS:
            return _ASK_STACK
        later: list[Pause] = []
        for arn in self._order(case):
            action = self._for_model(case, arn)
            if isinstance(action, Pause) and action.settles:
                later.append(action)
            elif action is not None:
                return self._in_time(action)
        if later:
            return self._in_time(min(later, key=lambda pause: pause.seconds))
        return self._answer(case)

    def _in_time(self, action: Action) -> Action:
        """The action, unless the time that a start may take is over."""
        request, memory = self.request, self.memory
        if memory.failure or request.declared is None or self.case is None or self.case.step is None:
            return self._capped(action, self.deadline)
        ends_at = start_deadline(
            memory.began_at, request.declared.timeout_seconds, request.envelope.service_timeout_seconds
        )
        if self.now < ends_at:
            return self._capped(action, min(ends_at, self.deadline))
        return GiveUp(self._not_in_time(action), str(request.declared.arn))

    def _capped(self, action: Action, ends_at: float) -> Action:
        if isinstance(action, Pause) and action.seconds > ends_at - self.now:
            return replace(action, seconds=max(0.0, ends_at - self.now), least=0.0)
        return action

    def _order(self, case: Case) -> list[ProjectVersionArn]:
        """The declared model first; the other one where the declared one needs its place."""
        wish, arns = self.request.wish, list(self.request.arns)
        if case.story.goes_back and wish.brings:
            # What the resource had when the operation began may be a fourth one.
            arns += [arn for arn in self.request.arns_of(case.me.has) if arn not in arns]
        if len(arns) < 2 or case.step is None or wish.declared is None:
            return arns
        seen = self.views.model(wish.declared.arn).seen
        runs = seen is not None and seen.status == Status.RUNNING
        other_first = not runs if case.step.back else wish.stops_first and not case.failed
        return arns[1:] + arns[:1] if other_first else arns

    # --- one model ----------------------------------------------------------------------------------

    def _for_model(self, case: Case, arn: ProjectVersionArn) -> Action | None:
        """What a model needs next; None where it is as wanted."""
        view = self.views.model(str(arn))
        if not view.claim_at:
            return AskClaim(arn)
        want = wanted(case, str(arn), view.claim)
        if isinstance(want, Ask):
            return self._ask_again()
        if isinstance(want, AskResource):
            return AskOwner(want.owner)
        leave = self._leave(case, arn, view) if isinstance(want, Keep | Run) else None
        if leave is not None:
            return leave
        if case.failed:
            tell = self._tell_failure(case, arn, view, want)
            if tell is not None:
                return tell
            if str(arn) in self.memory.lost:
                return None
        match want:
            case Keep():
                return self._keep(case, arn, view, want)
            case Run():
                return self._run(case, arn, view, want)
            case _:
                return self._rest(case, arn, view, want)

    def _ask_again(self) -> Action:
        if self.views.rested_at > self.views.story_at:
            return _ASK_STACK
        waited = self.now - self.memory.delivered_at
        return Pause(
            min(STACK_LOOK_SECONDS, max(1.0, waited / 10)), "CloudFormation does not show the request yet"
        )

    def _tell_failure(self, case: Case, arn: ProjectVersionArn, view: ModelView, want: Want) -> Action | None:
        """Let other deliveries know before anything is undone, and let time pass in which they can."""
        holder, step = self._own(view.claim), case.step
        just_written = view.claim_at - self.memory.done(str(arn)).claimed_at < LAG_SECONDS
        shows_open = holder is not None and holder.t == case.t and not holder.failed
        if step is not None and holder is not None and shows_open and not (self.memory.failed_at and just_written):
            wish = case.wish
            former = wish.former
            units = holder.units
            if not step.back and former is not None and former.arn == str(arn) and former.units is not None:
                units = former.units
            return self._write(arn, replace(holder, units=units, failed=True), view)
        ends_at = self.memory.failed_at + FAILED_SECONDS
        if isinstance(want, Keep) or not self.memory.failed_at:
            return None
        if self.now < ends_at:
            return Pause(ends_at - self.now, "other deliveries learn of the failure")
        return AskClaim(arn) if view.claim_at < ends_at else None

    def _keep(self, case: Case, arn: ProjectVersionArn, view: ModelView, keep: Keep) -> Action | None:
        wish = case.wish
        declares = wish.declared is not None and wish.declared.arn == str(arn)
        if keep.owner is None or not declares or case.failed or case.step is None:
            return None
        if self.memory.done(str(arn)).claimed_at + LAG_SECONDS > view.claim_at:
            # Tags may still show what was before our own claim.
            return self._read_tags_again(arn, view)
        return GiveUp(
            f"the model belongs to {keep.owner}, stack id {keep.owner.stack_id}; declare it in one stack only, "
            "or remove it there first",
            str(arn),
        )

    def _run(self, case: Case, arn: ProjectVersionArn, view: ModelView, run: Run) -> Action | None:
        toward, text = f"run {run.units}", str(arn)
        if not view.exists:
            return self._fail(
                arn, f"model {arn} does not exist; check the ARN, it may have been deleted, or made anew"
            )
        look = self._first_look(arn, view)
        if look is not None:
            return look
        if view.seen is None or view.seen.status is None:
            return self._hidden(arn, view, runs=True)
        done = self.memory.done(text).aimed(toward)
        never = can_never_run(view.seen)
        if never:
            return self._fail(arn, f"model {arn}: {never}")
        if not run.for_others:
            claim = self._claim(case, arn, view, run)
            if claim is not None:
                return claim
        deed = toward_running(run, view.seen, done, self.now)
        settles_at = quiet_since(case) + SETTLE_SECONDS
        back = case.step is None or case.step.back or not case.wish.brings
        if isinstance(deed, Reached) and back and not run.brings_back and view.seen_at < settles_at:
            return self._settle(settles_at, arn, view)
        return self._carry_out(arn, view, deed, toward, run.units)

    def _rest(self, case: Case, arn: ProjectVersionArn, view: ModelView, want: Want) -> Action | None:
        if not view.exists:
            return None
        settles_at = quiet_since(case) + SETTLE_SECONDS
        if not self._is_ours(case, arn, view.claim):
            # A claim may be on its way.
            return self._settle(settles_at, arn, view) if view.claim_at < settles_at else None
        look = self._first_look(arn, view)
        if look is not None:
            return look
        if view.seen is None or view.seen.status is None:
            return self._hidden(arn, view, runs=False)
        toward = "hold" if isinstance(want, Hold) else "rest"
        deed = toward_rest(view.seen, self.memory.done(str(arn)).aimed(toward), self.now)
        if not isinstance(deed, Reached) or isinstance(want, Hold):
            return self._carry_out(arn, view, deed, toward, None)
        if view.seen_at < settles_at:
            return self._settle(settles_at, arn, view)
        return self._release(case, arn, view)

    # --- claims -------------------------------------------------------------------------------------

    def _own(self, claim: Claim) -> Holder | None:
        owner = self.request.wish.owner
        return claim.holders.get(owner) if claim.is_of(owner.stack_id) else None

    def _is_ours(self, case: Case, arn: ProjectVersionArn, claim: Claim) -> bool:
        """Whether a model is this stack's to stop.

        What this delivery has started itself is, even unclaimed; and what CloudFormation's record says that
        the resource had, whose tags somebody removed.
        """
        wish, text = case.wish, str(arn)
        if claim.is_of(wish.owner.stack_id) or self.memory.done(text).may_run_by_us:
            return True
        if claim.stack_id is not None or case.step is None or wish.kind is not RequestType.DELETE:
            return False
        steps = (*case.story.before, *case.story.steps.get(wish.owner.logical_id, ()))
        brought = [step for step in steps if step.kind is not RequestType.DELETE]
        if not brought:
            return not case.story.goes_back and not wish.never_answered
        return any(
            step.physical_id == text or (step.result_id == text and step.status.endswith("_COMPLETE"))
            for step in brought
        )

    def _claim(self, case: Case, arn: ProjectVersionArn, view: ModelView, run: Run) -> Action | None:
        """Write the own holder's tag, and read it back; None once it shows."""
        holder, done = self._own(view.claim), self.memory.done(str(arn))
        if holder is not None and holder.t == case.t:
            return None
        if done.claimed_at and self.now - done.claimed_at < LAG_SECONDS:
            return self._read_tags_again(arn, view)
        others = any(owner.stack_id == case.wish.owner.stack_id for owner in view.claim.holders)
        runs = view.seen is not None and view.seen.status in (Status.RUNNING, Status.STARTING)
        adopted = holder.adopted if holder is not None else runs and not others and not done.may_run_by_us
        return self._write(arn, Holder(case.t, run.units, case.failed, adopted), view)

    def _write(self, arn: ProjectVersionArn, holder: Holder, view: ModelView) -> Action:
        created = self.memory.projects.get(str(arn))
        tags = claim_tags(self.request.wish.owner, holder, created)
        return self._guarded(WriteClaim(arn, holder, tags), arn, view)

    def _release(self, case: Case, arn: ProjectVersionArn, view: ModelView) -> Action | None:
        """Remove the claim of a model that has stopped; None once it is gone, or nothing of it is ours."""
        owner, claim = case.wish.owner, view.claim
        gone = [each for each in claim.holders if each != owner and not self._lives(case, each)]
        return self._remove(arn, view, release_keys(claim, owner, gone) if claim.is_of(owner.stack_id) else [])

    def _leave(self, case: Case, arn: ProjectVersionArn, view: ModelView) -> Action | None:
        """Remove the own holder's tag from a model that others keep; None once it is gone."""
        holder, wish = self._own(view.claim), case.wish
        if holder is None or case.step is None or wish.brings or holder.t > case.t:
            return None
        return self._remove(arn, view, [holder_key(wish.owner)])

    def _remove(self, arn: ProjectVersionArn, view: ModelView, keys: list[str]) -> Action | None:
        released_at = self.memory.done(str(arn)).released_at
        if not keys or 0.0 <= view.claim_at - released_at < LAG_SECONDS:
            return None
        if released_at > view.claim_at:
            return AskClaim(arn)
        return self._guarded(RemoveClaim(arn, tuple(keys)), arn, view, SEEN_FRESH_SECONDS)

    @staticmethod
    def _lives(case: Case, owner: Owner) -> bool:
        """Whether another holder is not known to be gone."""
        if owner.logical_id in case.story.steps:
            return standing_of(case.story, owner.logical_id).lives
        return owner not in case.resources or standing_in(case.resources[owner]).lives

    def _read_tags_again(self, arn: ProjectVersionArn, view: ModelView) -> Action:
        written_at = self.memory.done(str(arn)).claimed_at
        if view.claim_at <= written_at or self.views.rested_at > view.claim_at:
            return AskClaim(arn)
        return Pause(1.0, "the claim is not visible yet")

    # --- looks --------------------------------------------------------------------------------------

    def _project(self, arn: ProjectVersionArn, view: ModelView) -> ProjectArn | None:
        """The project of a version: as looked up or seen, declared, or remembered in its tags."""
        known = self.memory.projects.get(str(arn))
        if known is not None or view.looked_up:
            return arn.project_arn(known) if known is not None else None
        declared = self._declared_project(arn)
        if declared is not None:
            return declared
        created = view.claim.project_created
        return arn.project_arn(created) if created is not None else None

    def _declared_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        declared = self.request.declared
        if declared is not None:
            return declared.project_arn if declared.arn == arn else None
        return self.request.project_arn

    def _look(self, arn: ProjectVersionArn, view: ModelView) -> Action | None:
        """A look at a model; None where no project can be asked."""
        project = self._project(arn, view)
        if project is not None:
            return Look(arn, project)
        return None if view.looked_up else FindProject(arn)

    def _first_look(self, arn: ProjectVersionArn, view: ModelView) -> Action | None:
        return self._look(arn, view) if view.seen is None else None

    def _look_again(self, arn: ProjectVersionArn, view: ModelView, why: str) -> Action:
        """Look at a model once a pause is over that began with the last look, or the last act."""
        done, story = self.memory.done(str(arn)), self.views.story
        if self.views.rested_at > max(view.seen_at, done.acted_at):
            return self._look(arn, view) or FindProject(arn)
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
        return Pause(seconds, why, least)

    def _settle(self, settles_at: float, arn: ProjectVersionArn, view: ModelView) -> Action:
        """Wait for what was cut off, then look once more."""
        left = settles_at - self.now
        if left > 0.0:
            return Pause(min(left, LAG_SECONDS), "what was cut off may still act", settles=True)
        if view.claim_at < settles_at:
            return AskClaim(arn)
        return self._look(arn, view) or FindProject(arn)

    def _hidden(self, arn: ProjectVersionArn, view: ModelView, *, runs: bool) -> Action:
        """A version that exists, and is not shown by its project: nobody can tell whether it bills."""
        if view.claim_at < view.hidden_since:
            # It may have been deleted since.
            return AskClaim(arn)
        declared = self._declared_project(arn)
        if runs and declared is not None:
            return self._fail(
                arn,
                f"model {arn} exists, but {Property.PROJECT_ARN} {declared} does not show it; correct it, or omit "
                "it to have the project looked up",
            )
        if not view.looked_up:
            return FindProject(arn)
        project = self._project(arn, view)
        where = (
            f"project {project} does not show it" if project else f"no project {arn.project_name} is found"
        )
        if project is not None and self.now - view.hidden_since < LAG_SECONDS:
            return self._look_again(arn, view, where)
        if not runs and not self.memory.done(str(arn)).acted_at:
            # A Stop needs no project. Whether it had an effect can't be seen, so it is no success.
            return StopModel(arn, "rest")
        reason = (
            f"model {arn} exists, but {where}, so that nobody can tell whether it bills; correct "
            f"{Property.PROJECT_ARN} or the tag {Tag.PROJECT_CREATED}"
        )
        return self._fail(arn, reason if runs else with_stop_command(reason, arn))

    # --- acts ---------------------------------------------------------------------------------------

    def _carry_out(
        self, arn: ProjectVersionArn, view: ModelView, deed: Deed, toward: str, units: InferenceUnits | None
    ) -> Action | None:
        match deed:
            case Reached():
                return None
            case Fail():
                return self._fail(arn, f"model {arn}: {deed.reason}")
            case Wait():
                return self._look_again(arn, view, deed.why)
            case _ if self.memory.done(str(arn)).acted_at >= view.seen_at:
                return self._look_again(arn, view, "what was asked for is not visible yet")
            case Start() if units is not None:
                return self._guarded(StartModel(arn, units, toward), arn, view)
            case _:
                return self._guarded(StopModel(arn, toward), arn, view, SEEN_FRESH_SECONDS)

    def _guarded(
        self, act: Action, arn: ProjectVersionArn, view: ModelView, story_seconds: float = ANSWER_FRESH_SECONDS
    ) -> Action:
        """An act, once nothing that it is decided by is old; what is needed most freshly is asked last."""
        if view.seen is not None and self.now - view.seen_at > SEEN_FRESH_SECONDS:
            look = self._look(arn, view)
            if look is not None:
                return look
        if self.now - view.claim_at > CLAIM_FRESH_SECONDS:
            return AskClaim(arn)
        owner = self._old_owner()
        if owner is not None:
            return AskOwner(owner)
        return act if self.now - self.views.story_at <= story_seconds else _ASK_STACK

    def _old_owner(self) -> Owner | None:
        """Another resource that was asked for, and has not been for a while."""
        asked = self.views.resources_at.items()
        return next((owner for owner, at in asked if self.now - at > SEEN_FRESH_SECONDS), None)

    def _fail(self, arn: ProjectVersionArn, reason: str) -> Action:
        return GiveUp(reason, str(arn))

    # --- the answer ---------------------------------------------------------------------------------

    def _answer(self, case: Case) -> Action:
        """The answer, once what it rests on is not old."""
        request, memory, views = self.request, self.memory, self.views
        for arn in request.arns[:1]:
            view, done = views.model(str(arn)), memory.done(str(arn))
            if done.took_seconds and is_news(done.took_seconds, view.claim.start_seconds):
                return NoteStart(arn, done.took_seconds)
            if view.exists:
                fresh = self._guarded(_ANSWER_NOW, arn, view)
                if fresh is not _ANSWER_NOW:
                    return fresh
        if self.now - views.story_at > ANSWER_FRESH_SECONDS:
            return _ASK_STACK
        return self._told(case, memory.failure)

    def _told(self, case: Case, failure: str) -> Answer:
        """What CloudFormation is told. An answer that it no longer waits for harms nobody, and promises nothing."""
        request, memory = self.request, self.memory
        if not failure and request.wish.brings and case.step is None:
            failure = f"{_ENDED} (stack {case.story.stack_status or 'gone'})"
        then = [why for why in memory.lost.values() if why not in failure]
        reason = ". Then: ".join([failure, *then]) if failure else ""
        return Answer(request.physical_id(succeeded=not reason), reason, {} if reason else self._attributes())

    def _attributes(self) -> dict[str, str]:
        declared = self.request.declared
        if declared is None:
            return {}
        view = self.views.model(str(declared.arn))
        holder, units = self._own(view.claim), declared.units
        return {
            Attribute.PROJECT_VERSION_ARN: str(declared.arn),
            Attribute.STATUS: str(view.seen.status) if view.seen is not None else "",
            Attribute.MIN_INFERENCE_UNITS: str(units.minimum),
            Attribute.MAX_INFERENCE_UNITS: str(units.effective_maximum),
            Attribute.ADOPTED: "true" if holder is not None and holder.adopted else "false",
        }

    def _not_in_time(self, action: Action) -> str:
        memory, declared = self.memory, self.request.declared
        assert declared is not None
        view = self.views.model(str(declared.arn))
        if memory.tries and view.seen is None:
            return _no_answer(memory)
        waited = round((self.now - memory.began_at) / 60)
        why = f" ({action.why})" if isinstance(action, Pause) else ""
        status = view.seen.status if view.seen is not None else "not known"
        return (
            f"model {declared.arn} does not run with {declared.units} inference units after {waited} min: its "
            f"status is {status}{why}"
            + (f"; last error {memory.last_error}" if memory.last_error else "")
            + "; give it more time (timeout, at most 55 min) or look at it in the console"
        )

    # --- the end of the time --------------------------------------------------------------------------

    def _last_word(self) -> Action:
        """The hour is over: what is known counts, and what may run for nobody gets one Stop more."""
        case, can_ask = self.case, self.now < self.last_moment
        if case is None:
            return _ASK_STACK if can_ask else self._unheard()
        problems: list[str] = []
        for arn in self._order(case):
            word = self._last_word_on(case, arn, can_ask=can_ask)
            if isinstance(word, str):
                problems.append(word)
            elif word is not None:
                return word
        failure = self.memory.failure
        if problems and not failure:
            failure, problems = problems[0], problems[1:]
        told = self._told(case, failure)
        left = [problem for problem in problems if problem not in told.reason]
        return replace(told, reason=". Then: ".join([told.reason, *left]))

    def _unheard(self) -> Answer:
        """CloudFormation could not be asked at all: nothing was done but by an invocation before."""
        request, reason = self.request, _no_answer(self.memory)
        for arn in request.arns:
            if not request.wish.brings or self.memory.done(str(arn)).may_run_by_us:
                reason = with_stop_command(reason, arn)
        return Answer(request.physical_id(succeeded=False), reason)

    def _last_word_on(self, case: Case, arn: ProjectVersionArn, *, can_ask: bool) -> Action | str | None:
        """What is still to be done for a model, or what a person has to know of it; None where all is well."""
        view, done = self.views.model(str(arn)), self.memory.done(str(arn))
        if not view.claim_at and can_ask:
            return AskClaim(arn)
        want = wanted(case, str(arn), view.claim)
        if isinstance(want, Keep) or str(arn) in self.memory.lost or not view.exists:
            return None
        if isinstance(want, Ask | AskResource):
            unsure = f"CloudFormation has not shown what is to become of model {arn}"
            return None if case.wish.brings else with_stop_command(unsure, arn)
        if view.seen is None and can_ask and self._project(arn, view) is not None:
            return self._look(arn, view) or ""
        if isinstance(want, Run):
            return self._last_run(case, arn, view, want)
        if not self._is_ours(case, arn, view.claim):
            return None
        seen = view.seen or ABSENT
        if isinstance(toward_rest(seen, done.aimed("rest"), self.now), Reached) and view.seen is not None:
            return None
        if can_ask and not done.aimed("rest").stops and done.acted_at < self.deadline:
            return StopModel(arn, "rest")
        return (
            f"model {arn} did not stop in time, its status is {seen.status}, and it goes on billing; stop it by "
            f"hand: {stop_command(arn)}"
        )

    def _last_run(self, case: Case, arn: ProjectVersionArn, view: ModelView, run: Run) -> str | None:
        done = self.memory.done(str(arn)).aimed(f"run {run.units}")
        accepted = (run.for_others or run.brings_back) and done.starts and done.start_accepted
        deed = toward_running(run, view.seen or ABSENT, done, self.now)
        if accepted or isinstance(deed, Reached):
            return None
        status = view.seen.status if view.seen is not None else "not known"
        return (
            f"model {arn} could not be brought to {run.units} inference units in time, its status is {status}; "
            f"if it is not wanted, stop it by hand: {stop_command(arn)}"
        )


def _no_answer(memory: Memory) -> str:
    return (
        f"AWS did not answer in time: {memory.tries} tries failed, the last with {memory.last_error or 'nothing'}; "
        "deploy again"
    )
