"""Metrics in the namespace AWS/Rekognition."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from emulator_world import World, outcome_of, png

from local_aws.rekognition import Fault


class Collector:
    """Stands where boto3's ``put_metric_data`` would."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []
        self.calls = 0
        self.came = threading.Event()

    def __call__(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        """Keep what is put."""
        assert Namespace == "AWS/Rekognition"
        assert 0 < len(MetricData) <= 1000
        self.calls += 1
        self.data += MetricData
        self.came.set()


def test_units_of_running_models(world: World) -> None:
    """Four metrics under both names while a model is RUNNING, and none otherwise."""
    collector = Collector()
    world.emulator.publish_metrics_to(collector)
    arn = world.version()
    world.start(arn, 2, MaxInferenceUnits=4)
    assert world.emulator.flush_metrics() == 0
    world.clock.advance(600)
    assert world.emulator.flush_metrics() == 4
    assert {item["MetricName"]: item["Value"] for item in collector.data} == {
        "InServiceInferenceUnits": 2,
        "DesiredInferenceUnits": 2,
        "MinInferenceUnits": 2,
        "MaxInferenceUnits": 4,
    }
    dimensions = [{"Name": "ProjectName", "Value": "parts"}, {"Name": "VersionName", "Value": "v0"}]
    assert all(item["Dimensions"] == dimensions for item in collector.data)
    assert {item["Unit"] for item in collector.data} == {"Count"}
    assert {item["Timestamp"].timestamp() for item in collector.data} == {world.clock.now()}
    world.stop(arn)
    assert world.emulator.flush_metrics() == 0


def test_counts_of_detections(world: World) -> None:
    """Successes with their time, the caller's errors, the service's errors and throttles, for all models."""
    collector = Collector()
    world.emulator.publish_metrics_to(collector)
    arn, idle = world.version("RUNNING"), world.version()

    def detect(version: str) -> str:
        client = world.rekognition
        picture = {"Bytes": png()}
        return outcome_of(lambda: client.detect_custom_labels(ProjectVersionArn=version, Image=picture))

    faults = world.emulator.faults
    faults.once("DetectCustomLabels", Fault.THROTTLE, times=2)
    assert [detect(arn), detect(arn)] == ["ThrottlingException"] * 2
    faults.once("DetectCustomLabels", Fault.ERROR)
    assert detect(arn) == "InternalServerError"
    assert [detect(idle) for _ in range(3)] == ["ResourceNotReadyException"] * 3
    faults.update({"slow_answer_probability": 1, "slow_answer_seconds": 0.25})
    assert [detect(arn) for _ in range(4)] == ["ok"] * 4
    world.emulator.flush_metrics()
    counted = [item for item in collector.data if item["Dimensions"][0]["Name"] == "Operation"]
    assert Counter(item["MetricName"] for item in counted) == {
        "ThrottledCount": 2,
        "ServerErrorCount": 1,
        "UserErrorCount": 3,
        "SuccessfulRequestCount": 4,
        "ResponseTime": 4,
    }
    assert {item["Dimensions"][0]["Value"] for item in counted} == {"DetectCustomLabels"}
    times = {item["Value"] for item in counted if item["MetricName"] == "ResponseTime"}
    assert times == {250}
    assert {item["Unit"] for item in counted if item["MetricName"] == "ResponseTime"} == {"Milliseconds"}


def test_a_count_is_put_once(world: World) -> None:
    """What was put is not put again."""
    collector = Collector()
    world.emulator.publish_metrics_to(collector)
    arn = world.version("STOPPED")
    detect = world.rekognition.detect_custom_labels
    outcome_of(lambda: detect(ProjectVersionArn=arn, Image={"Bytes": png()}))
    assert world.emulator.flush_metrics() == 1
    assert world.emulator.flush_metrics() == 0


def test_metrics_come_by_themselves(world: World) -> None:
    """In the background, every period, while there is somewhere to put them."""
    world.version("RUNNING")
    world.emulator.stop()
    world.emulator.settings.metrics_period_seconds = 0.05
    collector = Collector()
    world.emulator.publish_metrics_to(collector)
    with world.emulator:
        assert collector.came.wait(20)


def test_many_data_are_put_in_parts(world: World) -> None:
    """No call of PutMetricData grows beyond what CloudWatch takes."""
    collector = Collector()
    world.emulator.publish_metrics_to(collector)
    for _ in range(60):
        world.version("RUNNING")
    assert world.emulator.flush_metrics() == 240
    assert (len(collector.data), collector.calls) == (240, 2)


def test_a_failing_target_harms_nothing(world: World) -> None:
    """A PutMetricData that fails is a note in the journal, and calls go on."""

    def fail(**_: object) -> None:
        raise ConnectionError("no CloudWatch")

    world.emulator.publish_metrics_to(fail)
    arn = world.version("RUNNING")
    world.emulator.flush_metrics()
    assert world.stop(arn) == "STOPPING"
    notes = [entry for entry in world.emulator.journal.entries if entry.kind == "note"]
    assert notes[0].detail == {"problem": "ConnectionError: no CloudWatch", "lost": 4}
