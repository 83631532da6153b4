"""What somebody looked at, checked or took away, in a sentence: which camera, from when to when, what came of it."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from appliance.base.i18n import N_, _, translate
from appliance.flow.who_watched import WATCHED
from appliance.web.words import word

Body = Mapping[str, Any]
PHOTOS = {
    "live": N_("Live photo"),
    "reference": N_("Photograph"),
    "roster": N_("Roster photo"),
    "paper": N_("Picture of the paper or printed card"),
    "captures": N_("Pictures of the seat"),
}
RECORDS = {
    "candidate": N_("Time line of the recordings"),
    "seat": N_("Time line of the recordings of the seat"),
    "room": N_("Time line of the recordings of the room"),
    "case": N_("Time line of the recordings around a case"),
}


def look_words(kind: str, body: Body, zone: tzinfo) -> str:
    """Empty for what is no look."""
    if kind in WATCHED:
        return _film(body, zone)
    if kind == "recordings.verified":
        return _verified(body)
    if kind == "photo.viewed":
        return _photo(body)
    if kind == "timeline.viewed":
        return translate(RECORDS.get(str(body.get("of", "")), N_("The whole record")))
    return ""


def not_whole(body: Body) -> int:
    """How many files of a check were not as they were recorded."""
    return int(body.get("files", 0)) - int(body.get("whole", 0))


def _film(body: Body, zone: tzinfo) -> str:
    cameras = [str(one) for one in [body.get("camera"), *body.get("cameras", [])] if one]
    told = [_(", ").join(cameras), _stretch(body, zone)]
    if body.get("copy") == "yes":
        told.append(_("copy with the time in the picture"))
    if broken := body.get("broken"):
        told.append(_("Recordings in it that were not as recorded: {count}").format(count=len(broken)))
    if left_out := body.get("left_out"):
        told.append(_("Left out: {count}").format(count=left_out))
    return " · ".join(filter(None, told))


def _stretch(body: Body, zone: tzinfo) -> str:
    try:
        first, last = (datetime.fromisoformat(body[name]).astimezone(zone) for name in ("from", "to"))
    except (KeyError, ValueError):
        return ""
    day = "" if first.date() == last.date() else "%Y-%m-%d "
    return f"{first:%Y-%m-%d %H:%M:%S} – {last:{day}%H:%M:%S}"


def _verified(body: Body) -> str:
    bad = not_whole(body)
    told = [_("Files read again: {count}").format(count=body.get("files", 0))]
    told.append(_("not as recorded: {count}").format(count=bad) if bad else _("all whole"))
    if broken := body.get("broken"):
        told.append(_("seals that the chain does not have: {count}").format(count=len(broken)))
    return " · ".join(told)


def _photo(body: Body) -> str:
    if "evidence" in body:
        return _("Evidence of a violation")
    if "case" in body:
        return _("Picture of a case")
    which = str(body.get("which", ""))
    if held := str(body.get("reference", "")):
        return word(f"reference.{held}")  # as the page names the picture itself
    return translate(PHOTOS[which]) if which in PHOTOS else ""
