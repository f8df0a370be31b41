"""Accounts full of models that are to be started, and what each of them measured."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.growth.account import MEMORY_GB, Account, Meter
from bench.growth.quota import Family, Quotas
from simulator.deployment import Deployment
from simulator.functions import Handler
from simulator.kernel import EPOCH
from simulator.plan import Declared, ModelPlan, Operation, Plan, StackPlan, Start, StartEnd, Template, Verb
from simulator.requests import Outcome
from simulator.world import World

POLL_SECONDS: Final = 5
START_SECONDS: Final = 600.0
START_SPREAD_SECONDS: Final = 5.0
"""Starts end up to so much earlier or later, so that looks meet RUNNING at any phase."""
DEFAULT_QUOTAS: Final = Quotas()
SETTLED_SECONDS: Final = 180.0
"""By then after its begin a deployment has sent all its Starts; what is throttled later is throttled for
looking too often."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an account is like."""

    models: int
    seed: int = 0
    concurrency: int = 1000
    """Of the account."""
    reserved: int | None = None
    """What of it is set aside for the function, and all that it gets."""
    stacks: int = 1
    start_seconds: float = START_SECONDS
    spread_seconds: float = START_SPREAD_SECONDS
    relative_deviation: float = 0.0
    """Standard deviation of a start's length as a share of what is expected; then ``spread_seconds`` is
    left out of account."""
    bystander_per_second: float = 0.0
    quotas: Quotas = DEFAULT_QUOTAS


def draw_start_seconds(setting: Setting, chance: random.Random) -> float:
    """How long one start takes."""
    if setting.relative_deviation:
        return max(20.0, setting.start_seconds * chance.gauss(1.0, setting.relative_deviation))
    return setting.start_seconds + setting.spread_seconds * chance.uniform(-1.0, 1.0)


def plan_of(setting: Setting) -> Plan:
    """Stacks that are created at once, with the models shared out among them."""
    chance = random.Random(f"{setting.seed} starts")  # noqa: S311 - start times, not secrets
    models = tuple(
        ModelPlan(
            f"v{number}",
            f"a{setting.seed}-p{number}",
            starts=(Start(StartEnd.RUNNING, draw_start_seconds(setting, chance)),),
            stop_seconds=45.0,
        )
        for number in range(setting.models)
    )
    stacks = tuple(
        StackPlan(
            f"a{setting.seed}-s{stack}",
            0.0,
            (
                Operation(
                    Verb.DEPLOY,
                    Template(
                        tuple(
                            (f"Model{number}", Declared(number, poll_seconds=POLL_SECONDS))
                            for number in range(stack, setting.models, setting.stacks)
                        )
                    ),
                    pause_seconds=0.0,
                ),
            ),
        )
        for stack in range(min(setting.stacks, setting.models))
    )
    return Plan(
        setting.seed,
        models,
        stacks,
        running_quota=setting.models,
        concurrency=setting.reserved or setting.concurrency,
    )


