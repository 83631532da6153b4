"""A kept file that is not what its name promises: somebody changed it on the disk, or took it away."""

from sqlmodel import Session, select

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.roster import Candidate


def note_altered(session: Session, box: Box, name: str, code: str, actor: str, subject: str = "") -> None:
    """`name`: the file's; `subject`: whose it is, by default the candidate whose roster photograph it is."""
    owner = subject or session.exec(select(Candidate.id).where(Candidate.photo == name).limit(1)).first()
    append(session, "file.altered", owner or name, actor, {"file": name, "code": code}, at=box.now())
