"""What checks of before found of the recordings `examsite recordings find` lists: a file put back looks whole."""

from collections.abc import Iterable
from typing import Any

from appliance.base.evidence_words import unnamed, wrong
from appliance.base.i18n import _
from appliance.flow.bad_checks import MOST, BadCheck, BadStretch
from appliance.flow.box import Box
from appliance.wire.recorder import Clip


def over(clip: Clip, check: BadCheck) -> list[BadStretch]:
    """The stretches a check found that lie over a recording. Pure."""
    return [
        one
        for one in check.found
        if one.camera == clip.camera and one.start < clip.end and clip.start < one.end
    ]


def words_of(box: Box, clip: Clip, before: Iterable[BadCheck]) -> list[str]:
    """A line for each stretch of a recording an earlier check found not as recorded."""
    return [_stretch(box, one, check) for check in before for one in over(clip, check)]


def other_words(box: Box, clips: list[Clip], before: list[BadCheck]) -> list[str]:
    """What lies over no recording that is listed, and what the checks did not name camera by camera."""
    lines = []
    for check in before[:MOST]:
        bare = [one for one in check.found if not any(one in over(clip, check) for clip in clips)]
        lines += [_stretch(box, one, check, f"{one.camera}  ") for one in bare]
        words = unnamed(check.more, check.seals)
        if check.bad and not check.found and not words:
            bad = _("{bad} of {files} files were not as recorded")
            words.append(bad.format(bad=check.bad, files=check.files))
        lines += [_told(f"{one}  {_checked(box, check)}") for one in words]
    return lines + (["…"] if len(before) > MOST else [])


def json_of(check: BadCheck) -> dict[str, Any]:
    """A check as scripts read it."""
    return {
        "at": check.at,
        "entry": check.seq,
        "files": check.files,
        "bad": check.bad,
        "seals": check.seals,
        "unnamed": check.more,
        "found": check.found,
    }


def json_over(clip: Clip, before: list[BadCheck]) -> dict[str, Any]:
    """A recording's key `found_before`, only where there is something."""
    found = [
        {"start": one.start, "end": one.end, "what": one.what, "at": check.at, "entry": check.seq}
        for check in before
        for one in over(clip, check)
    ]
    return {"found_before": found} if found else {}


def _stretch(box: Box, one: BadStretch, check: BadCheck, camera: str = "") -> str:
    first, last = box.local(one.start), box.local(one.end)
    time = f"{first:%Y-%m-%d %H:%M:%S} – {last:%H:%M:%S}"
    return _told(f"{camera}{time}  {wrong(one.what)}  {_checked(box, check)}")


def _told(words: str) -> str:
    return _("found before: {words}").format(words=words)


def _checked(box: Box, check: BadCheck) -> str:
    at = box.local(check.at)
    told = _("checked {day} {time}").format(day=f"{at:%Y-%m-%d}", time=f"{at:%H:%M:%S}")
    return f"{told} · {_('Entry {seq}').format(seq=check.seq)}"
