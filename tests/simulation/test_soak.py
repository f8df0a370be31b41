"""A long run: taken up again after a crash it counts what one run counts, and it fails when it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from simulator import fleet
from simulator.counting import tally
from simulator.fast_seam import FastServices
from simulator.functions import Handler
from simulator.progress import FOLDERS, Progress, load
from simulator.soak import Soak, soak
from simulator.tally import Tally
from simulator.world import World

ROOT: Final = Path(__file__).parents[2]
PATHS: Final = ("tests/simulation", "constructs", "lambda")
SEEDS: Final = 120


def begin_soak(directory: Path) -> subprocess.Popen[str]:
    """``make soak`` without make, in one process beside the parent."""
    asked = ("--seeds", str(SEEDS), "--directory", str(directory), "--processes", "1")
    return subprocess.Popen(
        [sys.executable, "-m", "simulator.soak", *asked],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS)},
        stdout=subprocess.PIPE,
        text=True,
    )


def counted(summary: Path) -> dict[str, Any]:
    """What a summary counts, apart from the time that it took."""
    data = json.loads(summary.read_text())
    return {key: data[key] for key in Tally().to_data() if key not in ("cpu_seconds", "simulated_seconds")}


def test_a_killed_soak_goes_on_where_it_was(tmp_path: Path) -> None:
    """After kill -9 in the middle, the same command plays what is left, and all is counted once."""
    first = begin_soak(tmp_path)
    while not (tmp_path / "progress.json").exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.kill()
    first.wait()
    before = load(tmp_path / "progress.json")
    assert before is not None
    assert 0 < before.tally.histories < SEEDS

    told, _ = begin_soak(tmp_path).communicate(timeout=120)

    assert f"goes on after {before.tally.histories} histories" in told
    through = tally(range(1, SEEDS + 1)).to_data()
    through["violations"] = {str(seed): texts for seed, texts in through["violations"].items()}
    found = counted(tmp_path / "summary.json")
    assert found == {key: through[key] for key in found}
    assert found["histories"] == SEEDS


def liar(world: World) -> Handler:
    """A handler that says SUCCESS to everything and does nothing."""

    def handler(event: Any, context: Any) -> None:
        answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
        physical = event.get("PhysicalResourceId") or event["ResourceProperties"]["ProjectVersionArn"]
        body = {**answer, "Status": "SUCCESS", "PhysicalResourceId": physical}
        services = FastServices(world)
        services.put_answer(event["ResponseURL"], json.dumps(body).encode(), services.clock)

    return handler


def test_a_violation_makes_it_fail_and_is_in_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handler that promises what it does not do is found, with its seeds and guarantees."""
    assert soak(Soak(20, directory=tmp_path, processes=2), liar) == 1
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["violating_seeds"] == len(summary["violations"]) > 10
    assert all(text.startswith("G") for texts in summary["violations"].values() for text in texts)
    seed = next(iter(summary["violations"]))
    assert f"seed {seed}: G1" in (tmp_path / "summary.md").read_text()
    assert "with violations" in capsys.readouterr().out.splitlines()[-1]


def test_other_code_begins_afresh_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What another version of the handler or of the simulator has played counts for nothing."""
    run = Soak(20, directory=tmp_path, processes=1)
    played = Progress("another", 1)
    played.add(range(1, 11), Tally(histories=10, violations={3: ["G1"]}))
    played.save(run.file)
    assert soak(run) == 0
    assert "begins afresh" in capsys.readouterr().out
    after = load(run.file)
    assert after is not None
    assert (after.code, after.tally.histories, after.done) == (run.code, 20, [(1, 21)])


def test_what_is_left_is_what_was_not_played() -> None:
    """Chunks come back in any order; what lies between them is played, once."""
    progress = Progress("code", 1)
    for seeds in (range(51, 101), range(201, 251), range(101, 151)):
        progress.add(seeds, Tally(histories=len(seeds)))
    assert progress.done == [(51, 151), (201, 251)]
    assert list(progress.missing(300)) == [range(1, 51), range(151, 201), range(251, 301)]
    assert list(progress.missing(120)) == [range(1, 51)]


def test_a_lost_process_is_noticed() -> None:
    """A process that the machine ends, for its memory say, ends the run instead of keeping it waiting."""

    def dies(_: World) -> Handler:
        os._exit(9)

    with pytest.raises(fleet.ProcessLost, match="9"):
        list(fleet.play_on_all_cores([range(1, 3)], 1, dies))


def test_all_that_decides_a_history_is_in_the_fingerprint() -> None:
    """The digest tells of what the simulator imports, so that a change of it begins a soak anew."""
    code = "import sys, simulator.soak; print(*(getattr(m, '__file__', None) for m in sys.modules.values()))"
    path = os.pathsep.join(str(ROOT / part) for part in (*PATHS, "."))
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {Path(file) for file in told.stdout.split() if Path(file).is_relative_to(ROOT / "local_aws")}
    assert ours - {ROOT / "local_aws" / "__init__.py"}
    outside = {file for file in ours if not any(file.is_relative_to(folder) for folder in FOLDERS)}
    assert outside == {ROOT / "local_aws" / "__init__.py"}
