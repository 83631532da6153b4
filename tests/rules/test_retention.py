"""For how long recordings are kept."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base import storage_settings
from appliance.base.errors import Corrupt
from appliance.base.settings import load
from appliance.rules.retention import LAW_YEARS, last_day_that_may_go, may_go_from

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("day", "years", "from_day"),
    [
        (date(2026, 11, 21), 3, date(2029, 11, 22)),
        (date(2026, 12, 31), 3, date(2030, 1, 1)),
        (date(2028, 2, 29), 3, date(2031, 3, 2)),
        (date(2028, 2, 28), 3, date(2031, 3, 1)),
        (date(2025, 2, 28), 3, date(2028, 2, 29)),
        (date(2026, 11, 21), 5, date(2031, 11, 22)),
        (date(2026, 11, 21), 1, date(2029, 11, 22)),
        (date(2026, 11, 21), 0, date(2029, 11, 22)),
    ],
)
def test_three_whole_years_and_never_less(day: date, years: int, from_day: date) -> None:
    assert may_go_from(day, years) == from_day


@given(DAYS, st.integers(-5, 12))
def test_it_is_never_shorter_than_the_law(day: date, years: int) -> None:
    first = may_go_from(day, years)
    assert first > day + timedelta(days=365 * LAW_YEARS)
    assert first >= may_go_from(day, LAW_YEARS)
    assert may_go_from(day + timedelta(days=1), years) >= first, "a later day never goes earlier"


@given(DAYS, st.integers(0, 12))
def test_the_last_day_that_may_go_is_the_last(today: date, years: int) -> None:
    last = last_day_that_may_go(today, years)
    assert may_go_from(last, years) <= today < may_go_from(last + timedelta(days=1), years)


def test_the_setting_and_the_rule_know_one_law(tmp_path: pytest.TempPathFactory) -> None:
    assert storage_settings.RECORDINGS_LAW_YEARS == LAW_YEARS


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("keep_years = 2", "at least 3 years"),
        ("scrub_days = 400", "twice a year"),
        ("copies = 0", "storage.copies"),
        ('places = [{name = "a", kind = "s3"}]', "endpoint"),
        ('places = [{name = "a", kind = "nas"}]', "folder"),
        (
            'places = [{name = "a", kind = "nas", folder = "/x"}, {name = "a", kind = "disk", folder = "/y"}]',
            "name",
        ),
    ],
)
def test_a_setting_against_the_law_or_reason_is_refused(
    tmp_path_factory: pytest.TempPathFactory, wrong: str, named: str
) -> None:
    path = tmp_path_factory.mktemp("settings") / "examsite.toml"
    path.write_text(f'[site]\ncode = "999999-01"\nname = "示范考点"\n[storage]\n{wrong}\n')
    with pytest.raises(Corrupt) as refused:
        load(path)
    assert refused.value.code == "bad_settings" and named in refused.value.text("en")
