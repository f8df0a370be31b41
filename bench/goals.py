"""What this project wants to be ahead in, and whether a run shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.results import AT_MEMORY_SIZE, total_calls
from bench.variants import OURS, PROVIDER_FRAMEWORK, VARIANTS

COLD_SECONDS_MAX = 1.5
RESOURCES_MAX = 7
FURTHER_RESOURCES_MAX = 1

UP = "RUNNING to CREATE_COMPLETE, seconds"
DOWN = "STOPPED to DELETE_COMPLETE, seconds"

Figures = Mapping[str, Mapping[str, Any]]
"""By key of the variant."""


@dataclass(frozen=True)
class Goal:
    """One goal."""

    text: str
    met: bool
    measured: str
    why_not: str
    """Why the design costs that; only where the goal is not met."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def goals(figures: Figures, started_before: Mapping[str, Any]) -> list[Goal]:
    """Every goal that the run can judge; ``started_before`` are the figures of such a version."""
    found = [_lag_up(figures), _calls(figures), _lag_known(figures, started_before)]
    found += [_calls_known(figures, started_before), _lag_down(figures), _to_start(figures), _price(figures)]
    found += [_resources(figures), _synth(figures)]
    return [goal for goal in found if goal is not None]


def _goal(text: str, met: bool, measured: str, why_not: str) -> Goal:
    return Goal(text, met, measured, "" if met else why_not)


def _lag_up(figures: Figures) -> Goal:
    return _lag_of(
        figures[OURS.key],
        figures,
        UP,
        1,
        "first start, RUNNING to CREATE_COMPLETE: median no worse than the provider framework's default",
        "both look about every 5 s at the usual end of a start, so about half of that is what either can "
        "expect; the rest is the phase that a run happens to meet",
    )


def _lag_known(figures: Figures, started_before: Mapping[str, Any]) -> Goal:
    return _lag_of(
        started_before,
        figures,
        UP,
        2,
        "started before, RUNNING to CREATE_COMPLETE: median at most half of the provider framework's",
        "the tag says when to expect the end, and a start that takes longer is looked at less and less often",
    )


def _lag_down(figures: Figures) -> Goal:
    return _lag_of(
        figures[OURS.key],
        figures,
        DOWN,
        2,
        "STOPPED to DELETE_COMPLETE: median at most half of the provider framework's",
        "a stop is looked at every second at first, and less often the longer it takes",
    )


def _lag_of(mine: Mapping[str, Any], figures: Figures, name: str, part: int, text: str, why_not: str) -> Goal:
    """Whether a lag is at most one ``part``-th of the provider framework's."""
    ours = mine[name]["median"]
    framework = figures[PROVIDER_FRAMEWORK.key][name]["median"]
    return _goal(text, ours <= framework / part, f"{ours:.2f} s against {framework:.2f} s", why_not)


def _calls(figures: Figures) -> Goal | None:
    return _calls_of(
        figures[OURS.key],
        figures,
        1,
        "first start, Rekognition calls of ten minutes: no more than the provider framework's",
        "the claim by tags takes six calls beside the looks",
    )


def _calls_known(figures: Figures, started_before: Mapping[str, Any]) -> Goal | None:
    return _calls_of(
        started_before,
        figures,
        3,
        "started before, Rekognition calls of ten minutes: at most a third of the provider framework's",
        "the looks around the expected end are a second apart, and the claim by tags takes calls of its own",
    )


def _calls_of(mine: Mapping[str, Any], figures: Figures, part: int, text: str, why_not: str) -> Goal | None:
    """Whether the calls are at most one ``part``-th of the provider framework's; None without a long one."""
    its = figures[PROVIDER_FRAMEWORK.key]["long start"]
    if its is None or mine["long start"] is None:
        return None
    ours, framework = total_calls(mine["long start"]), total_calls(its)
    return _goal(text, ours <= framework / part, f"{ours:.0f} against {framework:.0f}", why_not)


def _to_start(figures: Figures) -> Goal:
    ours, fastest, its = _ours_and_fastest_other(figures, AT_MEMORY_SIZE)
    whole_ours, whole_fastest, whole_its = _ours_and_fastest_other(
        figures, "event to StartProjectVersion, seconds"
    )
    return _goal(
        "event to StartProjectVersion, cold, by CPU time at the memory size of each function (the network "
        f"and AWS's answers left out): under {COLD_SECONDS_MAX} s, and the shortest of all that wait",
        ours < COLD_SECONDS_MAX and ours <= its,
        f"{ours:.2f} s; the shortest other: {its:.2f} s ({fastest}). Wall time with a whole core for each: "
        f"{whole_ours:.2f} s; the shortest other: {whole_its:.2f} s ({whole_fastest})",
        "before it starts anything the handler asks who owns the model, in which status it is and whether "
        "CloudFormation wants it, writes its claim and reads it back: seven calls more than the others, for "
        "which it loads two clients; see docs/decisions/0014-memory-size.md",
    )


def _ours_and_fastest_other(figures: Figures, name: str) -> tuple[float, str, float]:
    """Our median, and the key and median of the fastest other way that waits."""
    medians = {
        variant.key: float(figures[variant.key][name]["median"]) for variant in VARIANTS if variant.waits
    }
    ours = medians.pop(OURS.key)
    fastest = min(medians, key=lambda key: medians[key])
    return ours, fastest, medians[fastest]


def _price(figures: Figures) -> Goal | None:
    if figures[OURS.key]["long start"] is None:
        return None
    ours = figures[OURS.key]["long start"]["list price, USD"]
    framework = figures[PROVIDER_FRAMEWORK.key]["long start"]["list price, USD"]
    return _goal(
        "list price of a 10-minute deployment: at most half of the provider framework's",
        ours <= framework / 2,
        f"{1000 * ours:.2f} USD against {1000 * framework:.2f} USD for 1,000",
        "the function sleeps while it waits, and that costs its memory for the whole time",
    )


def _resources(figures: Figures) -> Goal:
    template = figures[OURS.key]["template"]
    first, further = template["resources"], template["resources of a further model"]
    return _goal(
        f"at most {RESOURCES_MAX} resources for one model, {FURTHER_RESOURCES_MAX} for each more",
        first <= RESOURCES_MAX and further <= FURTHER_RESOURCES_MAX,
        f"{first}, and {further} for each more",
        "function, role, policy, log group, retry settings, and the model itself",
    )


def _synth(figures: Figures) -> Goal:
    ratios = {variant.key: figures[variant.key]["synth, times an empty app"] for variant in VARIANTS}
    ours = ratios.pop(OURS.key)
    least = min(ratios, key=lambda key: float(ratios[key]))
    return _goal(
        "synth, over an empty app: no longer than any alternative's",
        ours <= ratios[least],
        f"{ours:.2f} times; the least other: {ratios[least]:.2f} times ({least})",
        "it makes a log group, an own role and the retry settings beside the function, each from typed "
        "constructs, and puts its package together",
    )
