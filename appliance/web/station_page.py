"""The exam page's own files: /station/ and its service worker. Public: a seat is known by its address."""

from pathlib import Path

from litestar import Response, get

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_

STATION = Path(__file__).parent / "static" / "station"


def _built(name: str) -> bytes:
    try:
        return (STATION / name).read_bytes()
    except OSError as error:
        raise Unavailable(
            "not_built",
            N_("The exam page has not been built."),
            N_("The system administrator runs make setup."),
        ) from error


@get("/station", opt={"public": True})
async def exam_page() -> Response[bytes]:
    """The exam page; kept by its service worker for reloading without the box."""
    return Response(_built("exam.html"), media_type="text/html", headers={"cache-control": "no-cache"})


@get("/station/sw.js", opt={"public": True})
async def exam_worker() -> Response[bytes]:
    """The service worker, for everything under /station/."""
    headers = {"cache-control": "no-cache", "service-worker-allowed": "/station/"}
    return Response(_built("sw.js"), media_type="text/javascript", headers=headers)


HANDLERS = [exam_page, exam_worker]
