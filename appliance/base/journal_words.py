"""The journal in words: its kinds and its actors, the same on pages, on paper and in the terminal.

Kinds: docs/journal.md. An actor is `account:ID`, `lane:CODE`, `seat:ID`, `process:NAME` or `province`.
"""

from collections.abc import Mapping

from appliance.base.i18n import N_, _

KINDS: dict[str, str] = {
    "site.created": N_("Box set up"),
    "site.restored": N_("Box restored from a backup"),
    "room.registered": N_("Room registered"),
    "account.added": N_("Account added"),
    "account.reset": N_("Password reset"),
    "account.disabled": N_("Account shut"),
    "sign_in.done": N_("Signed in to an account"),
    "sign_in.refused": N_("Sign-in refused"),
    "sign_out.done": N_("Signed out of an account"),
    "roster.loaded": N_("Roster loaded by hand"),
    "roster.confirmed": N_("Roster put in force"),
    "roster.rejected": N_("Roster rejected"),
    "roster.received": N_("Roster came from the province"),
    "roster.enrolled": N_("Roster enrolled"),
    "roster_row.confirmed": N_("Confirmed by the province"),
    "candidate.portrait": N_("Portrait replaced"),
    "roster_row.help": N_("Approved help changed"),
    "roster_row.eligibility": N_("Right to sit changed"),
    "sitting.planned": N_("Sitting planned"),
    "papers.made": N_("Papers drawn"),
    "sealed_papers.received": N_("Sealed papers received"),
    "sealed_papers.opened": N_("Sealed papers opened"),
    "sealed_papers.refused": N_("Code of sealed papers refused"),
    "sitting.delivery_set": N_("Whose page a sitting is answered on"),
    "papers.refused": N_("Altered seed, bank or paper refused"),
    "papers.composed": N_("Paper composed by hand"),
    "papers.turned_down": N_("Composed paper turned down"),
    "bank.added": N_("Question bank made"),
    "bank.blueprint_set": N_("Blueprint of a bank set"),
    "bank.viewed": N_("Items of a bank looked at"),
    "bank.exported": N_("Items of a bank taken out"),
    "questions.imported": N_("Questions imported"),
    "item.added": N_("Item written"),
    "item.edited": N_("Item edited"),
    "item.approved": N_("Item approved"),
    "item.retired": N_("Item retired"),
    "sitting.bank_chosen": N_("Question bank chosen"),
    "sitting.started": N_("Exam started"),
    "sitting.ended": N_("Sitting ended"),
    "tap.decided": N_("Card at the entrance"),
    "face.compared": N_("Face check"),
    "face_pictures.deleted": N_("Pictures of a face check or paper deleted"),
    "face_pictures.swept": N_("Left-over pictures deleted"),
    "card.photographed": N_("Printed card photographed"),
    "case.opened": N_("Case opened"),
    "case.decided": N_("Case decided by a person"),
    "case.superseded": N_("Case ended by a new card"),
    "admission.granted": N_("Let in to the sitting"),
    "locker.corrected": N_("Locker corrected"),
    "absence.noted": N_("Left for a moment"),
    "absence.withdrawn": N_("Absence noted by mistake"),
    "absence.ended": N_("Came back in"),
    "roll_call.ticked": N_("Ticked at a roll call"),
    "gate.ordered": N_("Gate told to open"),
    "gate.confirmed": N_("Second person confirmed opening"),
    "gate.settled": N_("Gate answered"),
    "gate.alarm": N_("Alarm at the gate"),
    "gate.alarm_over": N_("Alarm at the gate is over"),
    "clock.set": N_("The clock was set"),
    "file.altered": N_("A kept file was altered"),
    "device.lost": N_("Device went away"),
    "device.restored": N_("Device is back"),
    "ticket.issued": N_("Queue ticket given"),
    "ticket.reprinted": N_("Queue ticket printed again"),
    "ticket.called": N_("Called"),
    "ticket.recalled": N_("Called again"),
    "ticket.skipped": N_("Did not come"),
    "ticket.held": N_("Put on hold"),
    "ticket.requeued": N_("Waits again"),
    "ticket.seated": N_("At the seat"),
    "seat.taken": N_("Seat given"),
    "seat.left": N_("Left the seat"),
    "seat.broken": N_("Seat out of order"),
    "seat.repaired": N_("Seat in order again"),
    "seat_sign_in.refused": N_("Wrong number at the seat"),
    "lease.granted": N_("Signed in at the seat"),
    "attempt.opened": N_("Attempt opened"),
    "rules.accepted": N_("Rules accepted"),
    "attempt.started": N_("Paper opened"),
    "answer.saved": N_("Answer saved"),
    "answer.filled": N_("Answer of the former seat taken"),
    "answer.refused": N_("Answer after the deadline refused"),
    "sealed_file.refused": N_("Sealed file of another paper refused"),
    "attempt.extended": N_("More time given"),
    "attempt.paused": N_("Exam stands still"),
    "attempt.resumed": N_("Exam goes on"),
    "sitting.paused": N_("Whole room stands still"),
    "sitting.resumed": N_("Whole room goes on"),
    "station.returned": N_("Exam computer is back"),
    "evidence.kept": N_("Picture kept as evidence"),
    "violation.recorded": N_("Violation recorded"),
    "violation.decided": N_("Violation decided"),
    "violation.amended": N_("Decision on a violation corrected"),
    "exam_case.dismissed": N_("Case decided: nothing in it"),
    "warning.shown": N_("Message shown"),
    "warning.acknowledged": N_("Message read"),
    "talk.opened": N_("Invigilator began to speak with the candidate"),
    "talk.closed": N_("Conversation with the invigilator over"),
    "talk.heard": N_("Recorded conversation listened to"),
    "hand.raised": N_("Hand raised"),
    "hand.lowered": N_("Hand lowered"),
    "request.refused": N_("Request of a seat refused"),
    "exam_case.opened": N_("Something noticed at the seat: a case"),
    "exam_case.repeated": N_("Noticed at the seat once more"),
    "capture.taken": N_("Picture taken at the seat"),
    "capture.compared": N_("Picture of the seat looked at by the machine"),
    "seat_check.passed": N_("Face check at the seat passed"),
    "seat_check.handed_over": N_("Face check at the seat: a person decides"),
    "seat_check.asked": N_("Face check at the seat once more"),
    "seat_check.decided": N_("Face check at the seat decided by a person"),
    "exam_case.ended": N_("What was noticed at the seat is over"),
    "attempt.handed_in": N_("Handed in"),
    "paper.marked": N_("Theory marked"),
    "tasks.drawn": N_("Practical tasks drawn"),
    "sheet.signed": N_("Score sheet signed"),
    "sheet.amended": N_("Score sheet corrected"),
    "practical.marked": N_("Practical marked"),
    "verdict.reached": N_("Verdict reached"),
    "verdict.withdrawn": N_("Verdict taken back"),
    "results.released": N_("Results released"),
    "station.inventoried": N_("Exam computer reported itself"),
    "photo.viewed": N_("Photo looked at"),
    "number.revealed": N_("ID number looked at"),
    "timeline.viewed": N_("Record opened"),
    "clip.viewed": N_("Recording watched"),
    "clip.exported": N_("Recording downloaded"),
    "recordings.verified": N_("Recording files checked"),
    "parcel.sealed": N_("Parcel sealed"),
    "parcel.acknowledged": N_("Parcel received by the province"),
    "parcel.refused": N_("Parcel refused by the province"),
    "parcel.requeued": N_("Parcel sent again"),
    "message.refused": N_("Message of the province refused"),
    "contact.lost": N_("Province unreachable"),
    "contact.restored": N_("Province reachable again"),
}

PROCESSES: dict[str, str] = {
    "web": N_("The box"),
    "gate": N_("Entry process"),
    "faces": N_("Face process"),
    "recorder": N_("Recorder"),
    "sync": N_("Sync process"),
    "init": N_("Set-up of the box"),
    "cli": N_("Command line"),
    "demo": N_("Demonstration"),
}


def kind_word(kind: str) -> str:
    """A journal kind in words; an unknown one as it is."""
    return _(KINDS[kind]) if kind in KINDS else kind


def actor_word(actor: str, names: Mapping[str, str]) -> str:
    """Who did it. `names`: what ids of accounts and codes of lanes are called, by id or code.

    An account that is not among them is shown by the last eight digits of its id.
    """
    kind, _colon, name = actor.partition(":")
    if kind == "account":
        return names.get(name) or _("Account {id}").format(id=f"~{name[-8:]}")
    if kind == "lane":
        return names.get(name) or _("Lane {code}").format(code=name)
    if kind == "seat":
        return _("Exam computer {seat}").format(seat=name)
    if kind == "process":
        return _(PROCESSES[name]) if name in PROCESSES else name
    return _("Province") if kind == "province" else actor
