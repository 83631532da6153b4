"""The code each screen shows now, the codes of past minutes from the journal, and what the cameras saw of them."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, and_, col, or_, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.records.base import instant
from appliance.records.journal import GENESIS, Journal, JournalHead, append
from appliance.records.sitting import Sitting
from appliance.rules import screen_code
from appliance.rules.screen_code import Judged, Shown

LOST, BACK = "screen_code.lost", "screen_code.back"
BEFORE = timedelta(hours=1)
"""Screens are looked at from so long before a sitting's planned start."""
AFTER = timedelta(hours=12)
"""A sitting that never began is no longer waited for."""


class Look(msgspec.Struct, kw_only=True):
    """What a camera's picture of `at` shows of the screen in its view. `number` None: none was read."""

    camera: str
    screen: str
    at: datetime
    number: int | None


def screens(settings: Settings) -> list[str]:
    """The screens some camera looks at, each once."""
    return sorted({camera.screen for camera in settings.cameras if camera.screen})


def head_before(session: Session, at: datetime) -> tuple[int, str]:
    """Seq and hash of the last entry recorded before `at`, looked for by halving: times have no index."""
    stamp = instant(at)
    low, high = 0, session.get_one(JournalHead, 1).seq
    found = GENESIS
    while low < high:
        middle = (low + high + 1) // 2
        entry = session.exec(select(Journal.at, Journal.hash).where(Journal.seq == middle)).one()
        if entry[0] < stamp:
            low, found = middle, entry[1]
        else:
            high = middle - 1
    return low, found


def codes_between(session: Session, names: list[str], first: int, last: int) -> list[Shown]:
    """What these screens show, or showed, from minute `first` to `last`."""
    found = []
    for minute in range(first, last + 1):
        seq, head = head_before(session, screen_code.begins(minute))
        found += [Shown(name, minute, seq, screen_code.number(name, minute, seq, head)) for name in names]
    return found


def code_now(session: Session, box: Box, screen: str) -> Shown:
    """What a screen has to show now. Raises NotFound for a screen no camera looks at."""
    if screen not in screens(box.settings):
        raise NotFound(
            "no_screen",
            N_("No camera has a screen named {screen} in its view."),
            N_("Name it at the camera that sees it: screen in [[cameras]]."),
            screen=screen,
        )
    minute = screen_code.minute_of(box.now() - screen_code.GRACE)
    return codes_between(session, [screen], minute, minute)[0]


def judge_looks(session: Session, box: Box, looks: list[Look]) -> list[Judged]:
    """What each look proves, by the journal."""
    names = screens(box.settings)
    near: dict[int, list[Shown]] = {}
    found = []
    for look in looks:
        minute = screen_code.minute_of(look.at)
        if minute not in near:
            near[minute] = codes_between(session, names, minute - 1, minute)
        judged = screen_code.judge(look.number, look.at, look.screen, near[minute])
        if judged.verdict == "unknown":
            earlier = codes_between(session, names, minute - screen_code.LOOK_BACK, minute)
            judged = screen_code.judge(look.number, look.at, look.screen, earlier)
        found.append(judged)
    return found


def exam_is_near(session: Session, box: Box) -> bool:
    """Does a sitting run, or begin soon? Screens may be dark at other times."""
    now = box.now()
    found = select(Sitting.id).where(
        or_(
            col(Sitting.state) == "running",
            and_(
                col(Sitting.state) == "planned",
                col(Sitting.starts_at) <= now + BEFORE,
                col(Sitting.starts_at) >= now - AFTER,
            ),
        )
    )
    return session.exec(found.limit(1)).first() is not None


def note_screen_code(session: Session, box: Box, look: Look, judged: Judged) -> None:
    """A code that is missing or wrong in two looks running, told once; in order again, told once."""
    code = "" if judged.verdict == "ok" else judged.verdict
    if code == _last_code(session, look.camera):
        return
    body = {"screen": look.screen, "picture_at": look.at.isoformat()}
    if look.number is not None:
        body["number"] = f"{look.number:07d}"
    if judged.shown is not None:
        body |= {"of_screen": judged.shown.screen, "of": screen_code.begins(judged.shown.minute).isoformat()}
        body["seq"] = str(judged.shown.seq)
    if code:
        body["code"] = code
    kind = "screen_code.lost" if code else "screen_code.back"
    append(session, kind, look.camera, "process:web", body, at=box.now())


def _last_code(session: Session, camera: str) -> str:
    """What the journal said last: empty when the code is in order, or was never missed."""
    newest = session.exec(
        select(Journal.kind, Journal.body)
        .where(Journal.subject == camera, col(Journal.kind).in_((LOST, BACK)))
        .order_by(col(Journal.seq).desc())
        .limit(1)
    ).first()
    return msgspec.json.decode(newest[1])["code"] if newest and newest[0] == LOST else ""
