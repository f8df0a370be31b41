"""CloudFormation: one stack, its operations step by step, and the requests that they send.

It follows ``simulator.cloudformation`` and ``simulator.resource_steps``, as a function from a stack to the
stacks that may come next. A step of an operation comes at least one step of time after the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from explorer.minds import Happened, Spec
from explorer.scenes import STACK, Declared, Operation, Template, Turn, Verb

WAITING: Final = "waiting"
SUCCESS: Final = "SUCCESS"
FAILED: Final = "FAILED"
CANCELLED: Final = "cancelled"
CROSSED: Final = "cancelled while its SUCCESS was on its way"
_TRIES_MAX: Final = 2
"""How often a user tries again what would not be deleted, or would not go back."""


class Sent(NamedTuple):
    """A request, and how it ended for CloudFormation."""

    spec: Spec
    outcome: str = WAITING
    physical: str | None = None
    """What the answer names."""
    back: bool = False
    admits: bool = False
    """The answer says that something could not be undone."""
    ended: int = 0
    """How many steps of time ago, where that counts."""
    age: int = 0
    """How many steps of time ago it was sent, where that counts."""
    out_of_time: bool = False
    """For one of its deliveries the time was over that a start may take."""


class Job(NamedTuple):
    """What an operation is doing to one resource."""

    request: int
    logical: str
    deletes: str | None = None
    """The physical id that goes; None where something is made or changed."""
    is_the_resource: bool = True


class Resource(NamedTuple):
    """A resource as CloudFormation keeps it, and shows it."""

    status: str = ""
    physical: str | None = None
    declared: Declared | None = None
    age: int = 0
    """For how many steps of time it has had this status, where that counts."""
    before: tuple[str, str | None] | None = None
    """Status and physical id that may still show."""

    @property
    def exists(self) -> bool:
        """Whether it is part of the stack."""
        return self.status not in ("", "DELETE_COMPLETE", "DELETE_SKIPPED")


class Change(NamedTuple):
    """What an update does to a resource that was there."""

    logical: str
    former: Declared
    former_id: str
    other_ids: tuple[str, ...] = ()
    reverted: bool = False


class Stack(NamedTuple):
    """All that CloudFormation knows."""

    resources: tuple[Resource, ...]
    operation: int = 0
    """The one under way, or the next one."""
    phase: str = "rest"
    status: str = ""
    jobs: tuple[Job, ...] = ()
    made: tuple[str, ...] = ()
    """What the operation has begun to make."""
    changes: tuple[Change, ...] = ()
    failed: bool = False
    """A job of this phase has."""
    left: tuple[Change, ...] = ()
    """What updates have replaced that were not rolled back: the next operation deletes it."""
    tries: int = 0
    requests: tuple[Sent, ...] = ()
    events: tuple[Happened, ...] = ()
    ages: tuple[int, ...] = ()
    """Of the events, where they count."""
    new: tuple[int, ...] = ()
    """Requests that were just sent."""

    @property
    def at_rest(self) -> bool:
        """Whether no operation runs."""
        return self.phase in ("rest", "end")


class StackSteps:
    """The steps of one scene's stack."""

    def __init__(
        self,
        operations: tuple[Operation, ...],
        names: tuple[str, ...],
        lag: int,
        age_max: int,
        known: int,
        *,
        all_count: bool = False,
    ) -> None:
        self._operations = operations
        self.names = names
        self._lag = lag
        self._age_max = age_max
        self._known = known
        self._all_count = all_count
        self.first = Stack(tuple(Resource() for _ in names))

    # --- what may come next -------------------------------------------------------------------------

    def steps(self, stack: Stack) -> Iterator[tuple[str, Stack]]:
        """What CloudFormation, or its user, may do at this moment."""
        if stack.ages and not stack.ages[-1]:
            return
        match stack.phase:
            case "rest":
                yield from self._begun(stack)
            case "forward":
                yield from self._taken(stack)
                if not stack.jobs:
                    yield self._went_well(stack)
                if self._operation(stack).turn is not Turn.NEVER:
                    yield "the operation is cut off", self._cut_off(stack)
            case "turned":
                yield self._turned(stack)
            case "back begins":
                yield "the way back begins", self._back(stack)
            case "back failed":
                yield "the way back is tried again", self._back_again(stack)
            case "back" | "clean-up" | "deletion":
                yield from self._taken(stack)
                if not stack.jobs:
                    yield self._phase_over(stack)
            case _:
                return

    def answer(self, stack: Stack, number: int, physical: str, *, success: bool, admits: bool) -> Stack:
        """An answer has come: the first one counts, if it is waited for."""
        sent = stack.requests[number]
        if sent.outcome == WAITING:
            outcome = SUCCESS if success else FAILED
            sent = sent._replace(outcome=outcome, physical=physical, admits=admits)
        elif sent.outcome == CANCELLED and success and sent.ended <= self._lag + 1:
            sent = sent._replace(outcome=CROSSED)
        return stack._replace(requests=_put(stack.requests, number, sent))

    def _counts(self, event: Happened) -> bool:
        return self._all_count or event.ends or (len(self.names) > 1 and event.rests)

    @staticmethod
    def out_of_time(stack: Stack, number: int) -> Stack:
        """The time of a request is over, as one of its deliveries counts it."""
        sent = stack.requests[number]._replace(out_of_time=True)
        return stack._replace(requests=_put(stack.requests, number, sent))

    def older(self, stack: Stack) -> Stack:
        """A step of time later."""
        ages = tuple(
            min(age + 1, self._age_max if self._counts(event) else self._lag + 1)
            for event, age in zip(stack.events, stack.ages, strict=True)
        )
        resources = tuple(
            each._replace(
                age=min(each.age + 1, self._lag + 2),
                before=each.before if each.age + 1 <= self._lag else None,
            )
            for each in stack.resources
        )
        at_work = {job.request for job in stack.jobs}
        requests = tuple(
            each._replace(
                ended=min(each.ended + 1, self._ended_max(each, number in at_work)),
                age=min(each.age + 1, self._lag + 1),
            )
            for number, each in enumerate(stack.requests)
        )
        return stack._replace(ages=ages, resources=resources, requests=requests)

    def _ended_max(self, sent: Sent, at_work: bool) -> int:
        if sent.outcome in (CANCELLED, FAILED):
            return self._known
        return 1 if at_work and sent.outcome == SUCCESS else 0

    def overdue(self, stack: Stack) -> bool:
        """Whether CloudFormation goes on before any more time passes: what it does itself takes seconds."""
        if not stack.ages or not stack.ages[-1]:
            return False
        if any(stack.requests[job.request].ended for job in stack.jobs):
            return True
        if stack.phase == "forward":
            return not stack.jobs and self._operation(stack).turn is Turn.NEVER
        alone = stack.phase in ("back", "clean-up", "deletion") and not stack.jobs
        return alone or stack.phase in ("turned", "back begins")

    # --- forward ------------------------------------------------------------------------------------

    def _operation(self, stack: Stack) -> Operation:
        return self._operations[stack.operation]

    def _begun(self, stack: Stack) -> Iterator[tuple[str, Stack]]:
        if stack.operation >= len(self._operations):
            return
        operation = self._operation(stack)
        if operation.verb is Verb.DELETE:
            if stack.status not in ("", "DELETE_COMPLETE"):
                yield "the user deletes the stack", self._delete(stack)
        elif not stack.status:
            stack = _status(stack, "CREATE_IN_PROGRESS")._replace(phase="forward", failed=False)
            for name, declared in operation.template:
                stack = self._create(stack, name, declared)
            yield "the user creates the stack", stack
        elif not stack.status.startswith(("CREATE_FAILED", "ROLLBACK", "DELETE")):
            yield "the user updates the stack", self._update(stack, operation.template)
        else:
            yield from self._begun(stack._replace(operation=stack.operation + 1))

    def _create(self, stack: Stack, name: str, declared: Declared) -> Stack:
        stack = self._mark(stack, name, "CREATE_IN_PROGRESS", None, declared)
        stack = stack._replace(made=(*stack.made, name))
        return _send(stack, Spec("Create", name, declared), name)

    def _update(self, stack: Stack, template: Template) -> Stack:
        stack = _status(stack, "UPDATE_IN_PROGRESS")
        stack = stack._replace(phase="forward", failed=False, made=(), changes=(), tries=0)
        for name, declared in template:
            resource = stack.resources[self.names.index(name)]
            if not resource.exists or resource.declared is None:
                stack = self._create(stack, name, declared)
            elif resource.declared != declared:
                had, former = resource.physical or "", resource.declared
                stack = stack._replace(changes=(*stack.changes, Change(name, former, had)))
                stack = self._mark(stack, name, "UPDATE_IN_PROGRESS", had, declared)
                stack = _send(stack, Spec("Update", name, declared, had, former), name)
        return stack

    def _taken(self, stack: Stack) -> Iterator[tuple[str, Stack]]:
        """CloudFormation takes an answer that has come."""
        for job in stack.jobs:
            sent = stack.requests[job.request]
            if sent.outcome in (SUCCESS, FAILED):
                after = stack._replace(jobs=tuple(each for each in stack.jobs if each != job))
                ok = sent.outcome == SUCCESS
                label = f"CloudFormation takes the {sent.outcome} of {job.logical}"
                if job.deletes is not None:
                    yield label, self._deleted(after, job, "DELETE_COMPLETE" if ok else "DELETE_FAILED")
                elif stack.phase == "back":
                    yield label, self._reverted(after, job, sent)
                else:
                    yield label, self._brought(after, job, sent)

    def _brought(self, stack: Stack, job: Job, sent: Sent) -> Stack:
        kind, ok = sent.spec.kind.upper(), sent.outcome == SUCCESS
        resource = stack.resources[self.names.index(job.logical)]
        had = resource.physical
        physical = sent.physical if ok or kind == "CREATE" else had
        if not ok and kind == "UPDATE" and sent.physical not in (had, None):
            stack = _with_other_id(stack, job.logical, str(sent.physical))
        status = f"{kind}_{'COMPLETE' if ok else 'FAILED'}"
        stack = self._mark(stack, job.logical, status, physical, answered=True)
        return stack if ok else self._cut_off(stack)

    def _cut_off(self, stack: Stack) -> Stack:
        """The operation can't succeed any more: what is under way is cancelled."""
        for job in stack.jobs:
            sent = stack.requests[job.request]
            kind = sent.spec.kind.upper()
            outcome = CANCELLED if sent.outcome == WAITING else sent.outcome
            if sent.outcome == SUCCESS:
                outcome = CROSSED
            stack = stack._replace(requests=_put(stack.requests, job.request, sent._replace(outcome=outcome)))
            physical = stack.resources[self.names.index(job.logical)].physical
            stack = self._mark(stack, job.logical, f"{kind}_FAILED", physical)
        if not stack.jobs and (not stack.ages or stack.ages[-1]):
            # Another resource fails, whose event nobody looks at.
            stack = stack._replace(
                events=(*stack.events, Happened("Sibling", "sibling", "CREATE_FAILED", None)),
                ages=(*stack.ages, 0),
            )
        return stack._replace(jobs=(), phase="turned")

    def _went_well(self, stack: Stack) -> tuple[str, Stack]:
        if stack.status == "CREATE_IN_PROGRESS":
            return "the create is complete", self._rest(_status(stack, "CREATE_COMPLETE"))
        wanted = dict(self._operation(stack).template)
        stack = _status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")._replace(phase="clean-up", failed=False)
        for name, resource in zip(self.names, stack.resources, strict=True):
            if resource.exists and name not in wanted:
                stack = self._doom(stack, name, resource.physical, resource.declared, the_resource=True)
        for change in (*stack.left, *stack.changes):
            if stack.resources[self.names.index(change.logical)].physical != change.former_id:
                stack = self._doom(stack, change.logical, change.former_id, change.former, the_resource=False)
        return "the clean-up begins", stack._replace(left=())

    # --- back ---------------------------------------------------------------------------------------

    def _turned(self, stack: Stack) -> tuple[str, Stack]:
        operation = self._operation(stack)
        if stack.status == "CREATE_IN_PROGRESS":
            if not operation.rolls_back:
                return "no roll-back", self._rest(_status(stack, "CREATE_FAILED"))
            if operation.turn is Turn.DELETE:
                return "the user deletes the stack", self._delete(stack)
            stack = _status(stack, "ROLLBACK_IN_PROGRESS")._replace(phase="deletion", failed=False, tries=0)
            return "the roll-back begins", self._doom_all(stack)
        if not operation.rolls_back:
            return "no roll-back", self._rest(self._as_it_was(_status(stack, "UPDATE_FAILED")))
        stack = _status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
        return "the roll-back begins", stack._replace(phase="back begins", failed=False)

    def _as_it_was(self, stack: Stack) -> Stack:
        """What the next operation goes on from is what was stable last."""
        for change in stack.changes:
            index = self.names.index(change.logical)
            resource = stack.resources[index]
            if resource.status == "UPDATE_FAILED":
                resource = resource._replace(declared=change.former)
                stack = stack._replace(resources=_put(stack.resources, index, resource))
            elif resource.physical != change.former_id:
                stack = stack._replace(left=(*stack.left, change))
        return stack

    def _back(self, stack: Stack) -> Stack:
        stack = stack._replace(phase="back", failed=False)
        for change in stack.changes:
            if not change.reverted:
                index = self.names.index(change.logical)
                wanted = dict(self._operation(stack).template)[change.logical]
                had = stack.resources[index].physical or ""
                stack = self._mark(stack, change.logical, "UPDATE_IN_PROGRESS", had, change.former)
                spec = Spec("Update", change.logical, change.former, had, wanted)
                stack = _send(stack, spec, change.logical, back=True)
        return stack if stack.jobs else self._clean_up_back(stack)

    def _reverted(self, stack: Stack, job: Job, sent: Sent) -> Stack:
        had = stack.resources[self.names.index(job.logical)].physical
        if sent.outcome != SUCCESS:
            return self._mark(stack._replace(failed=True), job.logical, "UPDATE_FAILED", had, answered=True)
        if sent.physical != had:
            stack = _with_other_id(stack, job.logical, str(had))
        stack = stack._replace(
            changes=tuple(
                each._replace(reverted=True) if each.logical == job.logical else each
                for each in stack.changes
            )
        )
        return self._mark(stack, job.logical, "UPDATE_COMPLETE", sent.physical)

    def _back_again(self, stack: Stack) -> Stack:
        stack = _status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")._replace(tries=stack.tries + 1)
        if stack.tries >= _TRIES_MAX:
            for change in stack.changes:
                if not change.reverted:
                    physical = stack.resources[self.names.index(change.logical)].physical
                    stack = self._mark(stack, change.logical, "UPDATE_COMPLETE", physical, change.former)
            stack = stack._replace(changes=tuple(each._replace(reverted=True) for each in stack.changes))
        return stack._replace(phase="back begins")

    def _clean_up_back(self, stack: Stack) -> Stack:
        stack = _status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        wanted = dict(self._operation(stack).template)
        for change in stack.changes:
            physical = stack.resources[self.names.index(change.logical)].physical
            for other in change.other_ids:
                if other != physical:
                    stack = self._doom(
                        stack, change.logical, other, wanted[change.logical], the_resource=False
                    )
        for name in stack.made:
            resource = stack.resources[self.names.index(name)]
            if resource.exists:
                stack = self._doom(stack, name, resource.physical, resource.declared, the_resource=True)
        return stack._replace(phase="clean-up", failed=False)

    # --- deletions ----------------------------------------------------------------------------------

    def _delete(self, stack: Stack) -> Stack:
        stack = _status(stack, "DELETE_IN_PROGRESS")._replace(phase="deletion", failed=False)
        return self._doom_all(stack)

    def _doom_all(self, stack: Stack) -> Stack:
        for change in stack.left:
            stack = self._doom(stack, change.logical, change.former_id, change.former, the_resource=False)
        stack = stack._replace(left=())
        for name, resource in zip(self.names, stack.resources, strict=True):
            if resource.exists:
                stack = self._doom(stack, name, resource.physical, resource.declared, the_resource=True)
        return stack

    def _doom(
        self, stack: Stack, name: str, physical: str | None, declared: Declared | None, *, the_resource: bool
    ) -> Stack:
        assert declared is not None
        created = stack.resources[self.names.index(name)].status in ("CREATE_FAILED", "CREATE_IN_PROGRESS")
        job = Job(-1, name, physical or f"{STACK}-{name}-INVENTED", the_resource)
        if declared.retained and not created and the_resource:
            return self._deleted(stack, job, "DELETE_SKIPPED")
        stack = self._deleted(stack, job, "DELETE_IN_PROGRESS", declared)
        return _send(stack, Spec("Delete", name, declared, job.deletes), name, job=job)

    def _deleted(self, stack: Stack, job: Job, status: str, declared: Declared | None = None) -> Stack:
        """The deletion of what a resource was before shows in the events alone."""
        if declared is None and job.request >= 0:
            declared = stack.requests[job.request].spec.declared
        failed = stack.failed or status == "DELETE_FAILED"
        if job.is_the_resource:
            return self._mark(stack._replace(failed=failed), job.logical, status, job.deletes)
        event = Happened(job.logical, job.deletes, status, declared)
        return stack._replace(failed=failed, events=(*stack.events, event), ages=(*stack.ages, 0))

    # --- ends ---------------------------------------------------------------------------------------

    def _phase_over(self, stack: Stack) -> tuple[str, Stack]:
        if stack.phase == "back":
            if stack.failed:
                return "the way back fails", _status(stack, "UPDATE_ROLLBACK_FAILED")._replace(
                    phase="back failed"
                )
            return "the clean-up begins", self._clean_up_back(stack)
        if stack.phase == "clean-up":
            back = stack.status.startswith("UPDATE_ROLLBACK")
            stack = _status(stack, "UPDATE_ROLLBACK_COMPLETE" if back else "UPDATE_COMPLETE")
            return f"the stack is {stack.status}", self._rest(stack)
        return self._deletion_over(stack)

    def _deletion_over(self, stack: Stack) -> tuple[str, Stack]:
        rolled_back = stack.status == "ROLLBACK_IN_PROGRESS"
        if rolled_back and not stack.failed:
            return "the roll-back is complete", self._rest(_status(stack, "ROLLBACK_COMPLETE"))
        if not stack.failed:
            return "the stack is gone", self._rest(_status(stack, "DELETE_COMPLETE"))
        if rolled_back or stack.tries < _TRIES_MAX:
            return "the user deletes the stack again", self._delete(stack._replace(tries=stack.tries + 1))
        for name, resource in zip(self.names, stack.resources, strict=True):
            if resource.exists:
                stack = self._mark(stack, name, "DELETE_SKIPPED", resource.physical)
        return "the user gives up", self._rest(_status(stack, "DELETE_COMPLETE"))

    @staticmethod
    def _rest(stack: Stack) -> Stack:
        return stack._replace(
            phase="rest", operation=stack.operation + 1, jobs=(), made=(), changes=(), failed=False, tries=0
        )

    # --- marks --------------------------------------------------------------------------------------

    def _mark(
        self,
        stack: Stack,
        name: str,
        status: str,
        physical: str | None,
        declared: Declared | None = None,
        *,
        answered: bool = False,
    ) -> Stack:
        index = self.names.index(name)
        resource = stack.resources[index]
        declared = declared or resource.declared
        if status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
            after = Resource(status, physical, declared, 0, (resource.status, resource.physical))
        else:
            # An id that was invented is none that the resource has.
            kept = resource.physical if status.startswith("DELETE_") else physical
            after = Resource(status, kept, declared, 0, (resource.status, resource.physical))
        return stack._replace(
            resources=_put(stack.resources, index, after),
            events=(*stack.events, Happened(name, physical, status, declared, answered)),
            ages=(*stack.ages, 0),
        )


def _status(stack: Stack, status: str) -> Stack:
    return stack._replace(
        status=status, events=(*stack.events, Happened(STACK, None, status, None)), ages=(*stack.ages, 0)
    )


def _send(stack: Stack, spec: Spec, name: str, *, back: bool = False, job: Job | None = None) -> Stack:
    number = len(stack.requests)
    job = (job or Job(number, name))._replace(request=number)
    return stack._replace(
        requests=(*stack.requests, Sent(spec._replace(sent=len(stack.events) - 1), back=back)),
        jobs=(*stack.jobs, job),
        new=(*stack.new, number),
    )


def _with_other_id(stack: Stack, logical: str, physical: str) -> Stack:
    changes = tuple(
        each._replace(other_ids=(*each.other_ids, physical)) if each.logical == logical else each
        for each in stack.changes
    )
    return stack._replace(changes=changes)


def _put(items: tuple, index: int, item: object) -> tuple:  # type: ignore[type-arg]  # of whatever
    return (*items[:index], item, *items[index + 1 :])


def first_new(stack: Stack) -> int:
    """The first of the events that came with the newest one."""
    index = len(stack.ages)
    while index and stack.ages[index - 1] == stack.ages[-1]:
        index -= 1
    return index
