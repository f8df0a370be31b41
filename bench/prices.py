"""The list price of what a deployment uses.

US East (N. Virginia), without free tiers, in USD. The pages: "AWS Lambda Pricing", "AWS Step Functions
Pricing" (standard workflows), "Amazon EventBridge Pricing", "Amazon CloudWatch Pricing" (logs). Copies of
2026 were read. Rekognition's control calls cost nothing, nor do CloudFormation's custom resources;
the model's own running time is left out, as it is the same for every way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Final

LAMBDA_X86_GB_SECOND: Final = 0.0000166667
LAMBDA_ARM_GB_SECOND: Final = 0.0000133334
LAMBDA_REQUEST: Final = 0.20 / 1_000_000
STEP_FUNCTIONS_TRANSITION: Final = 0.025 / 1_000
"""Each run of a state, retries included."""
EVENTBRIDGE_INVOCATION: Final = 1.00 / 1_000_000
"""The price of a custom event. The page names none for a scheduled rule, so this is the most it can be."""
LOGS_GB: Final = 0.50
"""Ingestion; keeping the log is not counted."""
BYTES_PER_GB: Final = 1024**3


@dataclass(frozen=True)
class Usage:
    """What is billed of a deployment."""

    requests: float = 0
    x86_gb_seconds: float = 0
    arm_gb_seconds: float = 0
    transitions: float = 0
    rule_invocations: float = 0
    log_bytes: float = 0

    def __add__(self, other: Usage) -> Usage:
        mine, others = asdict(self), asdict(other)
        return Usage(**{field.name: mine[field.name] + others[field.name] for field in fields(self)})

    @property
    def gb_seconds(self) -> float:
        """Of both architectures."""
        return self.x86_gb_seconds + self.arm_gb_seconds


@dataclass(frozen=True)
class Price:
    """USD by service."""

    lambda_compute: float
    lambda_requests: float
    step_functions: float
    eventbridge: float
    logs: float

    @property
    def total(self) -> float:
        """All of it."""
        return float(sum(asdict(self).values()))


def list_price(usage: Usage) -> Price:
    """What ``usage`` costs."""
    return Price(
        lambda_compute=usage.x86_gb_seconds * LAMBDA_X86_GB_SECOND
        + usage.arm_gb_seconds * LAMBDA_ARM_GB_SECOND,
        lambda_requests=usage.requests * LAMBDA_REQUEST,
        step_functions=usage.transitions * STEP_FUNCTIONS_TRANSITION,
        eventbridge=usage.rule_invocations * EVENTBRIDGE_INVOCATION,
        logs=usage.log_bytes / BYTES_PER_GB * LOGS_GB,
    )
