"""What the face worker saw, judged and kept: the pictures as sealed files, the rest for the decision."""

import hashlib

from appliance.flow.admit import FaceTaken, PhotoHeld
from appliance.flow.box import Box
from appliance.rules import facecheck
from appliance.wire.faceworker import Looked, Reference


def face_taken(
    box: Box, looked: Looked, references: list[Reference], undecoded: str, lost: PhotoHeld | None = None
) -> FaceTaken:
    """Keeps files: call it before the transaction. `undecoded`: why the chip's photograph could not be used.

    `lost`: the kept photograph that was altered on the disk; then a person decides, however good the rest is.
    """
    settings = box.settings.faces
    cause = "camera_silent" if looked.cause == "camera_missing" else looked.cause
    found = facecheck.judge(
        [facecheck.Compared(one.kind, one.distance, one.cause) for one in looked.compared],
        settings.admit_below,
        settings.review_below,
        cause,  # type: ignore[arg-type]
        alive=looked.liveness in ("", "passed"),
    )
    if lost and found.band != "mismatch":
        found = facecheck.Finding("review", "photo_altered", found.kind, found.distance)
    used = next((one for one in references if one.kind == found.kind), None) or next(iter(references), None)
    names = {one.kind: hashlib.sha256(one.picture).hexdigest() for one in references}
    held = [PhotoHeld("chip", cause=undecoded)] if undecoded else []
    held += [lost] if lost else []
    held += [PhotoHeld(one.kind, names[one.kind], one.distance, one.cause) for one in looked.compared]
    return FaceTaken(
        engine=looked.engine,
        version=looked.version,
        reference=used.kind if used else "",
        band=found.band,
        code=found.code,
        distance=found.distance,
        reference_photo=box.files.put(used.picture, secret=True) if used else "",
        live_photo=box.files.put(looked.live, secret=True) if looked.live else "",
        held=held,
        liveness=looked.liveness,
    )
