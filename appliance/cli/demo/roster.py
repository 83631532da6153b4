"""Stage: rosters. A workbook and a CSV by hand with a second person; the same people signed."""

import base64
import json
import ssl
from datetime import timedelta

import httpx

from appliance.base.i18n import _
from appliance.cli.demo.day import PEOPLE, Day, wait_for
from appliance.faces import demo_people
from appliance.flow.today import today
from appliance.intake.sample_roster import Sample, write_csv, write_xlsx
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper

ONLY_BY_HAND = PEOPLE - 1
"""Index of the candidate the province does not know: the result is held."""


def write_rosters(day: Day) -> tuple[Sample, Sample]:
    """The files a training body hands in, kept in the demo's folder."""
    theory = write_xlsx(day.people, subject="理论")
    practical = write_csv(day.people, subject="实操")
    folder = day.site.folder / "rosters"
    folder.mkdir()
    (folder / "理论考生花名册.xlsx").write_bytes(theory.content)
    (folder / "实操考生花名册.csv").write_bytes(practical.content)
    return theory, practical


def load_by_hand(day: Day, samples: tuple[Sample, Sample]) -> None:
    """The office loads both files; the head of the site confirms."""
    office, chief = day.who("office"), day.who("chief")
    now = day.box.local(day.box.now())
    starts = {
        "theory": now + timedelta(seconds=day.times.theory_starts_in),
        "practical": now + timedelta(seconds=day.times.practical_starts_in),
    }
    plan = {
        "theory_room": "T1",
        "theory_start": starts["theory"].strftime("%Y-%m-%dT%H:%M:%S"),
        "theory_minutes": str(day.times.theory_minutes),
        "practical_room": "P1",
        "practical_start": starts["practical"].strftime("%Y-%m-%dT%H:%M:%S"),
        "practical_minutes": str(day.times.practical_minutes),
    }
    for name, sample in zip(("理论考生花名册.xlsx", "实操考生花名册.csv"), samples, strict=True):
        office.post("/office/roster", plan, files={"file": (name, sample.content)})
    for roster in day.box.db.read_now(_pending):
        chief.post(f"/office/roster/{roster}/confirm")


def _pending(session: object) -> list[str]:
    from sqlmodel import select

    from appliance.records.roster import Roster

    return list(session.exec(select(Roster.id).where(Roster.state == "pending")).all())  # type: ignore[attr-defined]


def province_sends(day: Day) -> None:
    """The reference province signs the same roster, with portraits, for all but one."""
    sittings = [day.sitting(subject) for subject in ("theory", "practical")]
    message = {
        "kind": "roster",
        "id": "roster-demo-1",
        "site": day.site.settings.site.code,
        "issued_at": day.box.now().isoformat(),
        "sittings": [_sitting(one) for one in sittings],
        "rows": [
            {
                "name": person.name,
                "number": person.number,
                "ticket_number": person.ticket_number,
                "employer": person.employer,
                "photo": base64.b64encode(demo_people.portrait(day.portrait_of(index))).decode(),
            }
            for index, person in enumerate(day.people)
            if index != ONLY_BY_HAND
        ],
    }
    answer = province(day).post("/admin/messages", content=json.dumps(message).encode())
    answer.raise_for_status()


def _sitting(sitting: Sitting) -> dict[str, object]:
    return {
        "code": sitting.subject,
        "subject": sitting.subject,
        "trade": sitting.trade,
        "room": sitting.room,
        "starts_at": sitting.starts_at.isoformat(),
        "duration_s": sitting.duration_s,
    }


def province(day: Day) -> httpx.Client:
    """The reference province's own end."""
    settings = day.site.settings.province
    tls = ssl.create_default_context(cafile=settings.certificate)
    return httpx.Client(base_url=settings.url, verify=tls, timeout=20)


def check_rosters(day: Day, samples: tuple[Sample, Sample]) -> None:
    """Rows taken, refused and dropped; the province's confirmation; papers made."""
    from sqlmodel import func, select

    from appliance.records.roster import Candidate, Roster, RosterRow

    report, db = day.report, day.box.db
    rosters = db.read_now(lambda s: s.exec(select(Roster).where(Roster.source == "manual")).all())
    refused = sum(len(json.loads(one.rejected)) for one in rosters)
    dropped = sum(sum(json.loads(one.dropped).values()) for one in rosters)
    lines = day.box.db.read_now(today, day.box).sittings
    for line in lines:
        label = _("Expected (theory)") if line.subject == "theory" else _("Expected (practical)")
        report.equal(label, line.expected, len(day.people))
    report.equal(
        _("Roster rows refused, each with its reason"), refused, sum(len(sample.bad) for sample in samples)
    )
    report.equal(_("Contact data dropped at import"), dropped, sum(sample.dropped for sample in samples))

    def photos() -> int | None:
        count = db.read_now(
            lambda s: s.exec(select(func.count()).select_from(Candidate).where(Candidate.photo != "")).one()
        )
        return count if count >= len(day.people) - 1 else None

    wait_for(_("the province's roster"), photos, 30)
    confirmed = db.read_now(
        lambda s: s.exec(
            select(func.count()).select_from(RosterRow).where(RosterRow.confirmed_at != None)  # noqa: E711
        ).one()
    )
    report.equal(_("Rows confirmed by the signed roster"), confirmed, 2 * (len(day.people) - 1))

    def papers() -> int | None:
        count = db.read_now(lambda s: s.exec(select(func.count()).select_from(Paper)).one())
        return count if count >= len(day.people) else None

    report.equal(_("Papers drawn before the start"), wait_for(_("papers"), papers, 30), len(day.people))
