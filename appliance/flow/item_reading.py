"""One question of a running paper as a voice reads it: only for whom the roster approves it."""

from sqlmodel import Session

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.exam_now import help_of
from appliance.flow.sealed_paper import open_paper
from appliance.flow.seat_check import require_checked
from appliance.records.theory import Attempt, Paper
from appliance.rules.approved_help import may_hear
from appliance.voice.reading import Reading
from appliance.wire import station as wire


def item_reading(session: Session, box: Box, token_hash: str, position: int, language: str) -> Reading:
    """The question at `position` in `language` (zh or en) where it has it, else in its own.

    Raises Refused `no_help` for anybody whose roster row does not say so, `face_check_first` while the check stands,
    `not_running` before the start and while paused.
    """
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if not may_hear(help_of(session, attempt)):
        raise Refused(
            "no_help", N_("Reading aloud is not approved for this candidate."), N_("Raise your hand.")
        )
    require_checked(session, box, attempt, lease.number)
    runs = attempt.state == "running" and attempt.paused_at is None
    paper = session.get(Paper, attempt.paper) if attempt.paper and runs else None
    if paper is None:
        raise Refused(
            "not_running", N_("This exam is not running."), N_("Wait for the start, or raise your hand.")
        )
    for question in open_paper(box, paper).questions:
        if question.position == position:
            return _reading(question, language)
    raise NotFound("no_question", N_("There is no such question on this paper."))


def _reading(question: wire.Question, language: str) -> Reading:
    if language == "en" and question.english:
        options = tuple(_plain(words) for words in question.english.options)
        return Reading(stem=_plain(question.english.stem), options=options, language="en")
    own = "zh" if question.language.startswith("zh") else "en"
    options = tuple(_plain(option.text) for option in question.options)
    return Reading(stem=_plain(question.stem), options=options, language=own)


def _plain(words: wire.Words) -> str:
    """Text, and what its pictures show in words."""
    if isinstance(words, str):
        return words
    return " ".join(one if isinstance(one, str) else one.alt for one in words)
