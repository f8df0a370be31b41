"""Mutants of what the tables say of guards, and of what keeps a sweep from changing anything."""

from __future__ import annotations

from typing import Final

from explorer.mutants.mutant import mutant

_DECIDE: Final = "decide.py"
_GUARDED: Final = "guarded.py"
_RECORD: Final = "core/record.py"
_SWEEPING: Final = "core/sweeping.py"
_WANTED: Final = "core/wanted.py"

GUARDS: Final = (
    mutant(
        "duty-ignored", "wanted 4, off duty", "A model off duty is started as one on duty.",
        _WANTED, "        if not self.case.off_duty(self.arn):\n", "        if True:\n", "guarded: create alone", "a sweep off duty",
    ),
    mutant(
        "others-stopped-off-duty", "wanted 4, others", "Off duty a model is stopped that another resource has.",
        _WANTED, "others_have_it=bool(others))", "others_have_it=False)", "guarded: one with guards joins", "a sweep off duty",
    ),
    mutant(
        "kept-off-given-back", "wanted 8, kept off", "What its guards keep off is started for another resource.",
        _WANTED, "    brings = brings and not claim.kept_off\n", "", "guarded: rename", "a sweep off duty",
    ),
    mutant(
        "asked-for-others", "HOLD off duty, others", "What is asked off duty of a model that another resource has is written down.",
        "holding.py", "    if off_duty is not None and off_duty.others_have_it:\n", "    if False:\n", "guarded: rename", "a sweep as duty turns",
        unneeded="What another resource has is not stopped off duty, so there is nothing to be given back.",
    ),
    mutant(
        "own-stop-undone-off-duty", "wanted 7", "What a late delivery has stopped itself it starts again, off duty too.",
        _WANTED, "undone = None if case.off_duty(arn) else _own_doing_undone(about)", "undone = _own_doing_undone(about)",
        "guarded: create alone", "a duplicate out of time, and a slow act, as duty turns",
        unneeded="The world in which another delivery succeeds beside such a one, and duty turns then, is too large to be visited.",
    ),
    mutant(
        "off-duty-unclaimed", "HOLD off duty, no claim", "A model off duty is not claimed.",
        _DECIDE, "first = _usable(at, run, off_duty=want)", "first = None", "guarded: create alone", "a sweep off duty",
    ),
    mutant(
        "asked-not-written", "HOLD off duty, no claim", "What is asked of a model is not written down.",
        _GUARDED, "if has.record is None or has.record.on is not duty.on or anew:", "if False:", "guarded: resize alone", "two sweeps as duty turns, from off",
    ),
    mutant(
        "own-stop-counted", "duty, own stops", "A stop of its own that a sweep takes for a person's keeps a request from bringing the model back.",
        _GUARDED, "_without_own_stops(view.duty.record, memory.t),", "view.duty.record,", "guarded: replace, stop first, no roll-back", "a sweep, an old view and a failing start",
    ),
    mutant(
        "sweeps-start-not-waited-for", "REST, at rest", "A Start that a sweep may have sent is not waited for.",
        _DECIDE, "    settles_at = max(settles_at, swept_until(at.moment.request, at.moment.memory, view))\n", "", "guarded: delete", "a sweep as duty turns, from off",
    ),
    mutant(
        "sweeps-stop-not-waited-for", "RUN, RUNNING, guards go", "A Stop that a sweep may have sent is not waited for where guards go.",
        _GUARDED, "if request.former_guards.any or joins else", "if joins else", "guarded: guards go", "a sweep as duty turns",
    ),
    mutant(
        "sweeps-stop-not-waited-for-by-others", "RUN, RUNNING, others", "A Stop that a sweep of another resource may have sent is not waited for.",
        _GUARDED, "if request.former_guards.any or joins else", "if request.former_guards.any else", "guarded: one without guards joins", "a sweep as duty turns",
    ),
    mutant(
        "guards-not-compared", "mine", "An update of guards alone is taken for its roll-back.",
        "core/operation.py", "        return guards and self.fits(other)\n", "        return self.fits(other)\n", "guarded: guards come", "a sweep off duty",
    ),
    mutant(
        "failed-one-obeys-new-guards", "duty of what is brought back", "What is brought back after a failure obeys the guards that have failed.",
        _GUARDED, "if declared is not None and not failed and arn == str(declared.arn):", "if declared is not None and arn == str(declared.arn):", "guarded: guards come with a resize, no roll-back", "a failing start as duty turns",
    ),
    mutant(
        "unclaimed-swept", "sweep, no claim", "A sweep changes a model that its stack has not claimed.",
        _SWEEPING, "    if not claim.is_of(sweep.owner.stack_id):\n        return \"its stack has not claimed it\"\n", "", "guarded: delete", "a sweep as duty turns, from off",
        unneeded="Without a tag of its resource there is nothing that a sweep could start.",
    ),
    mutant(
        "other-words-ignored", "sweep, asked meanwhile", "A sweep acts although something else was asked of the model meanwhile.",
        _SWEEPING, "    stranger = _strange(sweep, views.claim) or _contradicted(views)\n", "    stranger = _strange(sweep, views.claim)\n", "guarded: resize alone", "a sweep as duty turns, and an old view",
        unneeded="Who asks something else is a request, whose operation CloudFormation shows when it is asked after that, or a sweep that has seen duty turn: the next one mends it.",
    ),
    mutant(
        "memory-not-read-back", "sweep, asked", "A sweep does not read back what it has written.",
        _SWEEPING, " or views.claim_at < views.written_at:\n        return AskClaim(sweep.arn)\n    stranger", ":\n        return AskClaim(sweep.arn)\n    stranger", "guarded: resize alone", "a sweep as duty turns, and an old view",
        unneeded="As above: the row for what was asked meanwhile reads it.",
    ),
    mutant(
        "tags-before-look-believed", "sweep, permitted", "Tags from before the look count: what another sweep did is taken for a person's doing.",
        _SWEEPING, "    if views.written is None and views.claim_at < views.seen_at:\n", "    if False:\n", "guarded: create alone", "two sweeps as duty turns",
    ),
    mutant(
        "lag-ignored", "sweep, permitted", "A sweep acts although what was asked may not show yet.",
        _SWEEPING, "    if lags and views.written is None and isinstance(deed, StartModel | StopModel):\n", "    if False:\n", "guarded: delete", "two sweeps as duty turns, from off, and an old view",
        unneeded="The service refuses what was asked already.",
    ),
    mutant(
        "other-model-swept", "sweep, permitted", "A sweep changes a model that its resource does not have any more.",
        _SWEEPING, "    if standing.current != sweep.arn:\n", "    if False:\n", "guarded: replace, no roll-back", "a sweep off duty",
    ),
    mutant(
        "cut-off-one-swept", "sweep, permitted", "A sweep looks after a resource whose last update has failed.",
        _SWEEPING, "    if own is not None and own.status.endswith(\"_FAILED\"):\n", "    if False:\n", "guarded: resize, no roll-back", "a sweep as duty turns, from off",
    ),
    mutant(
        "others-swept", "sweep, permitted", "A sweep stops what another resource of the stack has.",
        _SWEEPING, "            if standing_in(other).lives and standing_in(other).has(sweep.arn):\n", "            if False:\n", "guarded: delete one of two", "a sweep as duty turns",
    ),
    mutant(
        "any-answer-fresh", "sweep, permitted", "An answer of CloudFormation of any age will do for an act.",
        _SWEEPING, "if views.story is None or now - views.story_at > fresh or views", "if views.story is None or views", "guarded: delete", "a sweep as duty turns, from off, and a refusal",
        unneeded="CloudFormation is asked once more after the memory is written, and the act is the next call.",
    ),
    mutant(
        "stack-not-asked-again", "sweep, permitted", "CloudFormation is not asked once more after the memory is written.",
        _SWEEPING, " or views.story_at < views.written_at:\n        return AskStack", ":\n        return AskStack", "guarded: delete", "a sweep as duty turns, from off",
        unneeded="The answer is 5 s old at most when a Start is sent.",
    ),
    mutant(
        "swept-too-late", "sweep, asked", "A sweep acts long after it has written that it will.",
        _SWEEPING, "    late = views.written is not None and now - views.written.at > LAG_SECONDS\n", "    late = False\n", "guarded: delete", "a sweep as duty turns, from off, and a slow call",
        unneeded="The answer of CloudFormation is asked anew where the calls before the act take long.",
    ),
    mutant(
        "gone-stack-swept", "sweep, stack", "A sweep goes on in a stack that is gone.",
        _SWEEPING, "    if not status or status == \"DELETE_COMPLETE\":\n", "    if False:\n", "guarded: delete", "a sweep as duty turns, from off",
        unneeded="Its resources are gone as well.",
    ),
    mutant(
        "operation-swept", "sweep, stack", "A sweep goes on while an operation is under way.",
        _SWEEPING, "    if status.endswith(\"_IN_PROGRESS\"):\n", "    if False:\n", "guarded: resize alone", "a sweep as duty turns",
    ),
    mutant(
        "older-answer-swept", "sweep, stack", "An answer of CloudFormation that is older than the claim will do.",
        _SWEEPING, "    if any(holder.t > story.newest_at for holder in views.claim.holders.values()):\n", "    if False:\n", "guarded: delete", "a sweep as duty turns, from off, and an old view",
        unneeded="So late an act is waited for by every request: it is as one that was under way.",
    ),
    mutant(
        "changed-stack-swept", "sweep, stack", "A sweep goes on right after the stack has changed.",
        _SWEEPING, "    if story.newest_at > min(views.began_at, sweep.scheduled_at) - CLOCKS_APART_SECONDS:\n", "    if False:\n", "guarded: guards go", "a sweep off duty",
    ),
    mutant(
        "kept-back-obeyed", "sweep, stack", "What an event declares that was kept back is obeyed.",
        _SWEEPING, "min(views.began_at, sweep.scheduled_at)", "views.began_at", "guarded: guards go", "a sweep off duty",
    ),
    mutant(
        "going-stack-swept", "sweep, stack", "A sweep starts a model in a stack that goes.",
        _SWEEPING, "    if story.goes and isinstance(deed, StartModel):\n", "    if False:\n", "guarded: delete", "a sweep as duty turns, from off",
        unneeded="A deletion that has failed shows at the resource as well.",
    ),
    mutant(
        "never-swept-up", "sweep, on duty", "A sweep starts nothing.",
        _SWEEPING, "    if seen.status in READY and not can_never_run(seen):\n", "    if False:\n", "guarded: create alone", "a sweep as duty turns, from off",
    ),
    mutant(
        "never-swept-down", "sweep, off duty", "A sweep stops nothing.",
        _SWEEPING, "        up = seen.status in (Status.RUNNING, Status.STARTING)\n", "        up = False\n", "guarded: create alone", "a sweep as duty turns",
    ),
    mutant(
        "lost-start-blamed", "record, at rest", "A Start that never came is taken for a person's stop.",
        _RECORD, "by = By.UNKNOWN if record.trying and status != Status.STOPPING else By.HAND", "by = By.HAND", "guarded: delete", "two sweeps as duty turns, from off, and a kill",
    ),
    mutant(
        "own-start-blamed", "record, at rest", "A Start that does not show yet is taken for a person's stop.",
        _RECORD, "        if not record.reached and now - record.at <= LAG_SECONDS:\n", "        if False:\n", "guarded: delete", "two sweeps as duty turns, from off, and an old view",
        unneeded="A sweep tells of its Start that it tries, and a request's shows as an operation.",
    ),
    mutant(
        "unwritten-act", "sweep, asked", "A sweep acts without writing down what it is about to ask.",
        _SWEEPING, "return asked(found, now, on=starts, by=duty.by, trying=starts)", "return None", "guarded: delete", "two sweeps as duty turns",
    ),
)  # fmt: skip
