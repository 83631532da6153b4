"""A paper is what was drawn: its row carries an HMAC under the data key, its seed the hash noted at the planning.

Whoever changes the seed, a row or a bank's file in the database or on the disk is noticed before the exam (the paper
is withdrawn and drawn again) or at the marking (it is not marked); every find is journaled.
"""

import hashlib
import hmac
from collections.abc import Sequence

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.journal import Journal, append
from appliance.records.roster import Candidate
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper

PLAIN = ("id", "sitting", "candidate", "bank", "body", "pictures", "choices", "exam", "draw", "repeated")
SEALED = ("opens", "key_sealed", "layout", "left_out")


def proof_of(box: Box, paper: Paper) -> str:
    """What `Paper.proof` has to be."""
    parts = [str(getattr(paper, name)) for name in PLAIN] + [getattr(paper, name).hex() for name in SEALED]
    return box.key.index("paper\n" + "\n".join(parts)).hex()


def holds(box: Box, paper: Paper) -> bool:
    """Nobody changed it since it was drawn, or opened; what is still sealed by the province proves itself."""
    sealed = not paper.opens and not paper.layout
    return sealed or hmac.compare_digest(paper.proof, proof_of(box, paper))


def require_proof(box: Box, paper: Paper) -> None:
    """Raises Corrupt for a paper that was altered."""
    if not holds(box, paper):
        raise Corrupt(
            "paper_altered",
            N_("This paper is not the one that was drawn: somebody altered it."),
            N_("Keep the machine as it is and call the inspector."),
        )


def seed_of(box: Box, sitting: Sitting) -> bytes:
    """A sitting's seed. Raises Corrupt when it is not the one whose hash was noted at the planning."""
    seed = box.seed_of(sitting.seed_sealed)
    if sitting.seed_hash != hashlib.sha256(seed).hexdigest():
        raise Corrupt(
            "seed_altered",
            N_("The seed of this sitting was altered: no paper is drawn from it."),
            N_("Keep the machine as it is and call the inspector."),
        )
    return seed


def withdraw_altered(session: Session, box: Box, sitting_id: str, actor: str) -> int:
    """Before the start: papers that do not hold are withdrawn, so that they are drawn again. Returns how many."""
    opened = set(session.exec(select(Attempt.paper).where(Attempt.sitting == sitting_id)).all())
    papers = session.exec(select(Paper).where(Paper.sitting == sitting_id)).all()
    altered = [one for one in papers if one.id not in opened and not holds(box, one)]
    for paper in altered:
        session.delete(paper)
        session.flush()
        body = {"code": "paper_altered", "paper": paper.id, "candidate": paper.candidate, "withdrawn": True}
        append(session, "papers.refused", sitting_id, actor, body, at=box.now())
    return len(altered)


def note_refused(session: Session, box: Box, sitting_id: str, code: str, paper: str, actor: str) -> None:
    """Journal, once, that nothing is drawn from an altered seed or bank, or an altered paper not marked."""
    body = {"code": code, "paper": paper, "withdrawn": False}
    known = session.exec(
        select(Journal.body).where(Journal.kind == "papers.refused", Journal.subject == sitting_id)
    ).all()
    if not any(f'"{code}"' in one and f'"{paper}"' in one for one in known):
        append(session, "papers.refused", sitting_id, actor, body, at=box.now())


def refused_papers(session: Session, sittings: Sequence[str]) -> set[str]:
    """Papers of these sittings that were found altered at the marking and are not marked."""
    bodies = session.exec(
        select(Journal.body).where(Journal.kind == "papers.refused", col(Journal.subject).in_(sittings))
    ).all()
    told = [msgspec.json.decode(body) for body in bodies]
    return {one["paper"] for one in told if one["paper"] and not one["withdrawn"]}


def without_mark(session: Session, sittings: Sequence[str]) -> list[tuple[str, str]]:
    """Name and masked number of those who handed in a paper that is not marked because it was altered."""
    rows = select(Candidate.name, Candidate.number_masked).join(
        Attempt, col(Attempt.candidate) == col(Candidate.id)
    )
    refused = col(Attempt.paper).in_(refused_papers(session, sittings))
    return list(
        session.exec(rows.where(Attempt.state == "handed_in", refused).order_by(Candidate.name)).all()
    )
