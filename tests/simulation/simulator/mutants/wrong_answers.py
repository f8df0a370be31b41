"""Mutants that answer what is not true, too late or never, or tell what is secret: G1, G2, G4, G5 and G12."""

from __future__ import annotations

from typing import Final

from simulator.mutants.mutant import Mutant

WRONG_ANSWERS: Final = (
    Mutant(
        "ready-while-starting",
        "G1",
        "A model that is still STARTING is taken for ready.",
        "core/act.py",
        'return Wait("it is starting")',
        "return REACHED",
        1,
    ),
    Mutant(
        "ready-with-any-units",
        "G1",
        "A model that runs with other units than declared is taken for ready.",
        "core/act.py",
        "if run.met_by(seen):",
        "if True:",
        1,
    ),
    Mutant(
        "gone-while-stopping",
        "G2",
        "Delete answers while the model is STOPPING.",
        "core/act.py",
        'return Wait("it is stopping")',
        "return REACHED",
        1,
    ),
    Mutant(
        "gone-once-stop-is-accepted",
        "G2",
        "Delete takes an accepted Stop for a stopped model.",
        "decide.py",
        "deed = toward_rest(view.seen, done, view.seen_at)",
        "deed = Reached() if done.stop_accepted else toward_rest(view.seen, done, view.seen_at)",
        1,
    ),
    Mutant(
        "started-anew-after-a-kill",
        "G5",
        "A try that follows a killed one stops and starts what that one has started.",
        "core/act.py",
        "if run.met_by(seen):",
        "if done.starts and run.met_by(seen):",
        18,
    ),
    Mutant(
        "answers-too-late",
        "G4",
        "The last answer comes after CloudFormation's time-out instead of a minute before it.",
        "core/waiting.py",
        "return started_at + service_timeout_seconds - margin",
        "return started_at + service_timeout_seconds + margin",
        1,
    ),
    Mutant(
        "time-in-queue-forgotten",
        "G4",
        "The time that the event spent in Lambda's queue does not count.",
        "core/memory.py",
        "return max(self.t, self.sent_at)",
        "return self.arrived_at",
        1,
    ),
    Mutant(
        "never-hands-over",
        "G4",
        "A request is not handed over before its invocation ends.",
        "effort.py",
        "return self.clock.now() + seconds < self._hand_over_at",
        "return True",
        1,
    ),
    Mutant(
        "hand-over-refused-in-silence",
        "G4",
        "A hand-over that the role does not allow is tried until the invocation ends.",
        "entry.py",
        "if refused or (is_last and effort.left < effort.margin / 2):",
        "if False:",
        219,
    ),
    Mutant(
        "last-call-outlives-the-invocation",
        "G4",
        "Where no other invocation follows, a call begins that this one may not live to see answered.",
        "core/waiting.py",
        "CALL_SECONDS_MAX: Final = 20.0",
        "CALL_SECONDS_MAX: Final = 1.0",
        60109585,
    ),
    Mutant(
        "event-kept-in-state",
        "G12",
        "The memory that is handed over holds a copy of the event.",
        "entry.py",
        "STATE_KEY: memory.to_json()}",
        'STATE_KEY: {**memory.to_json(), "event": event}}',
        1,
    ),
)
