"""When DetectCustomLabels was called last, by the service's own metric."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Protocol

from running_model_handler.core.duty import Calls
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.guards import METRIC_PERIOD_SECONDS
from running_model_handler.shell.calls import call, reading

_PAGES_MAX: Final = 20
_QUERY: Final = {
    "Id": "calls",
    "MetricStat": {
        "Metric": {
            "Namespace": "AWS/Rekognition",
            "MetricName": "SuccessfulRequestCount",
            "Dimensions": [{"Name": "Operation", "Value": "DetectCustomLabels"}],
        },
        "Period": METRIC_PERIOD_SECONDS,
        "Stat": "Sum",
    },
}
"""Of the account and Region; there is none for one model (Rekognition guide, cloudwatch-metricsdim)."""


class Detections(Protocol):
    """What a sweep needs of CloudWatch. Raises ``ServiceError``."""

    def calls(self, since: float, now: float) -> Calls:
        """The calls between two times (GetMetricData)."""


class CloudWatchDetections:
    """``Detections`` on a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def calls(self, since: float, now: float) -> Calls:
        """See ``Detections``. Newest first, so that the first period with a call is the last one."""
        action, start = "cloudwatch:GetMetricData", since - since % METRIC_PERIOD_SECONDS
        parameters: dict[str, Any] = {
            "MetricDataQueries": [_QUERY],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(now, UTC),
            "ScanBy": "TimestampDescending",
        }
        for _ in range(_PAGES_MAX):
            answer = call(action, "*", self._client.get_metric_data, **parameters)
            with reading(action, "*"):
                (result,) = answer["MetricDataResults"]
                pairs = zip(result["Timestamps"], result["Values"], strict=True)
                called = [at.timestamp() for at, count in pairs if count > 0]
            if called or not answer.get("NextToken"):
                return Calls(start, max(called) + METRIC_PERIOD_SECONDS if called else None)
            parameters["NextToken"] = answer["NextToken"]
        raise ServiceError(ErrorKind.OTHER, action, "*", "TooManyPages", f"more than {_PAGES_MAX} pages")
