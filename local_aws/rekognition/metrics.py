"""Metrics in the namespace AWS/Rekognition, put in the background so that no call waits for them.

Names, units and dimensions: Rekognition guide, CloudWatch metrics, and Custom Labels guide, model usage. Unit
metrics carry ProjectName and VersionName; those of DetectCustomLabels carry Operation alone, per account and
Region.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local_aws.platform.rekognition import RUNNING
from local_aws.platform.throttles import OF_REKOGNITION
from local_aws.rekognition.journal import NOTE
from local_aws.rekognition.records import Version
from local_aws.rekognition.store import Store

NAMESPACE = "AWS/Rekognition"
BATCH_MAX = 150
"""Data in one PutMetricData; CloudWatch takes up to 1,000 of them, and 1 MB."""
WAITING_MAX = 100_000
"""Data that wait for the next put; older ones are lost if there are more."""

PutMetricData = Callable[..., Any]
"""As boto3's: ``put_metric_data(Namespace=…, MetricData=[…])``."""


class Metrics:
    """Collects what happened; puts it every ``metrics_period_seconds`` while there is somewhere to put it."""

    def __init__(self, store: Store, closing: threading.Event) -> None:
        self._store = store
        self._closing = closing
        self._put: PutMetricData | None = None
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []
        self._thread: threading.Thread | None = None

    def publish_to(self, put_metric_data: PutMetricData | None) -> None:
        """Where metrics go from now on; None: nowhere."""
        with self._lock:
            self._put = put_metric_data
            self._waiting.clear()

    def count_detection(self, code: str, status: int, seconds: float, arn: str = "") -> None:
        """One DetectCustomLabels; ``code`` is that of its error, or empty, ``arn`` the model's if known."""
        name = _count_name(code, status)
        every = [[{"Name": "Operation", "Value": "DetectCustomLabels"}]]
        if arn and self._store.settings.request_counts_per_model:
            every.append(_model_dimensions(arn))
        with self._lock:
            if self._put is None:
                return
            for dimensions in every:
                self._waiting.append(self._datum(name, 1.0, "Count", dimensions))
                if not code:
                    taken = round(seconds * 1000.0, 3)
                    self._waiting.append(self._datum("ResponseTime", taken, "Milliseconds", dimensions))
            del self._waiting[:-WAITING_MAX]

    def flush(self) -> int:
        """Put what there is now, once; returns how many data. A failure is a note in the journal."""
        with self._store.lock:
            self._store.settle()
            running = [version for version in self._store.versions() if version.status == RUNNING]
            units = [datum for version in running for datum in self._units(version)]
        with self._lock:
            put, data = self._put, self._waiting + units
            self._waiting = []
        if put is None:
            return 0
        for first in range(0, len(data), BATCH_MAX):
            self._send(put, data[first : first + BATCH_MAX])
        return len(data)

    def start(self) -> None:
        """Begin to put in the background."""
        self._thread = threading.Thread(target=self._run, name="rekognition-metrics", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the background to end, once ``closing`` is set."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        # Real seconds, whatever the emulator's clock: this is no part of what is emulated.
        while not self._closing.wait(self._store.settings.metrics_period_seconds):
            if self._put is not None:
                self.flush()

    def _send(self, put: PutMetricData, data: list[dict[str, Any]]) -> None:
        try:
            put(Namespace=NAMESPACE, MetricData=data)
        except Exception as error:  # metrics must never end anything
            detail = {"problem": f"{type(error).__name__}: {error}", "lost": len(data)}
            self._store.journal.add(self._store.clock.now(), NOTE, "PutMetricData", "", detail)

    def _units(self, version: Version) -> list[dict[str, Any]]:
        least = float(version.look.min_units or 0)
        values = {
            "InServiceInferenceUnits": float(version.units_in_service),
            "DesiredInferenceUnits": float(version.units_in_service),
            "MinInferenceUnits": least,
            "MaxInferenceUnits": float(version.look.max_units or least),
        }
        dimensions = _model_dimensions(version.arn)
        return [self._datum(name, value, "Count", dimensions) for name, value in values.items()]

    def _datum(self, name: str, value: float, unit: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Dimensions": dimensions,
            "Timestamp": datetime.fromtimestamp(self._store.clock.now(), UTC),
        }


def _model_dimensions(version_arn: str) -> list[dict[str, str]]:
    parts = version_arn.split("/")
    return [{"Name": "ProjectName", "Value": parts[1]}, {"Name": "VersionName", "Value": parts[3]}]


def _count_name(code: str, status: int) -> str:
    if code in OF_REKOGNITION:
        return "ThrottledCount"
    if status >= 500:
        return "ServerErrorCount"
    return "UserErrorCount" if code else "SuccessfulRequestCount"
