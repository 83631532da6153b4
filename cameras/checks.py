"""Whether a camera is as a site needs it, from what was asked and measured. Pure.

Three outcomes: it holds (ok true), it does not (false), it cannot be answered (null: the camera does not say, or there
is nothing to hold it against).
"""

from typing import Any

import msgspec

from appliance.base.errors import ExamError
from appliance.base.i18n import N_
from appliance.wire.cameras import CLOCK_OFF, Sentence, worded
from cameras.measure import Measured, codec_name
from cameras.media2 import MEDIA2, Profile
from cameras.picture import BLURRED, MOVED, Compared

LEAST = (1920, 1080)
"""Smallest picture that counts as more than two million pixels, and more than 1280 x 720."""
CODECS = ("H264", "H265")
LEAST_FPS = 8.0
"""Pictures a second: what a hand does at a desk can still be followed."""
FPS_SHARE = 0.7
"""Share of the claimed pictures that must come."""
BITRATE_SHARE = 1.5
"""The claimed bit rate may be exceeded by this: the disk is planned with it."""
MOST_KBPS = 16_000
"""Where none is claimed."""
LONGEST_KEY_INTERVAL = 5.0
"""Seconds: a clip begins at a key frame, and so does a segment after a gap."""
FACTORY = (
    *("", "admin", "root", "pass", "password", "1234", "12345", "123456", "1234567", "12345678", "123456789"),
    *("111111", "666666", "888888", "000000", "admin123", "admin1234", "admin12345", "admin@123", "hik12345"),
    *("hikvision", "dahua", "tlJwpbo6", "4321", "9999", "abc123", "abcd1234", "Admin123", "ubnt", "meinsm"),
)
"""Passwords cameras are shipped with, or that are set first, by common makers' handbooks."""


class Check(msgspec.Struct, kw_only=True):
    """One finding. `ok` null: not determined. `detail` is for people: text in what the command line prints as JSON."""

    code: str
    ok: bool | None
    detail: list[Sentence] | str

    @property
    def text(self) -> str:
        """The detail in the current language."""
        return worded(self.detail)


def sentence(message: str, **params: Any) -> list[Sentence]:
    """A detail of one sentence: its message id and fields. The words of a list are message ids too."""
    told = {
        name: value if isinstance(value, list) else str(value)  # as `format` would write it
        for name, value in params.items()
    }
    return [Sentence(message=message, params=told)]


def of_error(error: ExamError) -> list[Sentence]:
    """What an error says, and what to do."""
    params: dict[str, str | list[str]] = {name: str(value) for name, value in error.params.items()}
    return [Sentence(message=one, params=params) for one in (error.message, error.next_step) if one]


def of_answers(namespaces: list[str], media: int) -> Check:
    """The services a camera offers."""
    names = {
        "/ver10/events/": N_("events"),
        "/recording/": N_("recording on the camera"),
        "/ver10/replay/": N_("its own card fills gaps"),
    }
    told = ["Media2" if media == 2 else "Media1"]
    told += [name for part, name in names.items() if any(part in space for space in namespaces)]
    if media == 2 and not any("/ver10/media/" in space for space in namespaces):
        told.append(N_("no Media1"))
    silent = media == 1 and MEDIA2 in namespaces
    if silent:
        told.append(N_("Media2 is offered and does not answer"))
    return Check(
        code="services",
        ok=not silent,
        detail=sentence(N_("ONVIF answers: {services}."), services=told),
    )


def of_clock(offset: float | None) -> Check:
    """The camera's clock."""
    if offset is None:
        return Check(code="clock", ok=None, detail=sentence(N_("The camera does not tell its time.")))
    return Check(code="clock", ok=abs(offset) <= CLOCK_OFF, detail=clock_told(offset))


def clock_told(offset: float) -> list[Sentence]:
    """By how much a camera's clock is off, and which way."""
    shown = round(offset, 1)
    if not shown:
        return sentence(N_("The camera's clock is right."))
    fast, slow = N_("The camera's clock is {offset} s fast."), N_("The camera's clock is {offset} s slow.")
    return sentence(fast if shown > 0 else slow, offset=f"{abs(shown):.1f}")


def big_enough(width: int, height: int) -> bool:
    """More than two million pixels, upright pictures too."""
    return max(width, height) >= LEAST[0] and min(width, height) >= LEAST[1]


def of_claim(profile: Profile) -> Check:
    """The claimed resolution."""
    said = profile.width > 0 and profile.height > 0
    return Check(
        code="claimed_resolution",
        ok=big_enough(profile.width, profile.height) if said else None,
        detail=sentence(
            N_("The camera claims {width} x {height}."), width=profile.width, height=profile.height
        )
        if said
        else sentence(N_("The camera does not say its resolution.")),
    )


def of_stream(measured: Measured, profile: Profile | None) -> list[Check]:
    """What was measured, against what is needed and what was claimed."""
    found = [
        Check(
            code="measured_resolution",
            ok=big_enough(measured.width, measured.height),
            detail=sentence(
                N_("A decoded picture has {width} x {height}."), width=measured.width, height=measured.height
            ),
        )
    ]
    if profile and profile.width and profile.height:
        alike = (measured.width, measured.height) == (profile.width, profile.height)
        claimed, seen = (f"{one.width} x {one.height}" for one in (profile, measured))
        told = sentence(N_("Claimed {claimed}, measured {measured}."), claimed=claimed, measured=seen)
        found.append(Check(code="resolution_as_claimed", ok=alike, detail=told))
    return [
        *found,
        _codec(measured, profile),
        _fps(measured, profile),
        _bitrate(measured, profile),
        _keys(measured),
    ]


