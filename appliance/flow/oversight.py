"""What the site's technician reads: backlog, accounts, pages of the journal. No writes."""

from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from appliance.base.journal_words import KINDS, kind_word
from appliance.flow.accounts import IDLE
from appliance.flow.box import Box
from appliance.records.accounts import Account, LoginSession
from appliance.records.journal import Journal, JournalHead, JournalSeal
from appliance.records.sync import Contact, Parcel
from appliance.wire import ops

PAGE = 200
REACH = 200_000
"""How many of the newest entries a search goes through: a search must never hold the box up."""
CLOSED = "answer."
"""Kinds whose bodies a technician may not read."""


def backlog(session: Session, box: Box) -> ops.Backlog:
    """What has not been acknowledged by the province."""
    contact = session.get(Contact, 1)
    states = dict(session.exec(select(Parcel.state, func.count()).group_by(Parcel.state)).all())
    sent = session.exec(select(func.max(Parcel.last_seq)).where(Parcel.state == "acknowledged")).one() or 0
    behind = session.exec(
        select(func.count())
        .select_from(Journal)
        .where(
            col(Journal.seq) > sent,
            col(Journal.kind).not_like("parcel.%"),  # these alone never make a parcel due
            col(Journal.kind).not_like("contact.%"),
        )
    ).one()
    oldest = session.exec(select(func.min(Parcel.sealed_at)).where(Parcel.state != "acknowledged")).one()
    latest = session.exec(select(Parcel).order_by(col(Parcel.sealed_at).desc()).limit(20)).all()
    return ops.Backlog(
        configured=bool(box.settings.province.url),
        parcels=sum(states.values()),
        waiting=states.get("sealed", 0),
        refused=states.get("refused", 0),
        behind=behind,
        oldest=oldest,
        last_contact=contact.last_contact if contact else None,
        failing_since=contact.failing_since if contact else None,
        last_error=contact.last_error if contact else "",
        latest=[
            ops.ParcelLine(
                number=row.number,
                first_seq=row.first_seq,
                last_seq=row.last_seq,
                state=row.state,
                tries=row.tries,
                last_error=row.last_error,
                sealed_at=row.sealed_at,
                acknowledged_at=row.acknowledged_at,
            )
            for row in latest
        ],
    )


def heads(session: Session) -> tuple[int, int]:
    """The journal's newest seq and the newest signed one."""
    head = session.get(JournalHead, 1)
    sealed = session.exec(select(func.max(JournalSeal.seq))).one()
    return (head.seq if head else 0, sealed or 0)


def people(session: Session, now: datetime) -> list[ops.Person]:
    """Every account with its open sessions, in order of login."""
    found: dict[str, list[LoginSession]] = {}
    for row in session.exec(select(LoginSession).where(LoginSession.expires_at > now)):
        if row.seen_at + IDLE > now:
            found.setdefault(row.account, []).append(row)
    lines = []
    for account in session.exec(select(Account).order_by(Account.login)):
        sessions = sorted(found.get(account.id, []), key=lambda row: row.seen_at)
        locked = account.locked_until if account.locked_until and account.locked_until > now else None
        lines.append(
            ops.Person(
                account=account.id,
                login=account.login,
                name=account.name,
                role=account.role,
                disabled=account.disabled,
                must_change=account.must_change,
                locked_until=locked,
                failures=account.failures,
                sessions=len(sessions),
                seen_at=sessions[-1].seen_at if sessions else None,
                address=sessions[-1].address if sessions else "",
            )
        )
    return lines


def journal_page(
    session: Session, after: int | None, before: int | None, text: str, limit: int = PAGE
) -> ops.JournalPage:
    """Entries oldest first: those that follow `after`, or the newest ones before `before`.

    `text` is looked for in kind (its code and its words), subject and actor, among the newest REACH entries.
    """
    newest = session.exec(select(func.max(Journal.seq))).one() or 0
    wanted = select(Journal).where(col(Journal.seq) > newest - REACH)
    if after is not None:
        wanted = wanted.where(col(Journal.seq) > after)
    if before is not None:
        wanted = wanted.where(col(Journal.seq) < before)
    for word in text.split():
        wanted = wanted.where(
            or_(
                *(
                    column.contains(word, autoescape=True)
                    for column in (col(Journal.kind), col(Journal.subject), col(Journal.actor))
                ),
                col(Journal.kind).in_([kind for kind in KINDS if word.lower() in kind_word(kind).lower()]),
            )
        )
    order = col(Journal.seq) if after is not None else col(Journal.seq).desc()
    rows = session.exec(wanted.order_by(order).limit(max(1, min(limit, PAGE)))).all()
    lines = [
        ops.JournalLine(
            seq=row.seq,
            at=row.at,
            kind=row.kind,
            subject=row.subject,
            actor=row.actor,
            body="" if row.kind.startswith(CLOSED) else row.body,
            hash=row.hash,
        )
        for row in sorted(rows, key=lambda row: row.seq)
    ]
    return ops.JournalPage(entries=lines, head=newest)
