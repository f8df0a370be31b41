"""The measurements of how cost grows: what is counted, and small worlds whose figures can be told by hand."""

from __future__ import annotations

import pytest

from bench.growth.curves import knee, many_accounts, settings_of
from bench.growth.quota import Family, Quotas, TokenBucket, family_of
from bench.growth.remedies import FIRST_SHARED, KNOWN_SHARED, TODAY, lived
from bench.growth.report import BEGIN, END, account_columns, goals, replaced, table
from bench.growth.worlds import Figures, Setting, busiest_minute, figures_of, live, plan_of, quantile
from simulator.fast_seam import new_handler


def test_a_bucket_lets_a_second_of_calls_through_at_once_and_then_as_many_as_are_filled_in() -> None:
    """Five at once, none more, and one a fifth of a second later."""
    bucket = TokenBucket(5.0)
    assert [bucket.take(10.0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.take(10.2)
    assert not bucket.take(10.2)
    assert [bucket.take(99.0) for _ in range(6)] == [True] * 5 + [False]


def test_a_slow_bucket_still_lets_single_calls_through() -> None:
    """One call in two seconds is less than a token a second."""
    bucket = TokenBucket(0.5)
    assert [bucket.take(at) for at in (0.0, 1.0, 2.0, 3.0, 4.0)] == [True, False, True, False, True]


def test_calls_fall_into_the_families_that_share_a_quota() -> None:
    """Tags have a quota of their own, and other services are not counted as Rekognition's."""
    assert family_of("rekognition:DescribeProjectVersions") is Family.CONTROL
    assert family_of("rekognition:StartProjectVersion") is Family.CONTROL
    assert family_of("rekognition:TagResource") is Family.TAGS
    assert family_of("cloudformation:DescribeStackResource") is Family.CLOUDFORMATION
    assert family_of("lambda:InvokeFunction") is Family.LAMBDA
    assert family_of("states:StartExecution") is Family.OTHER


def test_the_busiest_minute_is_found_between_two_moments_alone() -> None:
    """What lies before does not count, nor a window that reaches beyond the end."""
    in_second = {1: 1000, 70: 30, 100: 30, 129: 60, 130: 99}
    assert busiest_minute(in_second, 10.0, 130.0) == 2.0
    assert busiest_minute(in_second, 0.0, 60.0) == 1000 / 60
    assert busiest_minute({}, 0.0, 0.5) == 0.0


def test_quantiles_are_values_that_were_measured() -> None:
    """And not a number where none was."""
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(number) for number in range(100)], 0.95) == 95.0
    assert quantile([1.0], 0.99) == 1.0
    assert quantile([], 0.5) != quantile([], 0.5)


def test_models_are_shared_out_among_stacks() -> None:
    """Each model is declared once."""
    plan = plan_of(Setting(5, stacks=2))
    declared = [
        [declared.model for _, declared in operation.template.models]
        for stack in plan.stacks
        for operation in stack.operations
    ]
    assert declared == [[0, 2, 4], [1, 3]]
    assert plan.running_quota == 5


def test_one_model_alone_is_never_throttled() -> None:
    """One start of a minute: every look is counted, the answer comes within the pause of so early a time."""
    figures = figures_of(live(Setting(1, start_seconds=60.0), new_handler))
    assert figures.missed == 0
    assert not figures.throttles
    assert 5 < figures.calls[Family.CONTROL] < 15
    assert figures.concurrent_peak == 1
    assert 0.0 < figures.lag(0.5) < 15.0
    # 192 MB for as long as the one invocation lasted.
    assert figures.gb_seconds == pytest.approx(figures.models_seconds * 192 / 1024)
    assert 55.0 < figures.models_seconds < figures.seconds


def test_three_models_with_one_call_a_second_are_throttled_and_all_answered() -> None:
    """What the quota refuses is counted, and tried again until it is through."""
    setting = Setting(3, start_seconds=60.0, quotas=Quotas(((Family.CONTROL, 1.0),), burst_seconds=3.0))
    figures = figures_of(live(setting, new_handler))
    assert figures.missed == 0
    assert len(figures.lags) == 3
    assert figures.throttles[Family.CONTROL] > 0
    assert set(figures.throttles) == {str(Family.CONTROL)}


def test_one_unit_of_concurrency_lets_one_waiter_after_the_other_run() -> None:
    """The account is full for nearly all of the time, and yet every model is answered."""
    figures = figures_of(live(Setting(3, start_seconds=60.0, concurrency=1), new_handler))
    assert figures.missed == 0
    assert figures.concurrent_peak == 1
    assert figures.full_share > 0.5
    assert figures.seconds > 3 * 60.0


