"""Words of evidence that lacks something: on paper, on the page and in the terminal alike."""

from appliance.base.i18n import N_, _

GAPS = {
    "network": N_("network down"),
    "camera": N_("camera fault"),
    "disk": N_("disk"),
    "stopped": N_("stopped"),
    "resting": N_("not recorded, by plan"),
    "clock": N_("the server's clock was set ahead"),
    "": N_("no cause on record"),
}
"""Causes of gaps in the recordings, as printed."""
WRONG = {
    "altered": N_("altered"),
    "row_altered": N_("not as the chain says"),
    "missing": N_("missing"),
    "unreadable": N_("unreadable"),
    "segment_unreadable": N_("its file is missing or cannot be read"),
    "no_recording": N_("nothing is on record"),
    "file_altered": N_("altered"),
    "no_file": N_("missing"),
    "recording_missing": N_("missing"),
    "recording_deleted": N_("deleted by order"),
    "disk_wanted": N_("its off-line disk is not plugged in"),
    "place_silent": N_("the place where it lies does not answer"),
    "being_fetched": N_("still being fetched"),
    "process_silent": N_("the process that has it does not answer"),
}
"""What a recording or a file was found to be, by the code a package's list has."""


def gap_cause(name: str) -> str:
    """Why there is a gap, as printed."""
    return _(GAPS.get(name, GAPS[""]))


def wrong(code: str) -> str:
    """What is wrong, in words; the code itself where there are none."""
    return _(WRONG[code]) if code in WRONG else code


def unsealed(count: int, sources: int) -> str:
    """That the recorder's signature did not lie over some recordings yet: no fault, and less than a seal."""
    return _(
        "Source recordings not sealed yet when this was given out: {count} of {sources}. So far they are held only by"
        " the index of the exam site's box and by the signature this was given out with. The recorder seals within an"
        " hour: take it again after that if you need it sealed."
    ).format(count=count, sources=sources)


def unended(count: int) -> str:
    """That some recordings were still being written: the index had no hash of them, and no seal could stand there."""
    return _(
        "Source recordings still being written when this was given out: {count}. They are held only by the signature"
        " this was given out with. Take it again once they are written and sealed if you need them sealed."
    ).format(count=count)


def unnamed(stretches: int, seals: int) -> list[str]:
    """What a check of recordings found besides the stretches that are named: how many more, and seals."""
    words = []
    if stretches:
        words.append(_("stretches not named one by one: {count}").format(count=stretches))
    if seals:
        words.append(_("seals that the chain does not have: {count}").format(count=seals))
    return words
