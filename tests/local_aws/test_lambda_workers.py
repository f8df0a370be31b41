"""What keeps a worker process alive, as MiniStack and it talk; real processes: test_lambda_delivery."""

from __future__ import annotations

import json
import time

import pytest

from local_aws.corrections import lambda_workers, ministack

PYTHON = {"status": "error", "error": "no", "trace": "Traceback …"}
NODE = {"status": "error", "error": "no", "trace": "Error: no\n    at …"}


@pytest.mark.parametrize("raised", [PYTHON, NODE])
def test_a_raised_error_passes_for_a_success_and_is_told_as_it_was(raised: dict[str, str]) -> None:
    """MiniStack, which kills for an error, sees none; its caller does."""
    seen = json.loads(lambda_workers.disguised(json.dumps(raised) + "\n"))
    assert seen["status"] == "ok"
    assert lambda_workers.revealed({**seen, "log": "l"}) == {**raised, "log": "l"}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "printed by the function\n",
        "[1]\n",
        '{"status": "ok", "result": {"status": "error", "trace": "t", "raised": {}}}\n',
        '{"status": "error", "error": "JSON parse error"}\n',
    ],
)
def test_everything_else_stays_as_it_is(line: str) -> None:
    """The end of the process, stray lines, results of any shape, and errors that are not the handler's."""
    assert lambda_workers.disguised(line) == line


def test_a_success_is_told_as_it_was() -> None:
    """There is nothing to reveal."""
    assert lambda_workers.revealed({"status": "ok", "result": {"raised": 1}}) == {
        "status": "ok",
        "result": {"raised": 1},
    }


@pytest.mark.slow
def test_a_worker_is_idle_from_the_end_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that took long does not make its worker look unused for as long."""
    runtime, service = ministack.lambda_runtime, ministack.lambda_service
    monkeypatch.setattr(runtime.Worker, "invoke", lambda *_: {"status": "ok"})
    monkeypatch.setattr(runtime.Worker, "_spawn", runtime.Worker._spawn)
    for module in (runtime, service):
        monkeypatch.setattr(module, "invalidate_worker", module.invalidate_worker)
    lambda_workers.install()
    first, second = (runtime.Worker("f", {}, b"") for _ in range(2))
    monkeypatch.setattr(runtime, "_workers", {"key": [first, second]})
    first.last_used = second.last_used = time.time() - 600
    assert second.invoke({}, "id") == {"status": "ok"}
    assert runtime.reap_idle_workers(300.0) == 0
    second.last_used = time.time() - 600
    assert runtime.reap_idle_workers(300.0) == 1
