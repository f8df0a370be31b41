"""A journal that grows takes no more memory, and is as quick to ask as a short one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from emulator_world import World, admin, outcome_of

from local_aws.spill import NEWEST, Spill


@dataclass
class Item:
    """Something to keep."""

    kind: str
    arn: str
    value: int


def spill(items: int, newest: int = 4) -> Spill[Item]:
    """A list with so many items."""
    made = Spill[Item](
        lambda item: (item.kind, "", item.arn),
        lambda item: dict(vars(item)),
        lambda found: Item(**found),
        newest=newest,
    )
    for value in range(items):
        made.append(Item("ab"[value % 2], f"arn-{value % 3}", value))
    return made


@pytest.mark.parametrize("items", [0, 1, 7, 8, 9, 100])
@pytest.mark.parametrize("since", [0, 1, 5, 8, 99, 1000])
def test_nothing_is_lost_and_the_order_is_kept(items: int, since: int) -> None:
    """Wherever the border between file and memory lies."""
    kept = spill(items)
    assert len(kept) == items
    assert kept.in_memory < 8
    assert [item.value for item in kept.select(since=since)] == list(range(items))[since:]
    assert [item.value for item in kept.select(since=since, limit=3)] == list(range(items))[since:][:3]


def test_what_is_asked_for_is_found_in_file_and_memory() -> None:
    """By kind, by ARN, by both."""
    kept = spill(50)
    assert [item.value for item in kept.select(kind="a")] == list(range(0, 50, 2))
    assert [item.value for item in kept.select(subject="arn-1")] == list(range(1, 50, 3))
    assert [item.value for item in kept.select(kind="a", subject="arn-1", since=10)] == list(range(10, 50, 6))
    kept.clear()
    assert (len(kept), kept.select()) == (0, [])
    kept.append(Item("a", "x", 1))
    assert len(kept.select(since=0)) == 1


def test_an_item_may_change_while_it_is_new() -> None:
    """The outcome of a call is written after the call."""
    kept = spill(5)
    late = Item("a", "x", 0)
    kept.append(late)
    late.value = 77
    for value in range(20):
        kept.append(Item("a", "x", value))
    assert kept.select(since=5, limit=1)[0].value == 77


def test_the_journal_s_memory_is_bounded(world: World, tmp_path: Path) -> None:
    """Thousands of calls: memory holds the newest, the file and the bill have all."""
    arn = world.version("RUNNING")
    for _ in range(3 * NEWEST):
        outcome_of(world.rekognition.describe_projects)
    world.clock.advance(100)
    journal = world.emulator.journal
    assert len(journal.entries) == 3 * NEWEST + 1
    assert journal.in_memory < 2 * NEWEST
    assert journal.billed(arn) == pytest.approx(100)
    assert len(journal.calls("DescribeProjects")) == 3 * NEWEST
    assert journal.statuses(arn) == ["RUNNING"]
    journal.dump(tmp_path / "journal.json")
    assert json.loads((tmp_path / "journal.json").read_text()) == journal.to_json()


def test_the_newest_entries_are_found_without_a_look_at_the_others(world: World) -> None:
    """What ``since`` leaves out costs no time: as quick after 60,000 entries as after a hundred."""
    journal = world.emulator.journal

    def quickest() -> float:
        last = journal.select()[-1].number
        taken = []
        for _ in range(50):
            begin = time.perf_counter()
            assert len(journal.select(since=last // 2, limit=10)) == 10
            assert len(journal.select(since=last - 10)) == 10
            taken.append(time.perf_counter() - begin)
        return min(taken)

    for _ in range(100):
        journal.add(0.0, "call", "DescribeProjects", "", {})
    short = quickest()
    for _ in range(60_000):
        journal.add(0.0, "call", "DescribeProjects", "", {})
    # Without an index it would be hundreds of times as long.
    assert quickest() < 20 * short


def test_a_page_of_the_journal_says_whether_there_is_more(world: World) -> None:
    """Another process reads it in parts, by the number of the last one."""
    for number in range(25):
        world.emulator.journal.add(float(number), "call", "DescribeProjects", "", {})
    status, first = admin(world.emulator, "GET", "journal?limit=10&kind=call")
    assert (status, len(first["entries"]), first["more"]) == (200, 10, True)
    last = first["entries"][-1]["number"]
    rest = admin(world.emulator, "GET", f"journal?since={last}&kind=call")[1]
    assert (len(rest["entries"]), rest["more"]) == (15, False)
