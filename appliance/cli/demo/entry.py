"""Stage: the entrance. Cards on simulated readers, real face checks, real relay frames."""

import asyncio
import time
from datetime import date

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_, _
from appliance.base.sockets import ask
from appliance.cli.demo.day import Day, wait_for
from appliance.cli.demo.pace import SLOW, TAP
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.faces import demo_people
from appliance.faces.demo_photo import pack
from appliance.intake.sample_roster import SamplePerson, make_people
from appliance.records.entry import Admission, Case, GateOrder, Tap
from appliance.wire.simulators import (
    BoardDid,
    GetBoard,
    GetPrinter,
    PrinterDid,
    PutCard,
    ReaderDid,
    TakeCard,
)

SLIPS = "slips.sock"
"""Control socket of the ticket printers, in the folder of the sockets."""
PATIENCE = TAP * SLOW


class LanePlayer:
    """Puts cards on one lane's reader, one after the other."""

    def __init__(self, day: Day, lane: str) -> None:
        self._day, self.lane = day, lane
        self._reader = day.site.dev / f"reader-{lane}.sock"
        self._board = day.site.dev / f"gate-{lane}.sock"
        self._face = day.site.run / f"face-{lane}.jpg"
        self._blocks = {name: pack(demo_people.portrait(name)) for name in demo_people.PEOPLE}
        self._frames = {
            (name, variant): demo_people.live(name, variant)
            for name in demo_people.PEOPLE
            for variant in range(5)
        }

    async def tap(self, person: SamplePerson, holder: str, stands: str, variant: int = 0) -> Tap:
        """`holder`'s photograph is on the chip, `stands` is before the camera. Returns what was decided."""
        self._face.with_suffix(".new").write_bytes(self._frames[stands, variant % 5])
        self._face.with_suffix(".new").rename(self._face)
        before = await self._day.box.db.read(_taps, self.lane)
        text = write(demo_card(person.name, person.number, date(2020, 1, 1)))
        await ask(self._reader, PutCard(text=text, photo=self._blocks[holder]), ReaderDid)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for tap in await self._day.box.db.read(_taps, self.lane):
                if tap.id not in {one.id for one in before}:
                    await self._through(tap)
                    return tap
            await asyncio.sleep(0.03)
        raise Unavailable(
            "demo_no_tap",
            N_("The box decided nothing about a card at lane {lane} within {seconds} s."),
            N_(
                "Is another demo running, or is this machine busy with something else? The log folder tells more."
            ),
            lane=self.lane,
            seconds=int(PATIENCE),
        )

    async def _through(self, tap: Tap) -> None:
        """An admitted person passes the gate before the next one taps."""
        deadline = time.monotonic() + PATIENCE
        while tap.result == "admit" and time.monotonic() < deadline:
            if await self._day.box.db.read(_settled, tap.id):
                return
            await asyncio.sleep(0.03)

    async def take_card(self) -> None:
        """Take the card away long enough for the reader to see it gone: it polls every 0.3 s."""
        await ask(self._reader, TakeCard(), ReaderDid)
        await asyncio.sleep(0.7)

    async def pulses(self) -> int:
        """Pulses the lane's relay board has given."""
        return len((await ask(self._board, GetBoard(), BoardDid)).pulses)


def _taps(session: Session, lane: str) -> list[Tap]:
    return list(session.exec(select(Tap).where(Tap.lane == lane)).all())


def _settled(session: Session, tap: str) -> bool:
    outcome = session.exec(
        select(GateOrder.outcome)
        .join(Admission, col(Admission.id) == col(GateOrder.admission))
        .where(Admission.tap == tap)
    ).first()
    return outcome not in (None, "", "started")


class Entered(msgspec.Struct):
    """What came of the taps: code -> times."""

    codes: dict[str, int] = {}

    def add(self, tap: Tap) -> None:
        """Count one."""
        self.codes[tap.code] = self.codes.get(tap.code, 0) + 1


async def theory_entry(day: Day) -> Entered:
    """Sixty people and the refusals, over two lanes at once."""
    entered = Entered()
    one, two, practical = (LanePlayer(day, lane) for lane in ("L1", "L2", "P1"))
    stranger = make_people(1, seed="stranger")[0]

    async def lane(player: LanePlayer, indexes: list[int]) -> None:
        for index in indexes:
            face = day.portrait_of(index)
            entered.add(await player.tap(day.people[index], face, face, index // 2))

    async def trouble() -> None:
        entered.add(await practical.tap(day.people[0], "astronaut", "astronaut"))
        entered.add(await two.tap(stranger, "hopper", "hopper"))
        wrong = await two.tap(day.people[1], day.portrait_of(1), day.portrait_of(0))
        entered.add(wrong)
        await asyncio.to_thread(send_away, day, wrong)
        await asyncio.gather(two.take_card(), practical.take_card())

    await trouble()
    half = [index for index in range(len(day.people)) if index % 2 == 0]
    await asyncio.gather(lane(one, half), lane(two, [index + 1 for index in half]))
    entered.add(await one.tap(day.people[0], day.portrait_of(0), day.portrait_of(0)))
    return entered


def send_away(day: Day, tap: Tap) -> None:
    """The desk decides the case of somebody whose face did not fit."""
    case = day.box.db.read_now(lambda session: session.exec(select(Case.id).where(Case.tap == tap.id)).one())
    form = {"decision": "refuse", "reason": "照片与本人不符，请本人持证重新核验"}
    day.who("desk").post(f"/desk/case/{case}", form)


async def practical_entry(day: Day, indexes: list[int]) -> Entered:
    """Those who passed theory come to the practical entrance."""
    entered = Entered()
    player = LanePlayer(day, "P1")
    for index in indexes:
        face = day.portrait_of(index)
        entered.add(await player.tap(day.people[index], face, face, index // 2 + 1))
    return entered


def check_theory(day: Day, entered: Entered) -> None:
    """The table's lines about the entrance."""
    report, codes = day.report, entered.codes
    report.equal(_("Admitted (theory)"), codes.get("admitted", 0), len(day.people))
    for code, label in (
        ("not_on_roster", _("Refused: not on the roster")),
        ("too_early", _("Refused: too early")),
        ("already_inside", _("Refused: already inside")),
    ):
        report.equal(label, codes.get(code, 0), 1)
    doubtful = codes.get("face_mismatch", 0) + codes.get("face_review", 0)
    report.equal(_("Wrong person: sent to a member of staff"), doubtful, 1)


def check_pulses(day: Day, label: str, lanes: list[str]) -> None:
    """One pulse per admission, counted on the relay boards themselves."""

    def settled() -> list[GateOrder] | None:
        orders = day.box.db.read_now(
            lambda session: session.exec(select(GateOrder).where(GateOrder.admission != None)).all()  # noqa: E711
        )
        mine = [order for order in orders if order.lane in lanes]
        return mine if mine and all(order.outcome not in ("", "started") for order in mine) else None

    orders = wait_for(_("gate orders"), settled, 15)

    async def count() -> int:
        return sum([await LanePlayer(day, lane).pulses() for lane in lanes])

    day.report.equal(label, asyncio.run(count()), len(orders))


def check_slips(day: Day, admissions: int) -> None:
    """One ticket slip per admission, counted on the printers themselves; the last may still be coming out."""
    control = day.site.run / SLIPS

    def printed() -> int:
        return len(asyncio.run(ask(control, GetPrinter(), PrinterDid)).slips)

    deadline = time.monotonic() + PATIENCE
    while printed() < admissions and time.monotonic() < deadline:
        time.sleep(0.1)
    day.report.equal(_("Ticket slips, one per admission"), printed(), admissions)
