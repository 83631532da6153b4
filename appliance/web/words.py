"""States, results and roles as words and signs: one place, so that every page says the same.

A sign is go, look, stop, run or calm (its shape and colour); the word is a message id.
"""

from appliance.base.i18n import N_, translate

WORDS: dict[str, tuple[str, str]] = {
    "result.admit": ("go", N_("Let in")),
    "result.review": ("look", N_("Check in person")),
    "result.refuse": ("stop", N_("Not let in")),
    "decided.admit": ("go", N_("Let in after review")),
    "decided.refuse": ("stop", N_("Sent away after review")),
    "sitting.planned": ("calm", N_("Not started")),
    "sitting.running": ("run", N_("Running")),
    "sitting.ended": ("go", N_("Ended")),
    "sitting.released": ("go", N_("Released")),
    "seat.free": ("calm", N_("Seat free")),
    "seat.bound": ("calm", N_("Not signed in")),
    "seat.signed_in": ("calm", N_("Signed in")),
    "seat.ready": ("go", N_("Ready to start")),
    "seat.running": ("run", N_("Answering")),
    "seat.handed_in": ("go", N_("Handed in")),
    "seat.lost": ("stop", N_("Connection lost")),
    "seat.broken": ("stop", N_("Out of order")),
    "workplace.free": ("calm", N_("Workplace free")),
    "workplace.bound": ("calm", N_("Called here")),
    "workplace.signed_in": ("calm", N_("At the workplace")),
    "workplace.ready": ("calm", N_("At the workplace")),
    "workplace.running": ("run", N_("Being examined")),
    "workplace.handed_in": ("go", N_("Scored")),
    "workplace.broken": ("stop", N_("Out of order")),
    "flag.lost": ("stop", N_("Connection lost")),
    "flag.broken": ("stop", N_("Out of order")),
    "flag.warned": ("look", N_("Message unread")),
    "flag.sign_in_locked": ("look", N_("Sign-in closed")),
    "flag.not_signed_in": ("look", N_("Not signed in")),
    "ticket.waiting": ("calm", N_("Waiting")),
    "ticket.called": ("run", N_("Called")),
    "ticket.seated": ("go", N_("At the seat")),
    "ticket.skipped": ("look", N_("Did not come")),
    "ticket.held": ("look", N_("On hold")),
    "part.ok": ("go", N_("In order")),
    "part.busy": ("run", N_("Working")),
    "part.none": ("calm", N_("Not fitted")),
    "part.missing": ("stop", N_("Unplugged")),
    "part.silent": ("stop", N_("No answer")),
    "part.fault": ("stop", N_("Fault")),
    "camera.recording": ("go", N_("Recording")),
    "camera.connecting": ("look", N_("Connecting")),
    "camera.stopped": ("stop", N_("Stopped")),
    "cause.network": ("look", N_("network down")),
    "cause.camera": ("look", N_("camera fault")),
    "cause.disk": ("look", N_("disk full")),
    "cause.stopped": ("look", N_("recorder stopped")),
    "roster.pending": ("look", N_("Waits for the second person")),
    "roster.active": ("go", N_("In force")),
    "roster.rejected": ("stop", N_("Rejected")),
    "source.province": ("calm", N_("From the province, signed")),
    "source.manual": ("calm", N_("Loaded by hand, unsigned")),
    "subject.theory": ("calm", N_("Theory")),
    "subject.practical": ("calm", N_("Practical")),
    "person.expected": ("calm", N_("Not come yet")),
    "person.late": ("look", N_("Late")),
    "person.absent": ("stop", N_("Entry closed, absent")),
    "person.review": ("look", N_("A person must look")),
    "person.refused": ("stop", N_("Sent away")),
    "person.inside": ("go", N_("Inside")),
    "person.away": ("run", N_("Out for a moment")),
    "paper.chip_unreadable": ("calm", N_("ID card whose chip cannot be read")),
    "paper.temporary_card": ("calm", N_("Temporary ID card")),
    "paper.police_certificate": ("calm", N_("Certificate of identity from the police")),
    "paper.no_reader": ("calm", N_("ID card in order, the reader is not")),
    "reference.chip": ("calm", N_("Photo on the card's chip")),
    "reference.roster": ("calm", N_("Roster photo")),
    "how.candidate": ("go", N_("handed in by the candidate")),
    "how.time": ("go", N_("handed in by time")),
    "how.examiner": ("go", N_("scored by the examiner")),
    "how.forced": ("look", N_("handed in by the invigilator")),
    "parcel.sealed": ("look", N_("Waiting to be sent")),
    "parcel.acknowledged": ("go", N_("Receipt came")),
    "parcel.refused": ("stop", N_("Refused by the province")),
    "verdict.passed": ("go", N_("Passed")),
    "verdict.failed": ("stop", N_("Not passed")),
}


def word(key: str) -> str:
    """The word in the current language; an unknown key is shown as its last part."""
    return translate(WORDS[key][1]) if key in WORDS else key.rpartition(".")[2]


def sign(key: str) -> str:
    """The sign that goes with it."""
    return WORDS[key][0] if key in WORDS else "calm"
