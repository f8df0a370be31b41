"""Mutants that answer wrongly, late, twice or never, or tell a secret: G1, G2, G4, G5 and G12."""

from __future__ import annotations

from typing import Final

from simulator.mutants.mutant import Mutant

WRONG_ANSWERS: Final = (
    Mutant(
        "ready-while-starting",
        "G1",
        "A model that is still STARTING is taken for ready.",
        "core/plan.py",
        'return Wait("it is starting")',
        "return Finished()",
        4,
    ),
    Mutant(
        "ready-with-any-units",
        "G1",
        "A model that runs with other units than declared is taken for ready.",
        "core/plan.py",
        "if seen.runs_with(wanted):",
        "if seen.status == Status.RUNNING:",
        4,
    ),
    Mutant(
        "gone-while-stopping",
        "G2",
        "Delete answers while the model is STOPPING.",
        "core/plan.py",
        'return Wait("it is stopping")',
        "return Finished()",
        3,
    ),
    Mutant(
        "gone-once-stop-is-accepted",
        "G2",
        "Delete takes an accepted Stop for a stopped model.",
        "core/plan.py",
        'return Wait("the stop is not visible yet") if done.stop_may_lag else Stop()',
        "return Finished() if done.stops else Stop()",
        3,
    ),
    Mutant(
        "gone-although-not-stopped",
        "G2",
        "Delete answers SUCCESS when its hour is over and the model could not be stopped.",
        "deletion.py",
        "return Answer(physical_id, with_stop_command(str(error), arn))",
        "return Answer(physical_id)",
        13,
    ),
    Mutant(
        "answers-too-late",
        "G4",
        "The last answer comes a minute after CloudFormation's time-out instead of a minute before it.",
        "core/waiting.py",
        "return started_at + service_timeout_seconds - margin",
        "return started_at + service_timeout_seconds + margin",
        15,
    ),
    Mutant(
        "time-in-queue-forgotten",
        "G4",
        "The time that the event spent in Lambda's queue does not count.",
        "worker.py",
        "self.state.started_at = resource.updated_at",
        "pass",
        174,
    ),
    Mutant(
        "never-hands-over",
        "G4",
        "A request is not handed over before its invocation ends.",
        "worker.py",
        "if now + seconds >= self._invocation.hand_over_at:",
        "if False:",
        15,
    ),
    Mutant(
        "hands-over-without-state",
        "G4",
        "The next invocation is not told what the last one did, nor since when.",
        "entry.py",
        "following = {**event, STATE_KEY: state.to_json()}",
        "following = {**event}",
        5071,
    ),
    Mutant(
        "unsent-answer-forgotten",
        "G4",
        "An invocation whose answer did not get through ends well, so Lambda does not try again.",
        "entry.py",
        "            raise provider.unanswered",
        "            return",
        14236,
    ),
    Mutant(
        "duplicates-not-told-of-failure",
        "G5",
        "A delivery that failed does not tell the others before it undoes what was done.",
        "ownership.py",
        "if not self.has(claim) or claim.given_up(self._digest):",
        "if True:",
        811,
    ),
    Mutant(
        "failure-of-duplicate-ignored",
        "G5",
        "A delivery goes on although another one has failed and undoes what was done.",
        "core/claim.py",
        "return any(_is_of(entry, digest) and _GIVEN_UP in entry for entry in self.requests)",
        "return False",
        811,
    ),
    Mutant(
        "event-logged",
        "G12",
        "The whole event is logged.",
        "entry.py",
        "provider.unanswered, provider.handed_over = None, False",
        (
            "provider.unanswered, provider.handed_over = None, False; "
            '_logger.info("event", extra={"event": event})'
        ),
        1,
    ),
    Mutant(
        "event-kept-in-state",
        "G12",
        "The state that is handed over holds a copy of the event.",
        "entry.py",
        "following = {**event, STATE_KEY: state.to_json()}",
        'following = {**event, STATE_KEY: {**state.to_json(), "event": event}}',
        3,
    ),
)
