"""The demo's real browser: Debian's Chromium under a seat's policies, driven like a candidate would.

The policies lie in a private mount namespace over /etc/chromium: nothing on this machine is changed. They are
those of a seat but for the two that keep a driver out (see theory.DRIVEN).
"""

import os
import shlex
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect, sync_playwright

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.cli.demo.pace import SLOW
from appliance.cli.demo.site import DemoSite

SETTINGS = "/etc/chromium"
QUIET = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
]


def chromium() -> str:
    """Debian's Chromium."""
    found = shutil.which("chromium")
    if not found:
        raise NotFound("no_chromium", N_("Chromium is not installed."), N_("Run make setup."))
    return found


def wrapper(folder: Path, policies: Path) -> Path:
    """A program that starts Chromium with `policies` in a mount namespace of its own."""
    managed = f"{SETTINGS}/policies/managed"
    inner = (
        f"mount -t tmpfs examsite {SETTINGS} && mkdir -p {managed} && "
        f'cp {shlex.quote(str(policies))}/*.json {managed}/ && exec {chromium()} "$@"'
    )
    rights = "" if os.geteuid() == 0 else "--map-root-user "
    script = folder / "chromium-of-a-seat"
    script.write_text(f'#!/bin/sh\nexec unshare {rights}--mount sh -c {shlex.quote(inner)} chromium "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


class Candidate:
    """One candidate at a real browser. Use in one thread only."""

    def __init__(self, site: DemoSite, policies: Path, shots: Path, flags: Sequence[str] = ()) -> None:
        self._site = site
        self._shots = shots
        self._playwright: Playwright = sync_playwright().start()
        self._context = self._playwright.chromium.launch_persistent_context(
            str(site.run / "browser"),
            executable_path=str(wrapper(site.run, policies)),
            args=[*QUIET, *flags],
            chromium_sandbox=False,
            viewport={"width": 1366, "height": 768},
            locale="zh-CN",
        )
        expect.set_options(timeout=5_000 * SLOW)
        self._page: Page = self._context.pages[0] if self._context.pages else self._context.new_page()

    def open(self) -> None:
        """The seat's page."""
        self._page.goto(f"{self._site.url}/station/")

    def sign_in(self, last_four: str) -> None:
        """Type the last four characters on the number pad, confirm, accept the rules."""
        page = self._page
        expect(page.locator(".pad-key").first).to_be_visible(timeout=30_000)
        self._shot("sign-in")
        for key in last_four:
            page.locator(".pad-key", has_text=key).first.click()
        page.get_by_role("button", name="登录", exact=True).click()
        expect(page.locator(".confirm")).to_be_visible()
        page.wait_for_timeout(400)  # the photograph has arrived
        self._shot("confirm")
        page.get_by_role("button", name="是我本人，继续").click()
        page.locator("#tick").check()
        self._shot("rules")
        page.locator("button.primary").last.click()

    def wait_for_start(self, seconds: float) -> None:
        """Until the first question is there."""
        expect(self._page.locator("#stem")).to_be_visible(timeout=seconds * 1000)
        self._shot("question")

    def answer(self, count: int) -> int:
        """Answer so many questions by the keyboard; returns how many are answered now."""
        for number in range(count):
            self._page.keyboard.press("ab"[number % 2])
            self._page.keyboard.press("ArrowRight")
        return self._page.locator("button.number.done").count()

    def lost(self, seconds: float = 20) -> bool:
        """Does the page say calmly that the box is lost?"""
        notice = self._page.get_by_text("与服务器的连接暂时中断")
        expect(notice.first).to_be_visible(timeout=seconds * 1000)
        self._shot("lost")
        return True

    def saved(self, seconds: float = 40) -> None:
        """Until everything is saved at the box."""
        expect(self._page.locator(".saved")).to_contain_text("已保存", timeout=seconds * 1000)

    def hand_in(self) -> None:
        """Hand in with the one confirmation."""
        self._page.locator("button.hand-in").click()
        self._page.get_by_role("button", name="确认交卷").click()
        expect(self._page.get_by_role("heading", name="已交卷")).to_be_visible(timeout=30_000)
        self._shot("handed-in")

    def close(self) -> None:
        """End the browser."""
        self._context.close()
        self._playwright.stop()

    def _shot(self, name: str) -> None:
        self._shots.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=str(self._shots / f"candidate-{name}.png"))
