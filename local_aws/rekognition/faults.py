"""Faults that can be switched on while the emulator runs, each with a chance, all from one seed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from attrs import define, field

from local_aws.checked import Checked, choice, number, probability
from local_aws.platform.throttles import OF_REKOGNITION
from local_aws.refusals import Refusal, Refusals

Chance = float | Mapping[str, float]


class Fault(StrEnum):
    """What can go wrong with one call."""

    DROPPED_REQUEST = "dropped_request"
    """The connection ends before the call has had any effect."""
    SLOW_ANSWER = "slow_answer"
    """The answer comes late; the call took effect at once."""
    THROTTLE = "throttle"
    ERROR = "error"
    """InternalServerError; the call had no effect."""
    LATE_ERROR = "late_error"
    """InternalServerError, although the call took effect."""
    LOST_ANSWER = "lost_answer"
    """The call took effect, then the connection ends without an answer."""
    STALE_DESCRIBE = "stale_describe"
    """DescribeProjectVersions shows what was true some seconds ago."""
    STALE_TAGS = "stale_tags"
    """ListTagsForResource shows what was true some seconds ago."""


@define
class Faults(Checked):
    """Chances are 0 to 1 for every operation, or a mapping: ``{"StartProjectVersion": 0.5}``.

    Whether the n-th call of an operation meets a fault depends on seed, n, operation and chance alone, so
    calls of other operations, and other faults, change nothing.
    """

    dropped_request_probability: float | Mapping[str, float] = probability()
    throttle_probability: float | Mapping[str, float] = probability()
    throttle_code: str = choice(OF_REKOGNITION[0], *OF_REKOGNITION)
    error_probability: float | Mapping[str, float] = probability()
    late_error_probability: float | Mapping[str, float] = probability()
    lost_answer_probability: float | Mapping[str, float] = probability()
    slow_answer_probability: float | Mapping[str, float] = probability()
    slow_answer_seconds: float = number(1.0)
    stale_describe_seconds: float = number(0.0)
    """How old the state is that a stale DescribeProjectVersions shows; 0 switches staleness off."""
    stale_describe_probability: float = number(1.0, most=1)
    stale_tags_seconds: float = number(0.0)
    """The same for ListTagsForResource."""
    stale_tags_probability: float = number(1.0, most=1)
    stale_authorization_seconds: float = number(0.0)
    """How old the tags are that a policy condition (aws:ResourceTag) sees."""
    _seed: int = field(default=0, init=False, repr=False)
    _streams: dict[tuple[Fault, str], random.Random] = field(factory=dict, init=False, repr=False)
    _fired: Counter[tuple[str, str]] = field(factory=Counter, init=False, repr=False)
    _next: Counter[tuple[Fault, str]] = field(factory=Counter, init=False, repr=False)
    _refusals: Refusals = field(factory=Refusals, init=False, repr=False, eq=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False, eq=False)

    def seed(self, seed: int) -> None:
        """Begin the chances anew."""
        with self._lock:
            self._seed = seed
            self._streams.clear()

    def once(self, operation: str, fault: Fault | str, times: int = 1) -> None:
        """The next ``times`` calls of an operation meet this fault for sure, whatever its chance."""
        with self._lock:
            self._next[Fault(fault), operation] += times

    def refuse(self, refusal: Refusal) -> None:
        """Calls fail with an error of the test's choice; the action is named as in a policy."""
        self._refusals.add(refusal)

    def refuse_nothing(self) -> None:
        """No call is refused any more."""
        self._refusals.clear()

    def refusal(self, operation: str, access_key: str, now: float) -> Refusal | None:
        """The refusal that a call meets at a moment of the emulator's clock; it counts."""
        return self._refusals.of_call(f"rekognition:{operation}", access_key, now)

    def draw(self, operation: str) -> frozenset[Fault]:
        """The faults of one call; they count as fired only by ``record``."""
        with self._lock:
            return frozenset(fault for fault in Fault if self._meets(fault, operation))

    def record(self, fault: Fault, operation: str) -> None:
        """A fault has had its effect."""
        with self._lock:
            self._fired[fault.value, operation] += 1

    def fired(self, fault: Fault | str | None = None, operation: str | None = None) -> int:
        """How often a fault had its effect."""
        with self._lock:
            return sum(
                times
                for (kind, name), times in self._fired.items()
                if fault in (None, kind) and operation in (None, name)
            )

    def counts(self) -> dict[str, dict[str, int]]:
        """How often each fault had its effect, by operation."""
        found: dict[str, dict[str, int]] = {fault.value: {} for fault in Fault}
        with self._lock:
            for (kind, name), times in sorted(self._fired.items()):
                found[kind][name] = times
        return found

    def clear(self) -> None:
        """Switch every fault off; the counts stay."""
        self.update(type(self)().as_dict())
        self._refusals.clear()
        with self._lock:
            self._next.clear()

    def reset(self, seed: int) -> None:
        """Switch every fault off, forget the counts, and begin the chances anew."""
        self.clear()
        self.seed(seed)
        with self._lock:
            self._fired.clear()

    def _meets(self, fault: Fault, operation: str) -> bool:
        stream = self._streams.get((fault, operation))
        if stream is None:
            # Not for secrets: the same seed has to give the same faults.
            stream = random.Random(f"{self._seed}/{fault.value}/{operation}")  # noqa: S311
            self._streams[fault, operation] = stream
        drawn = stream.random() < self._chance(fault, operation)
        if self._next[fault, operation] > 0:
            self._next[fault, operation] -= 1
            return True
        return drawn

    def _chance(self, fault: Fault, operation: str) -> float:
        if fault is Fault.STALE_DESCRIBE:
            on = operation == "DescribeProjectVersions" and self.stale_describe_seconds > 0
            return self.stale_describe_probability if on else 0.0
        if fault is Fault.STALE_TAGS:
            on = operation == "ListTagsForResource" and self.stale_tags_seconds > 0
            return self.stale_tags_probability if on else 0.0
        chance: Chance = getattr(self, f"{fault.value}_probability")
        return chance.get(operation, 0.0) if isinstance(chance, Mapping) else chance
