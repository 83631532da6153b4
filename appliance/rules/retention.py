"""For how long recordings are kept (考试录像保存期限). Pure: dates of the site's calendar.

The law: 安全生产资格考试与证书管理暂行办法 (安监总培训〔2013〕104号), article 17: the whole exam is recorded, the
recordings are archived for at least three years.
"""

from datetime import date, timedelta

LAW_YEARS = 3
"""Years the law asks for. Nothing a site sets makes it shorter."""


def may_go_from(day: date, years: int) -> date:
    """The first day on which what was recorded on `day` may be deleted: the day after so many whole years.

    A setting below the law's value counts as the law's value. 29 February ends on 1 March.
    """
    year = day.year + max(years, LAW_YEARS)
    try:
        kept_through = day.replace(year=year)
    except ValueError:
        kept_through = date(year, 3, 1)
    return kept_through + timedelta(days=1)


def last_day_that_may_go(today: date, years: int) -> date:
    """The newest day whose recordings may be deleted on `today`."""
    year = today.year - max(years, LAW_YEARS)
    try:
        guess = today.replace(year=year)
    except ValueError:
        guess = date(year, 3, 1)
    while may_go_from(guess, years) > today:
        guess -= timedelta(days=1)
    return guess
