"""The code each screen shows now, the codes of past minutes from the journal, and what the cameras saw of them."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, and_, col, func, or_, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.records.base import instant, moment
from appliance.records.journal import GENESIS, Journal, JournalHead, append
from appliance.records.sitting import Sitting
from appliance.rules import screen_code
from appliance.rules.screen_code import Judged, Shown, Verdict

LOST, BACK = "screen_code.lost", "screen_code.back"
BEFORE = timedelta(hours=1)
"""Screens are looked at from so long before a sitting's planned start."""
AFTER = timedelta(hours=12)
"""A sitting that never began is no longer waited for."""
NOW = timedelta(minutes=10)
"""A picture of this time is looked at as it comes: its minute is among the newest entries."""
VERDICTS: tuple[Verdict, ...] = ("ok", "late", "other", "unknown", "missing")
"""What says most first."""
RECENT = 20_000
"""The newest entries: minutes of the largest site, in which every answer saved is one."""


class Look(msgspec.Struct, kw_only=True):
    """What a camera's picture of `at` shows of the screen in its view. `numbers`: several screens may be in view."""

    camera: str
    screen: str
    at: datetime
    numbers: list[int]

    @property
    def number(self) -> int | None:
        """The one that says most, once it was judged; None: none was read."""
        return self.numbers[0] if self.numbers else None


def screens(settings: Settings) -> list[str]:
    """The screens some camera looks at, each once."""
    return sorted({camera.screen for camera in settings.cameras if camera.screen})


def head_before(session: Session, at: datetime) -> tuple[int, str]:
    """Seq and hash of the last entry recorded before `at`; times have no index. Among the newest entries it is looked
    for backwards: there it is the same for whoever asks, also after the clock was set back. Else by halving.
    """
    stamp, top = instant(at), session.get_one(JournalHead, 1).seq
    newest = select(Journal.seq, Journal.hash).where(Journal.seq > top - RECENT, Journal.at < stamp)
    row = session.exec(newest.order_by(col(Journal.seq).desc()).limit(1)).first()
    return (row[0], row[1]) if row else _halved(session, stamp, (0, GENESIS), max(0, top - RECENT))


def _halved(session: Session, stamp: str, known: tuple[int, str], high: int) -> tuple[int, str]:
    low, found = known
    while low < high:
        middle = (low + high + 1) // 2
        if head := _recorded_before(session, middle, stamp):
            low, found = middle, head
        else:
            high = middle - 1
    return low, found


def _recorded_before(session: Session, seq: int, stamp: str) -> str:
    """The hash of an entry that was recorded before a moment; else empty."""
    at, head = session.exec(select(Journal.at, Journal.hash).where(Journal.seq == seq)).one()
    return head if at < stamp else ""


def codes_between(session: Session, names: list[str], first: int, last: int) -> list[Shown]:
    """What these screens show, or showed, from minute `first` to `last`."""
    return [
        one
        for minute in range(first, last + 1)
        for one in _codes(names, minute, head_before(session, screen_code.begins(minute)))
    ]


def _codes(names: list[str], minute: int, head: tuple[int, str]) -> list[Shown]:
    return [Shown(name, minute, head[0], screen_code.number(name, minute, *head)) for name in names]


def _earlier_codes(session: Session, names: list[str], first: int, last: int) -> list[Shown]:
    """The same for many minutes: the newest entries are read once."""
    top = session.get_one(JournalHead, 1).seq
    columns = select(Journal.seq, Journal.at, Journal.hash).where(Journal.seq > top - RECENT)
    rows = list(session.exec(columns.order_by(col(Journal.seq))))
    found = []
    for minute in range(last, first - 1, -1):
        stamp = instant(screen_code.begins(minute))
        while rows and rows[-1][1] >= stamp:
            rows.pop()
        head = (rows[-1][0], rows[-1][2]) if rows else _halved(session, stamp, (0, GENESIS), top - RECENT)
        found += _codes(names, minute, head)
    return found


def _steps_back(session: Session) -> list[int]:
    """Entries that were recorded well before the one before them: the clock was set back. The whole journal is read
    once.
    """
    before = func.lag(col(Journal.at)).over(order_by=col(Journal.seq)).label("before")
    timed = select(col(Journal.seq), col(Journal.at), before).subquery()
    rows = session.exec(select(timed.c.seq, timed.c.at, timed.c.before).where(timed.c.at < timed.c.before))
    return [seq for seq, at, earlier in rows if moment(earlier) - moment(at) > screen_code.GRACE]


def _codes_of_passes(
    session: Session, names: list[str], first: int, last: int, steps: list[int]
) -> list[Shown]:
    """Minutes that came more than once, for the clock was set back: what was shown each time."""
    found = []
    ends = [*(seq - 1 for seq in steps), session.get_one(JournalHead, 1).seq]
    for minute in range(first, last + 1):
        stamp = instant(screen_code.begins(minute))
        for begin, end in zip([0, *ends], ends, strict=False):
            found += _codes(names, minute, _halved(session, stamp, (begin, _hash(session, begin)), end))
    return found


def _hash(session: Session, seq: int) -> str:
    return session.exec(select(Journal.hash).where(Journal.seq == seq)).one() if seq else GENESIS


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
    steps: list[int] | None = None
    found = []
    for look in looks:
        minute = screen_code.minute_of(look.at)
        if minute not in near:
            near[minute] = codes_between(session, names, minute - 1, minute)
        judged = _best(look, near[minute])
        if judged.verdict == "unknown" and box.now() - look.at > NOW:
            steps = _steps_back(session) if steps is None else steps
            near[minute] += _codes_of_passes(session, names, minute - 1, minute, steps) if steps else []
            judged = _best(look, near[minute])
        if judged.verdict == "unknown":
            judged = _best(look, _earlier_codes(session, names, minute - screen_code.LOOK_BACK, minute))
        found.append(judged)
    return found


def _best(look: Look, known: list[Shown]) -> Judged:
    """Of several screens in view the one that is right, or else says most; its number comes first from then on."""
    numbers: list[int | None] = [*look.numbers] or [None]
    judged = [screen_code.judge(one, look.at, look.screen, known) for one in numbers]
    best = min(range(len(judged)), key=lambda at: VERDICTS.index(judged[at].verdict))
    if best:
        look.numbers.insert(0, look.numbers.pop(best))
    return judged[best]


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
