"""`wattline demo`: the whole product once through, as a newcomer sees it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.demo import runner
from services.demo.result import Invariant, Result, page
from services.demo.stories import STORIES
from shared.settings import SERVICES, SettingsError
from shared.testing.servers import free_port

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 300  # it takes ten on a machine of its own; this one may be shared


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The demo with 60 customers, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    environment["WATTLINE_DATA_DIR"] = str(tmp_path_factory.mktemp("demo"))
    environment |= {f"WATTLINE_{name.upper()}_URL": f"http://127.0.0.1:{free_port()}" for name in SERVICES}
    return subprocess.run(
        [sys.executable, "-m", "services", "demo", "--customers", "60"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def story(played: subprocess.CompletedProcess[str], name: str) -> str:
    """What the page says of one story."""
    _, _, rest = played.stdout.partition("What happened to whom")
    start = rest.index(STORIES[name].title)
    stop = re.search(r"\n\S", rest[start:])
    assert stop is not None
    return rest[start : start + stop.start()]


def test_the_demo_ends_well_and_every_invariant_holds(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    assert "All invariants hold." in played.stdout
    assert "DIFF" not in played.stdout
    assert played.stderr == ""


def test_a_read_day_is_moved_where_the_customer_agrees_and_a_doubt_ends_at_the_history(
    played: subprocess.CompletedProcess[str],
) -> None:
    assert "says yes by call: effective; 2026-03 is read on 2026-03-20" in story(played, "read_day_moved")
    assert "1 read_day_changed" in story(played, "read_day_moved")
    assert "says no by counter: declined; 2026-03 is read on 2026-04-01" in story(played, "read_day_kept")
    assert "read_day_changed" not in story(played, "read_day_kept")
    assert "dispute of 2026-01: ended by explained after the history" in story(played, "doubt")


def test_a_guess_is_found_confirmed_and_corrected(played: subprocess.CompletedProcess[str]) -> None:
    told = story(played, "guessed")
    assert "conduct.guess_estimate (the last 1 of reader-7): confirmed by supervisor-1, reader_admits" in told
    assert "2026-02 v2" in told
    # all of the route were read on their day; the correction comes later than February and counts then
    assert re.search(r"scorecard of reader-7 on \S+, 2026-02: (\d+) of \1 read; \1 on_time, 0 late", told)


def test_a_theft_is_charged_by_three_people_and_paid(played: subprocess.CompletedProcess[str]) -> None:
    told = story(played, "theft")
    assert (
        "case theft since 2026-01-17 (cover_opened 2026-01-18, tip 2026-01-17; measured_load, site_order): charged"
        in told
    )
    # 2 kW, 180 days since nobody knows since when, 6 hours a day; three times of it as penalty
    assert "2 kW x 180 days x 6 hours = 2160" in told
    hands = "proposed by investigator-1, approved by reviewer-2 and supervisor-1"
    assert f"back_billing 1,162.08 yuan on 2026-02-04: {hands}" in told
    assert f"penalty 3,486.24 yuan on 2026-02-04: {hands}" in told
    assert "paid 1,162.08 yuan" in told
    assert "paid 3,486.24 yuan" in told
    assert "owes 0.00" in told


def test_a_home_that_nobody_uses_is_closed_to_the_fen(played: subprocess.CompletedProcess[str]) -> None:
    told = story(played, "unused")
    for line in (
        "unused since 2025-12-01, proposed 2026-02-03 by clerk-1",
        "checked by inspector-1: unused",
        "announced 2026-02-06 until 2026-03-06, told 2026-02-06",
        "approved by reviewer-2, read 2026-03-09",
        "last bill 0.00, paid back 50.00 yuan",
        "closed, meter back on 2026-03-10",
        "owes 0.00, has prepaid 0.00 yuan; told: 1 account_closed, 4 bill_issued, 1 closing_announced",
    ):
        assert line in told, told


def test_everybody_is_told_in_a_way_that_reaches_them(played: subprocess.CompletedProcess[str]) -> None:
    lady = story(played, "landline")
    assert re.search(r"2026-01 bill_issued to P-33\d{8}: landline delivered", lady), lady
    assert re.search(r"2026-01 bill_issued to P-33\d{8}-3: email delivered", lady), lady
    came_back = story(played, "bounced")
    assert re.search(r"2026-01 bill_issued to P-33\d{8}: email failed smtp\.550, landline delivered", came_back), (
        came_back
    )
    owes = story(played, "never_pays")
    assert re.search(r"reminder to P-33\d{8}-3: email delivered", owes), owes
    assert "4 people without a mailbox are called" in played.stdout


def test_who_pays_before_he_uses_has_left_what_no_bill_is_for_and_arrears_go_to_zero_day_by_day(
    played: subprocess.CompletedProcess[str],
) -> None:
    told = story(played, "normal_payment")
    found = re.search(
        r"prepaid since 2026-03-01: (\S+) yuan left, (\S+) used since the last bill, up to 2026-03-06", told
    )
    assert found is not None, told
    assert float(found[1]) + float(found[2]) == 200.0
    days = re.findall(r"^(\S+)  due +\S+  collected +\S+  open +(\S+)$", played.stdout, re.MULTILINE)
    assert days == sorted(days, key=lambda day: day[0])
    first, last = (float(days[at][1].replace(",", "")) for at in (0, -1))
    assert first > last >= 0


def test_a_tariff_is_tried_before_it_is_law(played: subprocess.CompletedProcess[str]) -> None:
    tried = r"a fen more a kWh is tried on (\d+) bills and taken back: (\d+) would be (\S+) yuan dearer"
    found = re.search(tried, played.stdout)
    assert found is not None
    assert int(found[1]) > int(found[2]) > 0
    assert float(found[3].replace(",", "")) > 0


def test_every_customer_is_billed_in_both_months_for_what_the_meter_counted(
    played: subprocess.CompletedProcess[str],
) -> None:
    figures = {line[:32].strip(): line[32:].split() for line in played.stdout.splitlines()}
    assert figures["reads expected"][1:3] == ["60", "60"]
    assert figures["reads estimated"] == ["0", "1", "1", "2"]
    assert figures["reads missed"] == ["0", "0", "0", "0"]
    assert figures["reads by CSV file"] == ["15", "14", "15", "44"]
    assert figures["curves of a day (15, 30 min)"] == ["0", "93", "84", "177"]  # of two homes and the shop
    assert figures["reads that came again"] == ["0", "15", "0", "15"]  # one day of the first route, pushed twice
    assert figures["bills issued"][1:3] == ["62", "60"]  # two homes have two in January
    assert figures["bills held for review"] == ["0", "0", "1", "1"]
    assert figures["bills corrected"] == ["0", "6", "2", "8"]
    assert "ok   accounts whose bills differ from their meter: 0 | 0" in played.stdout


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("normal_payment", ["yuan, app, posted", "owes 0.00"]),
        ("double_callback", ["yuan, app, posted", "owes 0.00", "has prepaid 0.00"]),
        ("wrong_amount", ["yuan, app, posted, amount_differs", "yuan, counter, posted", "owes 0.00"]),
        ("overpayment", ["has prepaid"]),
        ("never_pays", ["2 reminder"]),
        ("missed_read", ["2026-01 v1", "estimated", "settles_estimate", "1 estimate_made"]),
        ("read_corrected", ["2026-01 v1", "reversed", "2026-01 v2", "1 bill_corrected", "owes 0.00"]),
        ("late_read", ["2026-02 v1", "reversed, estimated", "2026-02 v2", "1 bill_corrected"]),
        ("implausible_usage", ["implausible_home", "issued", "approve by reviewer-1: Read again on site"]),
        ("usage_before_account", ["2026-01 v1", "issued", "2 bill_issued"]),
        ("meter_exchange", ["2026-01 v1", "issued", "M-0000016 22363.18 on", "M-0000016-B 107.84 on"]),
        ("rollover", ["2026-01 v1", "issued", "9887.40 on 2026-01-02", "133.79 on 2026-02-01", "reading.rolled_over"]),
        ("mistyped_exchange", ["2026-01 v1", "reversed, suspect_registers", "2026-01 v2", "1 bill_corrected"]),
        ("move", ["2026-01 v1", "reversed, estimated", "2026-01 v2", "1 estimate_made", "3400000048"]),
        (
            "past_move",
            ["2026-01 v1", "reversed", "2026-01 v1", "issued", "1 bill_corrected", "3400000009", "2 bill_issued"],
        ),
        (
            "class_changed",
            ["2026-01 v1", "reversed", "replaced, corrected, account_changed", "2026-01 v3", "2 bill_corrected"],
        ),
        ("curve_bill", ["2026-01 v1", "issued", "peak ", "valley "]),
        ("two_part_shop", ["2026-01 v1", "issued", "peak ", "capacity 100 kVA: 2,200.00 yuan, power factor 0."]),
        ("multiplier", ["2026-01 v1", "issued", "13574.33 on 2026-01-02", "13580.47 on 2026-02-01"]),
    ],
)
def test_each_story_is_told_with_its_outcome(
    played: subprocess.CompletedProcess[str], name: str, texts: list[str]
) -> None:
    told = story(played, name)
    assert all(text in told for text in texts), told


def test_a_payment_that_the_channel_reports_twice_is_one(played: subprocess.CompletedProcess[str]) -> None:
    assert story(played, "double_callback").count("2026-02-06: paid") == 1


def test_a_page_with_an_invariant_that_does_not_hold_says_so() -> None:
    result = Result({}, "p1", {}, [], [Invariant("one", 1, 1), Invariant("two", 1, 2), Invariant("three", None, 2)])
    assert not result.holds
    text = page(result, customers=60, seconds=1.0, addresses={}, keep="")
    assert "ok   one: 1 | 1" in text
    assert "DIFF two: 1 | 2" in text
    assert "DIFF three: not given | 2" in text
    assert "2 INVARIANTS DO NOT HOLD" in text


def test_data_that_are_not_a_demos_are_never_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "billing.db").write_text("books")
    with pytest.raises(SettingsError):
        runner.clear(tmp_path)
    assert (tmp_path / "billing.db").exists()


def test_what_an_earlier_demo_left_is_thrown_away(tmp_path: Path) -> None:
    runner.clear(tmp_path)
    (tmp_path / "billing.db").write_text("books")
    (tmp_path / "billing.db-wal").write_text("books")
    runner.clear(tmp_path)
    assert not list(tmp_path.glob("billing.db*"))
