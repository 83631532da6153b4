"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import NoResultFound

from appliance.base.errors import Corrupt, ExamError, NotFound, Stale, Unavailable
from appliance.base.i18n import N_
from appliance.web.sessions import ChangePasswordFirst, SignInFirst

log = logging.getLogger("examsite.web")


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers


def exam_error(request: Request[Any, Any, Any], error: ExamError) -> Response[Any]:
    """Any error of ours."""
    if isinstance(error, SignInFirst) and _wants_page(request):
        return Redirect(f"/sign-in?next={request.url.path}")
    if isinstance(error, ChangePasswordFirst) and _wants_page(request):
        return Redirect("/password")
    headers = {"retry-after": str(int(error.retry_after))} if isinstance(error, Unavailable) else {}
    if "hx-request" in request.headers or _wants_page(request):
        name = "error_part.html" if "hx-request" in request.headers else "error.html"
        return Template(
            name,
            context={"error": error, "request": request, "who": request.scope.get("user")},
            status_code=error.http_status,
            headers=headers,
        )
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.text(),
        "status": error.http_status,
        "code": error.code,
        "next": error.next_text(),
    }
    if isinstance(error, Stale):
        body["expected"] = error.expected
    return Response(
        body, status_code=error.http_status, media_type="application/problem+json", headers=headers
    )


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Errors of the framework, in the same shape."""
    if isinstance(error, ValidationException):
        log.warning("bad input at %s: %s", request.url.path, error.extra or error.detail)
    code = {404: "not_found", 403: "refused", 405: "not_allowed", 413: "too_large"}.get(
        error.status_code, "bad_request"
    )
    sentence = {
        "not_found": N_("There is nothing at this address."),
        "refused": N_("This request was refused. Reload the page and try again."),
        "not_allowed": N_("This address does not take this kind of request."),
        "too_large": N_("The file is too large."),
    }.get(code, N_("The request cannot be understood."))
    wrapped = Corrupt(code, sentence)
    wrapped.http_status = error.status_code
    return exam_error(request, wrapped)


def gone(request: Request[Any, Any, Any], error: NoResultFound) -> Response[Any]:
    """A use case asked for a row by an id that does not exist."""
    missing = NotFound(
        "no_such_thing", N_("What this order is about does not exist."), N_("Reload the page.")
    )
    return exam_error(request, missing)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A fault of our own: logged once, told without detail."""
    log.error("unexpected error at %s", request.url.path, exc_info=error)
    wrapped = ExamError(
        "internal",
        N_("The box made a mistake."),
        N_("Try again; if it stays, call the system administrator."),
    )
    return exam_error(request, wrapped)


HANDLERS: ExceptionHandlersMap = {
    ExamError: exam_error,
    HTTPException: http_error,
    NoResultFound: gone,
    Exception: unexpected,
}
