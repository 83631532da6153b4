"""The exam page in a real Chromium: key press to the next question painted, beside an empty page's same key; its size.

`python -m bench.exam_page [--changes 200]`. The paper has 70 true/false and 30 single choice questions. A key is
dispatched in the page; its time ends after the frame that follows. Aims: change p95 < 50 ms, page < 100 kB compressed.
"""

import argparse
import gzip
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.record import Record, Row, percentile
from tests.station.mock_box import STATIC, MockBox, make_paper

AIM_MS, AIM_KB = 50.0, 100.0
CHROMIUM = "/usr/bin/chromium"
FILES = ("exam.html", "exam.css", "exam.js", "sw.js")
EMPTY = (
    "<!doctype html><p id=n>0</p><script>document.addEventListener('keydown', () => {"
    " const n = document.getElementById('n'); n.textContent = String(Number(n.textContent) + 1) })</script>"
)
CHANGE = """async (count) => {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(0);
  }));
  const spent = [], script = [];
  for (let i = 0; i < count; i++) {
    await painted();
    const began = performance.now();
    const key = i % 160 < 80 ? 'ArrowRight' : 'ArrowLeft';
    document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    document.body.offsetHeight;
    script.push(performance.now() - began);
    await painted();
    spent.push(performance.now() - began);
  }
  return { spent, script };
}"""


def measured(page: Page, changes: int) -> dict[str, float]:
    """Milliseconds: key to painted frame (p50, p95), and the page's own work with layout (p50, p95)."""
    found: dict[str, list[float]] = page.evaluate(CHANGE, changes)
    return {
        f"{name}_{word}_ms": round(percentile(found[name], share), 2)
        for name in ("spent", "script")
        for word, share in (("p50", 0.5), ("p95", 0.95))
    }


def open_paper(page: Page, box: MockBox) -> None:
    """From the empty page to the first question, with keys alone."""
    page.goto(f"{box.url}/station/")
    page.wait_for_selector(".sign-in .huge")
    page.keyboard.type("021x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".confirm")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    page.keyboard.press("Enter")  # ticks
    page.keyboard.press("Enter")
    page.wait_for_selector(".paper .stem")


def run(changes: int) -> dict[str, Any]:
    """The whole bench."""
    box = MockBox()
    box.paper = make_paper(70, 30)
    box.start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.set_content(EMPTY)
            before = measured(page, changes)
            open_paper(page, box)
            exam = measured(page, changes)
            page.set_content(EMPTY)
            after = measured(page, changes)
            browser.close()
    finally:
        box.stop()
    sizes = {name: len(gzip.compress((STATIC / "station" / name).read_bytes())) for name in FILES}
    return {"changes": changes, "exam": exam, "empty": before, "empty_after": after, "bytes": sizes}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    chosen = parser.parse_args()
    record = Record("exam_page")
    found = run(chosen.changes)
    rows: list[Row] = [
        (
            label,
            f"p50 {one['spent_p50_ms']:6.1f} ms   p95 {one['spent_p95_ms']:6.1f} ms"
            f"   (own work {one['script_p50_ms']:5.1f} / {one['script_p95_ms']:5.1f} ms)",
        )
        for label, one in (
            (f"question change (aim p95 < {AIM_MS:.0f} ms)", found["exam"]),
            ("empty page, before", found["empty"]),
            ("empty page, after", found["empty_after"]),
        )
    ]
    total = sum(found["bytes"].values())
    rows.append((f"page, compressed (aim < {AIM_KB:.0f} kB)", f"{total / 1000:.1f} kB"))
    record.close(f"The exam page, {chosen.changes} question changes", found, rows)


if __name__ == "__main__":
    main()