def test_the_owners_own_calls_are_refused_where_the_waiters_use_up_the_quota() -> None:
    """A bystander shares the bucket."""
    alone = Setting(1, start_seconds=60.0, bystander_per_second=0.5)
    crowded = Setting(
        12,
        start_seconds=60.0,
        bystander_per_second=0.5,
        quotas=Quotas(((Family.CONTROL, 2.0),)),
    )
    assert figures_of(live(alone, new_handler)).bystander_throttles == 0
    figures = figures_of(live(crowded, new_handler))
    assert 0 < figures.bystander_throttles <= figures.bystander_calls


def test_accounts_add_up() -> None:
    """Sums add, peaks are the highest of any account."""
    total = Figures()
    for seed in range(2):
        total.add(figures_of(live(Setting(2, seed=seed, start_seconds=60.0), new_handler)))
    assert (total.models, total.accounts, total.missed) == (4, 2, 0)
    assert total.concurrent_peak == 2
    assert len(total.lags) == 4


def test_an_account_lives_the_same_life_each_time() -> None:
    """Nothing but the setting decides what is measured."""
    first, second = (figures_of(live(Setting(4, start_seconds=60.0), new_handler)) for _ in range(2))
    assert first == second


def test_the_recommended_variant_lives_the_life_of_the_handler() -> None:
    """What a variant measures is due to what it changes; the handler notes what its start took besides."""
    setting = Setting(4, start_seconds=60.0, quotas=Quotas(((Family.CONTROL, 2.0),)))
    handler, variant = figures_of(live(setting, new_handler)), lived(FIRST_SHARED, [setting])
    assert handler.calls[Family.CONTROL] == variant.calls[Family.CONTROL]
    assert handler.calls[Family.TAGS] == variant.calls[Family.TAGS] + 4
    assert handler.lag(0.5) == pytest.approx(variant.lag(0.5), abs=0.5)


def test_a_known_length_takes_fewer_calls() -> None:
    """Rare looks before it, quick ones around it, and every model is answered."""
    setting = Setting(2, start_seconds=300.0)
    today = lived(TODAY, [setting])
    known = lived(KNOWN_SHARED, [setting])
    assert today.missed == known.missed == 0
    assert known.calls[Family.CONTROL] < today.calls[Family.CONTROL] / 2


def test_waiters_of_one_stack_keep_to_their_share() -> None:
    """Where today's looks are throttled, shared ones are not."""
    setting = Setting(30, start_seconds=400.0)
    today, shared = lived(TODAY, [setting]), lived(FIRST_SHARED, [setting])
    assert today.missed == shared.missed == 0
    assert today.late_throttles > 10 * shared.late_throttles
    assert shared.busiest_minute_per_second < 5.0


def test_reserved_concurrency_leaves_the_rest_to_the_owner() -> None:
    """The account is never full, and the waiters have less."""
    figures = figures_of(live(Setting(3, start_seconds=60.0, concurrency=3, reserved=1), new_handler))
    assert (figures.missed, figures.concurrent_peak, figures.full_share) == (0, 1, 0.0)


def test_an_account_that_is_full_is_lived_through_once_for_all_totals() -> None:
    """Totals of many accounts are sums, the last account being what is left."""
    points = many_accounts(new_handler, 2, 1000, totals=(1, 2, 5))
    assert [(point.models, point.figures.models, point.figures.accounts) for point in points] == [
        (1, 1, 1),
        (2, 2, 1),
        (5, 5, 3),
    ]
    assert [one.models for one in settings_of(5, 2, Setting(2))] == [2, 2, 1]
    assert knee(points, lambda figures: figures.accounts > 1) == 5
    assert knee(points, lambda figures: figures.missed > 0) is None


def test_only_the_marked_part_of_the_document_is_written_anew() -> None:
    """What people wrote stays."""
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(document, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="no marked part"):
        replaced("without marks", "new")


def test_a_goal_is_met_or_not() -> None:
    """Looks every five seconds are not a third of themselves."""
    figures = figures_of(live(Setting(2, start_seconds=60.0), new_handler))
    many = figures_of(live(Setting(50, start_seconds=60.0), new_handler))
    rows = goals(
        today=figures,
        framework=figures,
        recommended=[figures, figures],
        crowds=[many, many],
        totals=[[many], [many]],
        one_seconds=1.0,
    )
    assert rows[1][2] == "**not met**"
    assert len(rows) == 8
    assert "| 2 of 2 |" in table("a", [("row", figures)], account_columns(60.0))