@dataclass(slots=True)
class Figures:
    """What one account measured, or many together."""

    models: int = 0
    accounts: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """How the creates ended."""
    lags: list[float] = field(default_factory=list)
    """Seconds from RUNNING to the answer of each create that succeeded."""
    seconds: float = 0.0
    """Until the last create was answered, in the slowest account."""
    calls: Counter[str] = field(default_factory=Counter)
    throttles: Counter[str] = field(default_factory=Counter)
    late_throttles: int = 0
    """Of control calls, after ``SETTLED_SECONDS``."""
    bystander_calls: int = 0
    bystander_throttles: int = 0
    peak_per_second: int = 0
    """Most control calls of one account in one second."""
    busiest_minute_per_second: float = 0.0
    """Mean of control calls in the busiest minute of an account that has sent its Starts."""
    control_seconds: float = 0.0
    """Account-seconds over which control calls were made."""
    invocations: int = 0
    concurrent_peak: int = 0
    full_share: float = 0.0
    """The largest share of an account's time in which no other function could have begun."""
    gb_seconds: float = 0.0
    models_seconds: float = 0.0
    """Seconds in which some invocation worked on a model, of all models."""

    @property
    def missed(self) -> int:
        """Creates that were not answered with SUCCESS."""
        return self.models - self.outcomes[str(Outcome.SUCCESS)]

    @property
    def mean_per_second(self) -> float:
        """Mean of control calls of an account in a second."""
        return self.calls[Family.CONTROL] / self.control_seconds if self.control_seconds else 0.0

    def lag(self, share: float) -> float:
        """A quantile of the lag; nan where nothing was answered."""
        return quantile(self.lags, share)

    def add(self, other: Figures) -> None:
        """Take in another account."""
        self.models += other.models
        self.accounts += other.accounts
        self.outcomes.update(other.outcomes)
        self.lags.extend(other.lags)
        self.seconds = max(self.seconds, other.seconds)
        self.calls.update(other.calls)
        self.throttles.update(other.throttles)
        self.late_throttles += other.late_throttles
        self.bystander_calls += other.bystander_calls
        self.bystander_throttles += other.bystander_throttles
        self.peak_per_second = max(self.peak_per_second, other.peak_per_second)
        self.busiest_minute_per_second = max(self.busiest_minute_per_second, other.busiest_minute_per_second)
        self.control_seconds += other.control_seconds
        self.invocations += other.invocations
        self.concurrent_peak = max(self.concurrent_peak, other.concurrent_peak)
        self.full_share = max(self.full_share, other.full_share)
        self.gb_seconds += other.gb_seconds
        self.models_seconds += other.models_seconds


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which a share of the values lies; nan where there is none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    if share == 0.5:
        return statistics.median(ordered)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def busiest_minute(in_second: Mapping[int, int], begin: float, end: float, width: int = 60) -> float:
    """Mean calls per second in the busiest window of ``width`` seconds that lies between two moments."""
    first, last = int(begin), int(end)
    width = max(1, min(width, last - first))
    total = sum(in_second.get(second, 0) for second in range(first, first + width))
    most = total
    for second in range(first + width, last):
        total += in_second.get(second, 0) - in_second.get(second - width, 0)
        most = max(most, total)
    return most / width


def figures_of(account: Account) -> Figures:
    """What an account measured that has played to its end."""
    meter: Meter = account.meter
    creates = [request for request in account.requests if request.type == "Create"]
    ended = [request.ended_at or account.kernel.now for request in creates]
    end = max(ended, default=EPOCH) - EPOCH
    running_at = {
        arn: next((look.at for look in model.looks if look.status == "RUNNING"), None)
        for arn, model in account.rekognition.models.items()
    }
    lags = []
    for request in creates:
        since = running_at[request.declared_arn]
        if request.outcome is Outcome.SUCCESS and since is not None and request.ended_at is not None:
            lags.append(request.ended_at - since)
    late = sum(count for second, count in meter.throttled_in_second.items() if second > SETTLED_SECONDS)
    return Figures(
        models=len(account.plan.models),
        accounts=1,
        outcomes=Counter(str(request.outcome) for request in creates),
        lags=lags,
        seconds=end,
        calls=Counter({str(family): count for family, count in meter.calls.items()}),
        throttles=Counter({str(family): count for family, count in meter.throttles.items()}),
        late_throttles=late,
        bystander_calls=meter.bystander_calls,
        bystander_throttles=meter.bystander_throttles,
        peak_per_second=max(meter.control_in_second.values(), default=0),
        busiest_minute_per_second=busiest_minute(meter.control_in_second, min(SETTLED_SECONDS, end / 2), end),
        control_seconds=end,
        invocations=meter.invocations,
        concurrent_peak=meter.running_peak,
        full_share=meter.full_seconds / end if end else 0.0,
        gb_seconds=meter.function_seconds * MEMORY_GB,
        models_seconds=meter.function_seconds,
    )


def live(
    setting: Setting,
    new_handler: Callable[[World], Handler],
    deployment: Callable[[], Deployment] | None = None,
) -> Account:
    """Let an account live until nothing is due any more."""
    account = Account(
        plan_of(setting),
        new_handler,
        setting.quotas,
        deployment=deployment() if deployment is not None else None,
        bystander_per_second=setting.bystander_per_second,
    )
    account.meter.concurrency = setting.concurrency
    account.play()
    return account
