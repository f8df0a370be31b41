"""Mutants of the second table, ``act``, and of what the loop adds to it."""

from __future__ import annotations

from typing import Final

from explorer.mutants.mutant import mutant

_ACT: Final = "core/act.py"
_DECIDE: Final = "decide.py"
_AT_HAND: Final = "at_hand.py"
_HOLDING: Final = "holding.py"

ACT: Final = (
    mutant(
        "unclaimed-start", "RUN, no claim", "A model is started without a claim.",
        _DECIDE, "return None if unclaimed else claim_first(at, run, off_duty)", "return None", "create",
    ),
    mutant(
        "claim-not-read-back", "RUN, no claim", "A claim counts as soon as it is written.",
        _HOLDING, "    if moment.over or (done.claimed_at and moment.now - done.claimed_at < LAG_SECONDS):\n",
        "    if done.claimed_at:\n        return None\n    if moment.over:\n", "create", "a refusal",
    ),
    mutant(
        "any-of-others-refused", "RUN (row 8), RUNNING", "The units of one of several resources have to be those of the latest.",
        "core/wanted.py", "for units in (self.units, *self.any_of)", "for units in (self.units,)", "two sizes, and a third resource", "nothing",
    ),
    mutant(
        "stack-not-asked-before-start", "RUN, at rest", "CloudFormation is not asked right before a Start.",
        _AT_HAND, "return act if now - moment.views.story_at <= story_seconds else ASK_STACK", "return act", "create", "a duplicate",
    ),
    mutant(
        "stack-not-asked-after-start", "RUN, at rest", "CloudFormation is not asked right after a Start.",
        _DECIDE, "started = any(done.start_at > asked_at for done in moment.memory.models.values())", "started = False", "create alone", "nothing",
    ),
    mutant(
        "own-late-stop-blamed", "RUN, at rest", "What an earlier step of the resource stops, late, is taken for somebody's doing.",
        _ACT, "    if done.starts and done.start_visible and not done.start_unsettled:\n        return Fail(f\"it was stopped",
        "    if done.starts and done.start_visible:\n        return Fail(f\"it was stopped", "two sizes, and a third resource", "an old view",
    ),
    mutant(
        "started-again-at-once", "RUN, at rest", "A Start that is not visible yet is sent again.",
        _ACT, "    if done.starts and done.start_may_lag(seen_at):\n        # Also", "    if False:\n        # Also", "create alone, in short steps", "an old view",
        unneeded="Hidden by what is known of its world, which ends alike.",
    ),
    mutant(
        "stopped-by-somebody-started-again", "RUN, at rest", "What somebody stopped while it started is started again.",
        _ACT, "    if done.starts and done.start_visible and not done.start_unsettled:\n        return Fail(f\"it was stopped", "    if False:\n        return Fail(f\"it was stopped", "create alone", "a duplicate and a start that takes too long",
        unneeded="What people do by hand is left out.",
    ),
    mutant(
        "failed-never-started", "RUN, FAILED", "A FAILED model is not started at all.",
        _ACT, "        case Status.FAILED:\n            return _from_failed(seen, done, seen_at)", "        case Status.FAILED:\n            return Fail('failed')", "resize, later", "a failing start",
    ),
    mutant(
        "failed-started-for-ever", "RUN, FAILED", "A FAILED model is started until it runs.",
        _ACT, "    if (done.starts and done.start_accepted) or done.starts + done.refused >= STARTS_MAX:\n        return failed\n", "", "resize, later", "two failing starts",
    ),
    mutant(
        "starting-is-ready", "RUN, STARTING", "A model that starts is taken for ready.",
        _ACT, "return Wait(\"it is starting\")", "return REACHED", "create",
    ),
    mutant(
        "stopping-is-ready", "RUN, STOPPING", "A model that stops is taken for ready.",
        _ACT, "return Wait(\"it is stopping, and can be started after that\")", "return REACHED", "resize",
    ),
    mutant(
        "way-back-waits", "RUN, accepted", "After a failure a Start that was accepted is not enough.",
        _ACT, "if run.brings_back and done.start_accepted and done.starts:", "if False:", "resize, no roll-back, later", "a start that takes too long",
        unneeded="It spares time alone.",
    ),
    mutant(
        "way-back-does-not-settle", "RUN, RUNNING, going back", "The way back succeeds although what was cut off may still act.",
        _DECIDE, "if isinstance(deed, Reached) and goes_back and not run.brings_back and view.seen_at < settles_at:", "if False:", "resize, later", "an old view and a slow act",
    ),
    mutant(
        "units-ignored", "RUN, RUNNING, other units", "Any units will do.",
        "core/wanted.py", "        if self.as_it_runs:\n", "        if True:\n", "resize",
    ),
    mutant(
        "old-running-believed", "RUN, RUNNING", "RUNNING counts right after the own Stop.",
        _ACT, "    if done.stop_may_lag(seen_at):\n        return Wait(\"the stop is not visible yet\")\n    if run", "    if run", "resize alone", "a start that takes too long",
        unneeded="A Stop that is sent again is refused, and what settles is looked at again.",
    ),
    mutant(
        "unclaimed-is-final", "REST, not ours", "A model that is not claimed is left at once.",
        _DECIDE, "return at.settle(settles_at) if view.claim_at < settles_at else None", "return None", "create, in short steps", "an old view",
    ),
    mutant(
        "own-start-forgotten", "REST, not ours", "What this delivery has started is not its own unless it is claimed.",
        _HOLDING, " or at.done.may_run_by_us", "", "create", "an old view",
        unneeded="A claim is read back before the Start, and nobody here takes it away.",
    ),
    mutant(
        "never-stops", "REST, RUNNING", "What nobody wants is waited for until it stops by itself.",
        _ACT, "return Wait(\"the stop is not visible yet\") if done.stop_may_lag(seen_at) else Stop()", "return REACHED", "create",
    ),
    mutant(
        "stopped-again-at-once", "REST, RUNNING", "A Stop that is not visible yet is sent again.",
        _ACT, "return Wait(\"the stop is not visible yet\") if done.stop_may_lag(seen_at) else Stop()", "return Stop()", "create", "an old view",
        unneeded="The service refuses it.",
    ),
    mutant(
        "starting-left", "REST, STARTING", "A model that starts is taken for one at rest.",
        _ACT, "            # Whether a model that is starting can be stopped is not documented: try at every look.\n            return Stop()", "            return REACHED", "create",
    ),
    mutant(
        "stopping-is-gone", "REST, STOPPING", "A model that stops is taken for one at rest.",
        _ACT, "return Wait(\"it is stopping\")", "return REACHED", "create",
    ),
    mutant(
        "failed-not-stopped", "REST, FAILED", "A FAILED model gets no Stop.",
        _ACT, "return Stop() if status == Status.FAILED and not done.stops + done.refused else REACHED", "return REACHED", "create", "a failing start",
        unneeded="Whether FAILED bills is not documented; here it does not.",
    ),
    mutant(
        "invisible-start-forgotten", "REST, at rest", "A Start that is not visible yet is forgotten.",
        _ACT, "            if done.start_may_lag(seen_at) and not done.start_visible:\n                return Wait(\"the start is not visible yet\")\n            # Whether", "            # Whether", "create, no roll-back, in short steps", "an old view",
        unneeded="What has failed lets 15 s pass, and what was cut off 30 s.",
    ),
    mutant(
        "late-way-back-not-waited-for", "REST, at rest", "What an update that was cut off may still bring back is not waited for.",
        "core/case.py", "if each.kind is RequestType.UPDATE and following is not None:", "if False:", "resize, no roll-back, later", "nothing",
    ),
    mutant(
        "rest-does-not-settle", "REST, at rest", "A model at rest is released although what was cut off may still start it.",
        _DECIDE, "return at.settle(settles_at) if view.seen_at < settles_at else release(at)", "return release(at)", "create", "a duplicate",
    ),
    mutant(
        "claim-left", "REST, at rest", "The claim of a model at rest is left.",
        _DECIDE, "return at.settle(settles_at) if view.seen_at < settles_at else release(at)", "return at.settle(settles_at) if view.seen_at < settles_at else None", "rename, later", "a duplicate",
        unneeded="The claim of a resource that is gone is nobody's.",
    ),
    mutant(
        "failure-not-written", "failing, open", "A delivery that fails does not tell the others.",
        _HOLDING, "if case.step is not None and holder is not None and is_open and not (failed_at and lags):", "if False:", "create alone", "a duplicate and a start that takes too long",
    ),
    mutant(
        "failure-undone-at-once", "failing, 15 s", "What is to be undone is undone before the others can know.",
        _HOLDING, "ends_at = failed_at + FAILED_SECONDS", "ends_at = failed_at", "create alone", "a duplicate and a start that takes too long",
    ),
    mutant(
        "not-looked-at-after-failure", "failing, look again", "What was seen before the others could know counts.",
        _HOLDING, "return at.look() if 0.0 < view.seen_at < ends_at else None", "return None", "create alone", "a duplicate and a start that takes too long",
    ),
    mutant(
        "failure-of-others-ignored", "failing, another delivery", "A delivery goes on although another one has failed.",
        "learn.py", "if holder is not None and holder.failed and holder.t == memory.t and not memory.failed_at:", "if False:", "create alone", "a duplicate and a start that takes too long",
    ),
    mutant(
        "look-before-act-counts", "all", "A look from before the own act counts.",
        _DECIDE, "    if done.acted_at >= view.seen_at:\n        return at.look_again(\"what was asked for is not visible yet\")\n    deed = toward_rest", "    deed = toward_rest", "create, in short steps", "an old view",
        unneeded="What may not show yet is waited for anyway.",
    ),
    mutant(
        "old-tags-believed", "all", "Tags of any age will do for an act.",
        _AT_HAND, "if now - view.claim_at > CLAIM_FRESH_SECONDS:", "if False:", "create alone", "a duplicate and a start that takes too long",
    ),
    mutant(
        "old-look-believed", "all", "A look of any age will do for an act.",
        _AT_HAND, "if view.seen is not None and now - view.seen_at > SEEN_FRESH_SECONDS:", "if False:", "create, in short steps", "an old view",
        unneeded="The service refuses what does not fit, and it is looked at afterwards.",
    ),
)  # fmt: skip
