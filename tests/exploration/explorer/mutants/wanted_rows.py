"""Mutants of the first table, ``wanted``."""

from __future__ import annotations

from typing import Final

from explorer.mutants.mutant import mutant

_MINE: Final = "core/mine.py"
_OTHERS: Final = "core/others.py"
_WANTED: Final = "core/wanted.py"

WANTED: Final = (
    mutant(
        "never-asks", "wanted 1", "What CloudFormation shows is taken for what it has sent the request for.",
        _WANTED, "return ASK if must_ask(case) or any(", "return ASK if any(", "resize", "an old view",
    ),
    mutant(
        "newer-tag-ignored", "wanted 1", "A tag of an operation that CloudFormation does not show yet changes nothing.",
        _WANTED, "if must_ask(case) or any(holder.t > case.story.newest_at for holder in ours) else None", "if must_ask(case) else None",
        "taken out, then in again", "a duplicate and an old view",
    ),
    mutant(
        "old-view-believed", "wanted 1", "A view from before T counts.",
        _MINE, "return case.story.newest_at < case.t", "return False", "resize, later", "a hand-over and an old view",
        unneeded="The T in its own claim says the same as soon as that shows: the same row asks for that.",
    ),
    mutant(
        "delete-asks-no-more", "wanted 1", "A Delete that CloudFormation does not show goes on after 15 s.",
        _MINE, "return not _deletion(case.wish, steps)", "return False",
        "create", "hidden deletions",
    ),
    mutant(
        "late-one-acts", "wanted 3", "A late delivery goes on while another request of its resource runs.",
        _WANTED, "return KEEP if case.step is None and works else None", "return None", "taken out, then in again", "a duplicate",
    ),
    mutant(
        "declared-left", "wanted 4", "The declared model is left as it is.",
        _WANTED, "return about.on_duty(Run(units, former=former if changes else None))", "return KEEP", "create",
    ),
    mutant(
        "other-units", "wanted 4", "Every model is started with one unit.",
        _WANTED, "units, former = declared.units or _ONE, about", "units, former = _ONE, about", "resize",
    ),
    mutant(
        "resize-not-taken-back", "wanted 5, forward", "A resize that fails leaves the model as it is.",
        _WANTED, "return KEEP if about.goes_back else about.on_duty(Run(about.former_units, brings_back=True))", "return KEEP",
        "resize, no roll-back, later", "a failing start",
    ),
    mutant(
        "failed-way-back-stops", "wanted 5, back", "A way back that fails stops what the resource has.",
        _WANTED, "return KEEP if about.goes_back else about.on_duty(", "return Rest() if about.goes_back else about.on_duty(", "resize, later", "a start that takes too long",
    ),
    mutant(
        "former-not-brought-back", "wanted 6, failed", "A STOP_FIRST replacement that fails leaves its former model stopped.",
        _WANTED, "return about.on_duty(Run(about.former_units, brings_back=True, as_it_runs=not in_the_way))", "return Hold()",
        "replace, stop first, no roll-back, later", "a failing start",
    ),
    mutant(
        "former-not-stopped-first", "wanted 6, not failed", "STOP_FIRST is ignored.",
        _WANTED, "    if not case.failed:\n        return Hold()\n", "    if not case.failed:\n        return KEEP\n", "replace, stop first, later", "nothing",
    ),
    mutant(
        "former-released", "wanted 6, not failed", "STOP_FIRST gives up the claim of the former model.",
        _WANTED, "    if not case.failed:\n        return Hold()\n", "    if not case.failed:\n        return Rest()\n", "replace, stop first, later", "nothing",
    ),
    mutant(
        "shared-stopped-first", "wanted 6, others", "STOP_FIRST stops a model that another resource has.",
        _WANTED, "    if others:\n        return KEEP\n    if not case.failed:",
        "    if not case.failed:", "replace, stop first, shared",
    ),
    mutant(
        "always-stops-first", "wanted 6, otherwise", "START_FIRST is ignored.",
        _WANTED, "if not in_the_way and (about.goes_back or not case.failed):", "if False:", "replace",
    ),
    mutant(
        "way-back-let-go", "wanted 9, back", "A way back that fails gives up the claim of what it goes back to.",
        _WANTED, "return Hold() if comes_back and not case.story.goes else Rest()", "return Rest()", "replace, stop first", "a start that takes too long",
    ),
    mutant(
        "way-back-keeps-place", "wanted 6, back", "The way back of a STOP_FIRST replacement keeps the new model running.",
        _WANTED, "in_the_way = wish.stops_first or stopped_first", "in_the_way = wish.stops_first",
        "replace, stop first, later", "nothing",
    ),
    mutant(
        "late-one-stops-own", "wanted 7", "A late delivery stops what its living resource has.",
        _WANTED, "if not (me.lives and me.has(arn)) and me.skipped != arn:", "if me.skipped != arn:", "create", "a duplicate",
    ),
    mutant(
        "late-one-stops-retained", "wanted 7", "A late delivery stops a model that was retained.",
        _WANTED, "if not (me.lives and me.has(arn)) and me.skipped != arn:", "if not (me.lives and me.has(arn)):", "retained", "a duplicate",
    ),
    mutant(
        "had-counts-for-nothing", "wanted 7", "What the resource had at the begin of the operation is not its own.",
        _WANTED, "if not (me.lives and me.has(arn)) and", "if not (me.lives and arn == me.current) and", "replace, later", "a duplicate",
    ),
    mutant(
        "delete-of-another-id", "wanted 7", "The Delete of an invented id stops what the resource has.",
        _WANTED, "return KEEP if case.step is None or by_another_id else None", "return KEEP if case.step is None else None", "replace, later", "nothing",
        unneeded="No Delete of this CloudFormation names in its properties what the resource has, and another id. [The simulation](simulation.md#mutants) finds it.",
    ),
    mutant(
        "others-forgotten", "wanted 8", "What another resource of the stack has is stopped.",
        _WANTED, "    if not others:\n        return None", "    if True:\n        return None", "rename",
    ),
    mutant(
        "others-not-given-back", "wanted 8, at rest", "What is left to another resource is left as it is.",
        _WANTED, "if not brings or not rest:", "if True:", "rename and resize",
    ),
    mutant(
        "others-not-at-rest", "wanted 8, otherwise", "What another resource is being brought with is brought to its size.",
        _WANTED, "rest = bool(wanting) and all(standing.rests for standing in wanting.values())", "rest = bool(wanting)", "resize both, later", "a start that takes too long",
        unneeded="The other one brings it to its size itself: a Stop more at most. The simulation finds it.",
    ),
    mutant(
        "late-one-gives-back", "wanted 8, otherwise", "A late delivery brings the model of another resource to its size.",
        _WANTED, "if not brings or not rest:", "if not rest:", "renamed", "a duplicate and an old view",
    ),
    mutant(
        "others-that-go", "wanted 8, the stack goes", "In a stack that goes other resources that go too keep the model running.",
        _WANTED, "    if case.step is not None and case.story.goes:\n", "    if False:\n", "two with one model", "nothing",
        unneeded="Each of the others has a Delete of its own, which stops the model.",
    ),
    mutant(
        "deletion-of-others-unheard", "wanted 8", "That another resource with the model is deleted is asked for, not taken from the events.",
        _OTHERS, " or any(step.physical_id == arn for step in steps)", "", "both taken out, later", "an old view",
    ),
    mutant(
        "had-of-others", "wanted 8", "What another resource had when the operation began is nobody's.",
        _OTHERS, "(standing.lives and (standing.has(arn) or standing.wants(arn))):", "standing.wants(arn):",
        "replace, stop first and start first, later", "nothing",
    ),
    mutant(
        "failed-one-keeps", "wanted 8", "A resource that has failed and is not answered for yet keeps the model of others running.",
        _OTHERS, "return standing._replace(names=None) if case.step is not None else standing", "return standing", "two with one model, no roll-back", "two starts that take too long",
    ),
    mutant(
        "nobodys-kept", "wanted 9", "What nobody wants is left as it is.",
        _WANTED, "return Hold() if comes_back and not case.story.goes else Rest()", "return KEEP", "replace",
    ),
    mutant(
        "failure-of-others-left-stopped", "wanted 7", "What another delivery has failed with, untold, stays stopped by this one.",
        _WANTED, "stays = last.failed and case.me.current == arn and not (case.story.goes or case.story.goes_back)", "stays = False",
        "resize, tried again, later", "the second duplicated, and out of time",
    ),
    mutant(
        "success-of-others-left-stopped", "wanted 7", "What another delivery has succeeded with stays stopped by the one that had failed.",
        _WANTED, "if undone is not None:", "if False:",
        "create alone", "a duplicate out of time, and a slow act",
    ),
    mutant(
        "older-t-fixed", "T", "T does not move on to the operation under way.",
        "learn.py", "if step is not None and step.began_at > memory.t and not (memory.t and memory.failure):",
        "if step is not None and not memory.t:", "resize, tried again, later", "a duplicate",
        unneeded="The delivery that was sent for the newer T does the work, and rows 3 and 7 keep the older one from it.",
    ),
    mutant(
        "failed-one-moves-on", "T", "A delivery that has failed takes a newer operation that asks for the same for its own.",
        "decide.py", "if step is not None and failed and step.began_at > memory.t > 0.0:", "if False:", "resize, tried again, later", "the second duplicated, and out of time",
        unneeded="It asks for the same, and a failure that is written down is of its own T.",
    ),
    mutant(
        "any-deletion-counts", "one life", "The ended deletion of an earlier life counts for a Delete.",
        _MINE, "            if step.kind is RequestType.CREATE or step.result_id == wish.physical_id:\n                # Made anew since, or come back to it.\n                return None\n",
        "            continue\n", "taken out, then in again", "hidden deletions",
        unneeded="No operation deletes a resource and makes it anew, and no others are looked at.",
    ),
    mutant(
        "older-answer-counts", "views", "An answer of CloudFormation that is older than the one before replaces it.",
        "core/views.py", "(story.newest_at < self.story.newest_at or story == self.story)", "story == self.story", "create", "an old view",
        unneeded="An old answer may as well be the first one.",
    ),
)  # fmt: skip
