"""Errors of zeep, requests and onvif-zeep, sorted and said in our words."""

from typing import Any

from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.base.i18n import N_
from appliance.wire.cameras import CLOCK_OFF


def kind_of(error: BaseException) -> str:
    """Sort an error of zeep, requests or onvif-zeep."""
    import requests
    from zeep import exceptions as zeep_errors

    from cameras.transport import ForeignHost

    causes: list[BaseException] = [error]
    inner = getattr(error, "reason", None)
    while isinstance(inner, BaseException) and inner not in causes:
        causes.append(inner)
        inner = getattr(inner, "reason", None)
    context = error.__context__
    while context is not None and context not in causes:
        causes.append(context)
        context = context.__context__
    for cause in causes:
        text = f"{cause} {getattr(cause, 'subcodes', '') or ''}".lower()
        if isinstance(cause, zeep_errors.Fault):
            if "notauthorized" in text or "not authorized" in text or "unauthorized" in text:
                return "password"
            return "unsupported" if "notsupported" in text or "not implemented" in text else "refused"
        if isinstance(cause, zeep_errors.TransportError) and cause.status_code in (401, 403):
            return "password"
        if isinstance(cause, requests.Timeout):
            return "timeout"
        if isinstance(cause, requests.TooManyRedirects | ForeignHost):
            return "redirect"
        if isinstance(cause, requests.RequestException | ConnectionError | TimeoutError):
            return "unreachable"
    if "doesn`t support service" in str(error):
        return "unsupported"
    return "unreadable"


def empty(address: str, operation: str) -> DeviceFault:
    """An answer without content."""
    return DeviceFault(
        "camera_empty_answer",
        N_("The camera {address} answers {operation} without content."),
        N_("Update the camera's firmware, or set the stream's address by hand."),
        address=address,
        operation=operation,
    )


def fault_of(error: Exception, operation: str, address: str, offset: float) -> ExamError:
    """What it means for a person. `offset`: seconds the camera's clock is ahead."""
    kind = kind_of(error)
    told: dict[str, Any] = {"address": address, "operation": operation}
    if kind == "password":
        skew = abs(offset)
        if skew > CLOCK_OFF:
            return Refused(
                "camera_password_or_clock",
                N_("The camera {address} refuses the password; its clock is {skew} s off."),
                N_("Set the camera's clock, then check user and password."),
                skew=round(skew),
                **told,
            )
        return Refused(
            "camera_password",
            N_("The camera {address} refuses the user or the password."),
            N_("Check user and password; many cameras lock themselves after several wrong ones."),
            **told,
        )
    if kind == "unsupported":
        return Refused(
            "camera_unsupported",
            N_("The camera {address} does not know {operation}."),
            N_("Update the camera's firmware, or use another model."),
            **told,
        )
    if kind == "redirect":
        return DeviceFault(
            "camera_redirects",
            N_("The camera {address} points to another address. The password was not sent there."),
            N_("Check that the address is the camera's own; switch redirection off on its page."),
            **told,
        )
    if kind in ("timeout", "unreachable"):
        return DeviceFault(
            "camera_silent",
            N_("The camera {address} does not answer."),
            N_("Check its power, its cable and the address."),
            **told,
        )
    return DeviceFault(
        "camera_bad_answer",
        N_("The camera {address} answers {operation} in a way nobody understands: {detail}"),
        N_("Check that the address is a camera's ONVIF port; update its firmware."),
        detail=str(error)[:200],
        **told,
    )
