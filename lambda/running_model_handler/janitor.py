"""The janitor's function: it stops models that run with a claim for nobody.

It stands outside of all stacks, and ends what no request can: where every try was killed, the hour was over,
or the stack is gone. What it may do is ``core.orphans``' to decide; here are the looks, the stop and the
words. It looks twice before it stops: what CloudFormation and the tags show may be old.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from running_model_handler.core.arn import stop_command
from running_model_handler.core.claim import Owner, read_claim
from running_model_handler.core.errors import ServiceError
from running_model_handler.core.metric_lines import metric_line
from running_model_handler.core.names import JANITOR_STOPS
from running_model_handler.core.operation import ResourceView
from running_model_handler.core.orphans import Fate, Verdict, claimed_since, verdict_on
from running_model_handler.core.status import Status
from running_model_handler.core.waiting import LAG_SECONDS, backoff_seconds
from running_model_handler.shell.all_models import AllModels, RekognitionAllModels, UpModel
from running_model_handler.shell.clients import CLOUDFORMATION, REKOGNITION, Clients, new_session
from running_model_handler.shell.clock import Clock, SystemClock
from running_model_handler.shell.stack_history import CloudFormationHistories, StackHistories

_logger = logging.getLogger("running_model")
BETWEEN_LOOKS_SECONDS: Final = LAG_SECONDS + 5.0
_PAUSE_SECONDS: Final = 0.4
"""Between two looks at projects: half of the account's calls are left to others (General Reference)."""
_TRIES_MAX: Final = 5
_T = TypeVar("_T")


class Summary(NamedTuple):
    """What a round has seen and done; what the function returns."""

    up: int = 0
    orphans: int = 0
    stopped: int = 0
    doubts: int = 0
    failures: int = 0
    """Looks and stops that could not be had; the next round tries them again."""


class Janitor:
    """One round through an account and Region."""

    def __init__(
        self, models: AllModels, stacks: StackHistories, clock: Clock, tell: Callable[[str], None] = print
    ) -> None:
        self._models = models
        self._stacks = stacks
        self._clock = clock
        self._tell = tell
        self._failures = 0

    def round(self, *, stops: bool) -> Summary:
        """Look at every model that is up, look again at orphans, and stop them if it ``stops``."""
        up = self._up()
        suspects, doubts = [], 0
        for model in up:
            verdict = self._attempt(str(model.arn), partial(self._verdict, model))
            if verdict is not None and verdict.fate is Fate.ORPHAN:
                suspects.append(model)
            elif verdict is not None and verdict.fate is Fate.DOUBT:
                doubts += 1
                self._report(model, verdict, "ClaimsInDoubt", "nobody can tell whether it is needed")
        if suspects:
            self._clock.sleep(BETWEEN_LOOKS_SECONDS)
        orphans = stopped = 0
        for model in suspects:
            verdict = self._attempt(str(model.arn), partial(self._verdict_again, model))
            if verdict is not None:
                orphans += 1
                stopped += self._end(model, verdict, stops=stops)
        return Summary(len(up), orphans, stopped, doubts, self._failures)

    def _up(self) -> list[UpModel]:
        up: list[UpModel] = []
        for project in self._attempt("the projects", partial(self._asked, self._models.projects)) or []:
            self._clock.sleep(_PAUSE_SECONDS)
            look = partial(self._models.up_in, project)
            up += self._attempt(str(project), partial(self._asked, look)) or []
        return up

    def _verdict(self, model: UpModel) -> Verdict | None:
        """What is to become of a model; None where it carries no claim."""
        now = self._clock.now()
        claim = read_claim(self._asked(partial(self._models.tags, model.arn))).begun_by(now)
        if claim.stack_id is None:
            return None
        history = self._asked(partial(self._stacks.history, claim.stack_id, claimed_since(claim)))
        resources: dict[Owner, ResourceView | None] = {}
        while isinstance(verdict := verdict_on(model.arn, claim, history, resources, now), Owner):
            resources[verdict] = self._asked(partial(self._stacks.resource, *verdict))
        return verdict

    def _verdict_again(self, model: UpModel) -> Verdict | None:
        """The same a while later: None unless the model is up, and an orphan, by now as well."""
        verdict = self._verdict(model)
        if verdict is None or verdict.fate is not Fate.ORPHAN:
            return None
        seen = self._asked(partial(self._models.observe, model.arn, model.project))
        return verdict if seen.status in (Status.RUNNING, Status.STARTING) else None

    def _end(self, model: UpModel, verdict: Verdict, *, stops: bool) -> bool:
        """Stop an orphan, and tell; whether it was stopped."""
        if not stops:
            self._report(model, verdict, "OrphansFound", "it is not stopped, since this is a dry run")
            return False
        try:
            self._models.stop(model.arn)
        except ServiceError as error:
            self._failures += 1
            self._report(model, verdict, "OrphanStopFailures", f"it could not be stopped: {error}")
            return False
        self._report(model, verdict, "OrphansStopped", "it is stopped", level=logging.INFO)
        return True

    def _report(
        self, model: UpModel, verdict: Verdict, metric: str, outcome: str, level: int = logging.WARNING
    ) -> None:
        by_hand = "" if level == logging.INFO else f"; by hand: {stop_command(model.arn)}"
        text = f"{model.arn} runs with a claim, and {verdict.why}: {outcome}{by_hand}"
        _logger.log(level, text, extra={"project_version_arn": str(model.arn), "metric": metric})
        arn = str(model.arn)
        self._tell(metric_line({metric: 1}, self._clock.now(), ProjectVersionArn=arn, Reason=verdict.why))

    def _attempt(self, what: str, work: Callable[[], _T]) -> _T | None:
        """Let one thing fail without the others; None where it has."""
        try:
            return work()
        except ServiceError as error:
            self._failures += 1
            _logger.warning(f"{what} can't be looked at: {error}", extra={"code": error.code})
            return None

    def _asked(self, question: Callable[[], _T]) -> _T:
        """An answer, tried again where the same call may succeed later."""
        for tries in range(1, _TRIES_MAX):
            try:
                return question()
            except ServiceError as error:
                if not error.transient:
                    raise
                self._clock.sleep(backoff_seconds(tries, self._clock.chance()))
        return question()


class UnfinishedRound(Exception):
    """Something could not be looked at, or not be stopped: the function's Errors metric shows it."""


def handler(event: Mapping[str, Any], _: Any) -> dict[str, int]:
    """One round, as Lambda calls it; see ``woken``."""
    clients = Clients(new_session())
    janitor = Janitor(
        RekognitionAllModels(clients.get(REKOGNITION)),
        CloudFormationHistories(clients.get(CLOUDFORMATION)),
        SystemClock(),
    )
    return woken(janitor, event)


def woken(janitor: Janitor, event: Mapping[str, Any]) -> dict[str, int]:
    """The round that a schedule asks for; raises ``UnfinishedRound`` where something could not be done."""
    summary = janitor.round(stops=event.get(JANITOR_STOPS) is True)
    _logger.info("round ended", extra=summary._asdict())
    if summary.failures:
        raise UnfinishedRound(f"{summary.failures} looks or stops failed; the next round tries again")
    return summary._asdict()