def _codec(measured: Measured, profile: Profile | None) -> Check:
    claimed = codec_name(profile.codec) if profile and profile.codec else ""
    ok = measured.codec in CODECS and claimed in ("", measured.codec)
    text = N_("Claimed {claimed}, measured {measured}.") if claimed else N_("Measured {measured}.")
    return Check(code="codec", ok=ok, detail=sentence(text, claimed=claimed, measured=measured.codec))


def _fps(measured: Measured, profile: Profile | None) -> Check:
    claimed = profile.fps if profile else 0.0
    if not measured.fps:
        return Check(code="frame_rate", ok=None, detail=sentence(N_("The frame rate could not be measured.")))
    text = N_("{fps} pictures a second, {claimed} claimed.") if claimed else N_("{fps} pictures a second.")
    return Check(
        code="frame_rate",
        ok=measured.fps >= max(LEAST_FPS, claimed * FPS_SHARE),
        detail=sentence(text, fps=f"{measured.fps:g}", claimed=f"{claimed:g}"),
    )


def _bitrate(measured: Measured, profile: Profile | None) -> Check:
    if not measured.bitrate_kbps:
        return Check(code="bitrate", ok=None, detail=sentence(N_("The bit rate could not be measured.")))
    claimed = profile.bitrate_kbps if profile else 0
    text = N_("{rate} Mb/s, at most {claimed} claimed.") if claimed else N_("{rate} Mb/s.")
    return Check(
        code="bitrate",
        ok=measured.bitrate_kbps <= (claimed * BITRATE_SHARE if claimed else MOST_KBPS),
        detail=sentence(text, rate=f"{measured.bitrate_kbps / 1000:.1f}", claimed=f"{claimed / 1000:.1f}"),
    )


def _keys(measured: Measured) -> Check:
    if not measured.key_interval_s:
        return Check(
            code="key_interval",
            ok=False,
            detail=sentence(N_("No second key frame came while the stream was watched.")),
        )
    return Check(
        code="key_interval",
        ok=measured.key_interval_s <= LONGEST_KEY_INTERVAL,
        detail=sentence(N_("A key frame every {seconds} s."), seconds=f"{measured.key_interval_s:.1f}"),
    )


def of_password(user: str, password: str, opens: bool | None) -> list[Check]:
    """Is there a password, and is it one's own? `opens`: the camera answers without any; None: not known."""
    own = bool(user) and password.casefold() not in {one.casefold() for one in FACTORY} and password != user
    return [
        Check(
            code="password_asked",
            ok=None if opens is None else not opens,
            detail=sentence(
                {
                    True: N_("Anybody in the network can watch: the camera asks for no password."),
                    False: N_("The camera asks for a password."),
                    None: N_("Whether the camera asks for a password could not be found out."),
                }[opens]
            ),
        ),
        Check(
            code="password_not_factory",
            ok=own,
            detail=sentence(
                N_("The password is not a factory default.")
                if own
                else N_("The password is one cameras are shipped with. Set another one.")
            ),
        ),
    ]


def of_picture(
    black: bool, frozen: bool | None, compared: Compared | None, missing: list[Sentence]
) -> list[Check]:
    """What can be seen. `missing`: why there is no comparison with a reference still."""
    found = [
        Check(
            code="picture_black",
            ok=not black,
            detail=sentence(
                N_("The picture is black or covered.") if black else N_("There is something to be seen.")
            ),
        ),
        Check(
            code="picture_frozen",
            ok=None if frozen is None else not frozen,
            detail=sentence(
                {
                    True: N_("The picture stands still."),
                    False: N_("The picture moves."),
                    None: N_("Only one key frame came: whether the picture moves is not known."),
                }[frozen]
            ),
        ),
    ]
    if compared is None or black:
        why = sentence(N_("A black picture cannot be compared.")) if black else missing
        return found + [
            Check(code=code, ok=None, detail=why) for code in ("picture_blurred", "picture_moved")
        ]
    share = f"{compared.sharpness:.0%}"
    found.append(
        Check(
            code="picture_blurred",
            ok=compared.sharpness >= BLURRED,
            detail=sentence(N_("Sharpness: {share} of the reference still's."), share=share),
        )
    )
    if compared.shift is None:
        told = sentence(N_("Too little can be recognised in the picture or in the reference still."))
    elif compared.shift >= 1.0:
        told = sentence(N_("The camera shows another scene than in the reference still."))
    else:
        told = sentence(
            N_("Against the reference still the picture has moved by {share} of its width."),
            share=f"{compared.shift:.1%}",
        )
    ok = None if compared.shift is None else compared.shift < MOVED
    # What is out of focus is hard to find again: then it says nothing about where the camera looks.
    if ok is False and compared.sharpness < BLURRED:
        ok = None
    found.append(Check(code="picture_moved", ok=ok, detail=told))
    return found


def of_fault(code: str, error: ExamError) -> Check:
    """Something was tried and failed."""
    return Check(code=code, ok=False, detail=of_error(error))
