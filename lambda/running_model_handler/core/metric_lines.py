"""Metrics as lines of a log, in CloudWatch's embedded metric format: no call, and no permission; pure.

Source: CloudWatch guide, CloudWatch_Embedded_Metric_Format_Specification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

NAMESPACE: Final = "RekognitionRunningModel"


def metric_line(counts: Mapping[str, int], now: float, **properties: str) -> str:
    """One line that counts, without dimensions; ``properties`` stand beside the counts, to be searched for.

    ``now`` is in seconds since the epoch. A metric bills only for hours in which it gets values.
    """
    metrics = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": metrics}
    return json.dumps(
        {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}, **counts, **properties}
    )
