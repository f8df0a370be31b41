"""The results as Markdown, and their place in a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.results import AT_MEMORY_SIZE, seconds_between_looks, total_calls
from bench.variants import OURS, PROVIDER_FRAMEWORK, VARIANTS

BEGIN = "<!-- Written by `make bench`: from here -->"
END = "<!-- to here -->"

Figures = Mapping[str, Any]
"""Of one variant."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def replaced(document: str, section: str, begin: str = BEGIN, end: str = END) -> str:
    """The document with another text between the marks. Raises ValueError where a mark is missing."""
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the document needs the lines {begin!r} and {end!r}")
    return f"{before}{begin}\n\n{section.strip()}\n\n{end}{after}"


def section(results: Mapping[str, Any]) -> str:
    """Everything that a run has found."""
    parts = [
        _about(results["run"]),
        "![Lag](benchmarks-lag.svg)",
        "![Price](benchmarks-price.svg)",
        "### Figures",
        _figures_table(results["variants"], results["run"]["times"]["long_start"]),
        "### A version that has started before",
        _started_before_table(results),
        "### Goals",
        _goals_table(results["goals"]),
        "### The construct alone",
        _own_table(results["construct alone"]),
    ]
    return "\n\n".join(parts)


def _about(run: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    times = run["times"]
    return (
        f"Commit `{run['commit']}`, {run['machine']}. {versions}. Rounds: {run['rounds']}, in "
        f"{run['minutes']:.0f} minutes; the models took {times['start']:g} to "
        f"{times['start'] + times['spread']:g} s to start and {times['stop']:g} to "
        f"{times['stop'] + times['spread']:g} s to stop, in one more deployment {times['long_start']:g} s "
        f"to start. Each process (cold start, synth) ran {run['processes']} times, for the CPU time "
        f"{run['cold starts']} times."
    )


def _figures_table(variants: Mapping[str, Figures], long_start: float) -> str:
    rows: list[tuple[str, Callable[[Figures], str]]] = [
        ("RUNNING to CREATE_COMPLETE: median, p95, worst (s)", _lag("RUNNING to CREATE_COMPLETE, seconds")),
        ("STOPPED to DELETE_COMPLETE: median, p95, worst (s)", _lag("STOPPED to DELETE_COMPLETE, seconds")),
        (
            "event to StartProjectVersion, cold: median, p95, worst (s)",
            _lag("event to StartProjectVersion, seconds"),
        ),
        (
            "cold, at the memory size of each function: load + CPU time from event to Start at its share of a"
            " core: median, p95, worst (s)",
            _lag(AT_MEMORY_SIZE),
        ),
        (
            "event to StopProjectVersion, warm: median, p95, worst (s)",
            _lag("event to StopProjectVersion, seconds"),
        ),
        ("interpreter and code, fresh process, each function (ms)", _cold_start),
        ("Rekognition calls of the long start", _long(_calls)),
        ("mean time between two looks of it (s)", _long(_between_looks(long_start))),
        ("Lambda invocations of it", _long(lambda f: f"{f['usage']['requests']:.0f}")),
        ("Lambda GB-seconds of it", _long(_gb_seconds)),
        ("state transitions; rule invocations of it", _long(_events)),
        ("log of it (kB)", _long(lambda f: f"{f['usage']['log_bytes'] / 1000:.1f}")),
        ("**list price of 1,000 of it (USD)**", _long(_price_of_thousand)),
        ("Rekognition calls of a stop (median)", lambda f: _calls(f["delete"])),
        ("Lambda invocations of a stop (median)", lambda f: f"{f['delete']['usage']['requests']:g}"),
        ("list price of 1,000 stops (USD, median)", lambda f: _price_of_thousand(f["delete"])),
        ("resources for one model; for each more", _resources),
        ("Lambda functions", lambda f: str(f["template"]["functions"])),
        ("template; assets (bytes)", _bytes),
        ("IAM actions; of these with a wildcard; AWS managed policies", _permissions),
        ("`cdk synth` (s; where an empty app takes 1)", _synth),
        ("left after destroy", _left),
    ]
    return table(
        ["", *(variant.title for variant in VARIANTS)],
        [[label, *(cell(variants[variant.key]) for variant in VARIANTS)] for label, cell in rows],
    )


def _started_before_table(results: Mapping[str, Any]) -> str:
    """What the tag with the length of the last start is good for."""
    name = "RUNNING to CREATE_COMPLETE, seconds"
    again, long_start = results["started before"], results["run"]["times"]["long_start"]
    rows: list[tuple[str, Callable[[Figures], str]]] = [
        ("RUNNING to CREATE_COMPLETE: median, p95, worst (s)", _lag(name)),
        ("Rekognition calls of the long start", _long(_calls)),
        ("mean time between two looks of it (s)", _long(_between_looks(long_start))),
        ("list price of 1,000 of it (USD)", _long(_price_of_thousand)),
    ]
    columns = [results["variants"][OURS.key], again, results["variants"][PROVIDER_FRAMEWORK.key]]
    return table(
        ["", "first start", "started before", PROVIDER_FRAMEWORK.title],
        [[label, *(cell(figures) for figures in columns)] for label, cell in rows],
    )


def _lag(name: str) -> Callable[[Figures], str]:
    def cell(figures: Figures) -> str:
        found = figures[name]
        return f"{found['median']:.2f}, {found['p95']:.2f}, {found['worst']:.2f}"

    return cell


def _long(inner: Callable[[Figures], str]) -> Callable[[Figures], str]:
    """Of the long start, which may have been left out."""

    def cell(figures: Figures) -> str:
        return "not run" if figures["long start"] is None else inner(figures["long start"])

    return cell


def _calls(figures: Figures) -> str:
    names = ", ".join(f"{name} {count:g}" for name, count in figures["Rekognition calls"].items())
    return f"{total_calls(figures):g} ({names})"


def _between_looks(long_start: float) -> Callable[[Figures], str]:
    def cell(figures: Figures) -> str:
        found = seconds_between_looks(long_start, figures)
        return "it does not look" if found is None else f"{found:.2f}"

    return cell


def _price_of_thousand(figures: Figures) -> str:
    return f"{1000 * figures['list price, USD']:.3f}"


def _gb_seconds(figures: Figures) -> str:
    usage = figures["usage"]
    arm = " (arm64)" if usage["arm_gb_seconds"] else ""
    return f"{usage['x86_gb_seconds'] + usage['arm_gb_seconds']:.2f}{arm}"


def _events(figures: Figures) -> str:
    return f"{figures['usage']['transitions']:.0f}; {figures['usage']['rule_invocations']:.0f}"


def _cold_start(figures: Figures) -> str:
    return ", ".join(f"{milliseconds:.0f}" for milliseconds in figures["cold start, milliseconds"].values())


def _resources(figures: Figures) -> str:
    return f"{figures['template']['resources']}; {figures['template']['resources of a further model']}"


def _bytes(figures: Figures) -> str:
    return f"{figures['template']['template bytes']:,}; {figures['template']['asset bytes']:,}"


def _permissions(figures: Figures) -> str:
    template = figures["template"]
    return f"{len(template['actions allowed'])}; {len(template['wildcards'])}; {template['managed policies']}"


def _synth(figures: Figures) -> str:
    return f"{figures['synth, seconds']:.2f}; {figures['synth, times an empty app']:.2f}"


def _left(figures: Figures) -> str:
    left = figures["left after destroy"]
    things = [
        f"{count} {name.removesuffix('s') if count == 1 else name}"
        for name, count in left.items()
        if name != "model" and count
    ]
    return ", ".join([f"model {' or '.join(left['model'])}", *things])


def _goals_table(goals: Sequence[Mapping[str, Any]]) -> str:
    return table(
        ["goal", "met", "measured", "why not"],
        [[g["text"], "yes" if g["met"] else "**no**", g["measured"], g["why_not"]] for g in goals],
    )


def _own_table(own: Mapping[str, Any]) -> str:
    rows = []
    for name, found in own.items():
        for label, value in found.items():
            if isinstance(value, Mapping):
                text = f"median {value['median']:.2f}, p95 {value['p95']:.2f}, worst {value['worst']:.2f}"
            else:
                text = f"{value:g}"
            rows.append([f"{name}: {label}", text])
    return table(["", ""], rows)
