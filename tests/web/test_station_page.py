"""The exam page's own files are open to everybody, and its service worker may serve all of /station/."""

from collections.abc import Callable

import httpx


def test_the_exam_page_and_its_worker(client: Callable[[str], httpx.Client]) -> None:
    http = client("")
    page = http.get("/station/")
    assert page.status_code == 200 and "exam.js" in page.text
    worker = http.get("/station/sw.js")
    assert worker.headers["service-worker-allowed"] == "/station/"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "content-security-policy" in page.headers
