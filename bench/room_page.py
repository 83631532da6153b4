"""The room page of 500 seats: how long it takes to open, and what it costs the box while it stays live.

`python -m bench.room_page [--stations 500] [--seconds 20] [--rounds 3]`. Every station signs in and saves answers, all
of them together `--rate` times a second. The page is opened and kept live as a browser does it: its feed, and its
changing part read again every few seconds and at once when something but an answer happens. The cost is the processor
time of the web process with the page beside that without it, in rounds that alternate.
"""

import argparse
import asyncio
import os
import re
import ssl
import time
from pathlib import Path

import httpx
import uvloop

from appliance.flow import accounts
from bench.box import BenchBox, bench_box
from bench.client import BenchStation
from bench.record import Record, Row, median, ms, percentile
from bench.saves import load

PASSWORD = "messung-2026-lang"
TICKS = os.sysconf("SC_CLK_TCK")


def used(pid: int) -> float:
    """Processor seconds of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def signed_in(site: BenchBox) -> httpx.AsyncClient:
    """An invigilator's browser."""
    hashed = accounts.hash_password(PASSWORD)
    site.box.db.write_now(
        accounts.add_account, site.box, "watch", "王监考", "invigilator", hashed, "process:bench"
    )
    trust: ssl.SSLContext = site.tls
    one = httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{site.settings.web.port}", verify=trust, timeout=20, trust_env=False
    )
    one.headers["accept"] = "text/html"
    page = (await one.get("/sign-in")).text
    token = page.split('"x-csrf-token": "', 1)[1].split('"', 1)[0]
    form = {"login": "watch", "password": PASSWORD, "_csrf_token": token, "next": "/"}
    assert (await one.post("/sign-in", data=form)).status_code == 303
    return one


async def watch(browser: httpx.AsyncClient, page: str, seconds: float) -> list[float]:
    """The page for so long, as its script does it; times of its refreshes."""
    part = re.search(r'data-part="([^"]*)" data-every="(\d+)" hx-get="([^"]*)"', page)
    kinds = re.search(r'data-live="([^"]*)"', page)
    assert part and kinds
    every, address = float(part[2]), part[3].replace("&amp;", "&")
    ends, times = time.monotonic() + seconds, []

    async def feed() -> None:
        wanted = {"kinds": kinds[1]}
        async with browser.stream("GET", "/live", params=wanted, timeout=None) as stream:
            async for _line in stream.aiter_lines():
                pass

    listening = asyncio.ensure_future(feed())
    while time.monotonic() + every <= ends:
        await asyncio.sleep(every)
        began = time.perf_counter()
        answer = await browser.get(address, headers={"x-refresh": "1", "hx-request": "true"})
        assert answer.status_code == 200, answer.text[:300]
        times.append(time.perf_counter() - began)
        if fresh := re.search(r'data-every="\d+" hx-get="([^"]*)"', answer.text):
            address = fresh[1].replace("&amp;", "&")
    await asyncio.sleep(max(0.0, ends - time.monotonic()))
    listening.cancel()
    return times


async def part(
    site: BenchBox,
    pid: int,
    stations: list[BenchStation],
    seconds: float,
    pace: float,
    page: str,
    browser: httpx.AsyncClient,
) -> tuple[float, list[float]]:
    """Share of a core the web process used, and the refreshes of the page (none without one)."""
    before = used(pid)
    jobs = [load(stations, "answers", seconds, pace)]
    if page:
        _, times = await asyncio.gather(jobs[0], watch(browser, page, seconds))
    else:
        await jobs[0]
        times = []
    return (used(pid) - before) / seconds, times


async def run(count: int, seconds: float, rounds: int, rate: float) -> dict[str, object]:
    """The whole bench."""
    with bench_box() as site:
        world = site.seat(count)
        server = await site.start_web()
        stations = await site.stations(world)
        site.begin(world)
        browser = await signed_in(site)
        pace = count / rate
        await load(stations, "answers", 3.0, pace)
        opens, sizes, alone, watched, refreshes = [], [], [], [], []
        for _ in range(rounds):
            began = time.perf_counter()
            page = (await browser.get(f"/room/{world.sitting}")).text
            opens.append(time.perf_counter() - began)
            sizes.append(len(page))
            assert page.count('id="t-') == count
            alone.append((await part(site, server.pid, stations, seconds, pace, "", browser))[0])
            share, times = await part(site, server.pid, stations, seconds, pace, page, browser)
            watched.append(share)
            refreshes += times
        await browser.aclose()
    costs = [one - other for one, other in zip(watched, alone, strict=True)]
    return {
        "seats": count,
        "answers_per_s": rate,
        "open_ms": [ms(one) for one in opens],
        "page_kb": round(median(sizes) / 1000),
        "refresh_p50_ms": ms(percentile(refreshes, 0.5)),
        "refresh_p99_ms": ms(percentile(refreshes, 0.99)),
        "web_share_without": [round(one, 3) for one in alone],
        "web_share_with": [round(one, 3) for one in watched],
        "live_share": round(median(costs), 3),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=100.0)
    chosen = parser.parse_args()
    record = Record("room_page")
    found = uvloop.run(run(chosen.stations, chosen.seconds, chosen.rounds, chosen.rate))
    rows: list[Row] = [
        ("opens (aim <= 1000 ms)", f"{found['open_ms']} ms, {found['page_kb']} kB"),
        ("its part read again", f"p50 {found['refresh_p50_ms']} ms   p99 {found['refresh_p99_ms']} ms"),
        ("live, share of one core (aim <= 0.05)", f"{found['live_share']}"),
        ("web process without / with", f"{found['web_share_without']} / {found['web_share_with']}"),
    ]
    title = f"Room page of {chosen.stations} seats, {chosen.rate:g} answers a second"
    record.close(title, found, rows)


if __name__ == "__main__":
    main()
