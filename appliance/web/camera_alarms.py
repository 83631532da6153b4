"""What is wrong with a camera, and what to do next: the same sentences in the terminal and on every page."""

from collections.abc import Iterable

from appliance.base.evidence_words import gap_cause
from appliance.base.i18n import N_, _
from appliance.flow.coverage import Seen, as_camera, spans
from appliance.rules.coverage import Place, holes
from appliance.wire.cameras import CLOCK_OFF
from appliance.wire.ops import Alarm
from appliance.wire.recorder import CameraStatus

PICTURES = {
    "black": N_("black or covered"),
    "frozen": N_("stands still"),
    "blurred": N_("blurred"),
    "moved": N_("shows another place than when it was set up"),
}
SCREENS = {
    "missing": N_("cannot be read in the picture"),
    "late": N_("is that of an earlier time"),
    "other": N_("is that of another screen"),
    "unknown": N_("is none of this site"),
}
REPORTS = {"tamper": N_("lens covered, blurred or dazzled"), "scene": N_("scene changed")}
ALARMS = REPORTS | PICTURES | {"code": N_("code of the screen not seen")}
"""An alarm in the recorder's index."""
LEAST = (1920, 1080)
"""Smallest picture that is enough."""
NEXT_CAUSE = {
    "camera": N_(
        "Open it under Cameras and check it: password changed, stream switched off, or firmware? Restart the camera."
    ),
    "disk": N_(
        "Nothing can be written: see Storage whether the disk is full, read-only or gone. It goes on by itself then."
    ),
    "stopped": N_("Start exam-recorder again; the gap is kept with its cause."),
}
"""What to do about a camera that records nothing; else its power and cable."""
NEXT_PICTURE = {
    "black": N_("Is the lens covered, or the room dark? Take the cover away, switch the light on."),
    "frozen": N_("Restart the camera; replace it when its picture stands still again."),
    "blurred": N_("Clean the lens and focus it; then check it under Cameras."),
    "moved": N_(
        "Turn it back. If it was moved on purpose: mark its picture and take the reference still again."
    ),
}
NEXT_SCREEN = {
    "missing": N_("Is the screen on, in view, connected to the box? It shows no code while it is cut off."),
    "late": N_(
        "Compare picture and room. If the screen is right, old pictures may be played: touch nothing, call the chief."
    ),
    "other": N_(
        "Compare cable and address of the camera, and the page its screen shows: have two been swapped?"
    ),
    "unknown": N_(
        "Compare picture and room. It passes within a minute when the server's clock was set; else call the chief."
    ),
}


def camera_alarms(cameras: Iterable[CameraStatus]) -> list[Alarm]:
    """Of each camera what a person has to see, worst first. Texts are in the current language."""
    return [alarm for camera in cameras for alarm in _of(camera)]


def not_recording(alarms: Iterable[Alarm]) -> dict[str, Alarm]:
    """Cameras that record nothing though they should, each with what is wrong."""
    return {one.subject: one for one in alarms if one.code == "camera_stopped"}


def without_picture(alarms: Iterable[Alarm]) -> dict[str, Alarm]:
    """Cameras that give no picture now, or would not if their plan asked for one, each with what is wrong."""
    return {one.subject: one for one in alarms if one.code in ("camera_stopped", "camera_unready")}


def cameras_file(fault: str) -> list[Alarm]:
    """The file of the cameras cannot be used: nobody may take it for a site without cameras."""
    if not fault:
        return []
    advice = _(
        "The cameras known last are recorded. Copy cameras.toml.last over it, or restore it from the backup."
    )
    return [Alarm(level="red", code="cameras_file", text=fault, next=advice, subject="recorder")]


def _of(camera: CameraStatus) -> list[Alarm]:
    found = []
    if camera.state not in ("recording", "resting"):
        found.append(_stopped(camera))
    elif unready(camera):
        found.append(_unready(camera))
    elif camera.clock_offset_s is not None and abs(camera.clock_offset_s) > CLOCK_OFF:
        found.append(
            _amber(
                camera,
                "camera_clock",
                (
                    _("Clock of camera {camera} is {seconds} s fast.")
                    if camera.clock_offset_s > 0
                    else _("Clock of camera {camera} is {seconds} s slow.")
                ).format(camera=camera.name, seconds=abs(round(camera.clock_offset_s, 1))),
                _("Open it under Cameras and set its clock to this box's, and its time server too."),
            )
        )
    if camera.state == "recording" and camera.clock_unknown:
        found.append(
            _amber(
                camera,
                "camera_clock_unknown",
                _("Camera {camera} does not tell its time: its clock may be wrong.").format(
                    camera=camera.name
                ),
                _("Check it under Cameras: user, password, and whether ONVIF is switched on."),
            )
        )
    if camera.state == "recording" and camera.width and not _large(camera):
        found.append(
            _amber(
                camera,
                "camera_small",
                _("Camera {camera} records only {width} x {height}.").format(
                    camera=camera.name, width=camera.width, height=camera.height
                ),
                _("Set its main stream to 1920 x 1080 or more; then check it under Cameras."),
            )
        )
    if camera.state == "recording" and camera.deaf:
        found.append(
            _amber(
                camera,
                "camera_deaf",
                _("Camera {camera} lets nobody hear its events.").format(camera=camera.name),
                _("Check it under Cameras: may this user receive events? Restart the camera."),
            )
        )
    if camera.alarms:
        found.append(
            _amber(
                camera,
                "camera_reports",
                _("Camera {camera} itself reports: {alarms}.").format(
                    camera=camera.name, alarms=_(", ").join(_(REPORTS[one]) for one in camera.alarms)
                ),
                _("Look at its picture and its lens; it goes on recording."),
            )
        )
    if camera.reference_lost:
        found.append(
            _amber(
                camera,
                "camera_reference",
                _("The reference still of camera {camera} was altered or is lost.").format(
                    camera=camera.name
                ),
                _(
                    "Find out who did it, then take it again under Cameras: a moved or blurred camera is told by it."
                ),
            )
        )
    if camera.state == "recording" and camera.picture_faults:
        found.append(
            _amber(
                camera,
                "camera_picture",
                _("Picture of camera {camera}: {faults}.").format(
                    camera=camera.name, faults=_(", ").join(_(PICTURES[one]) for one in camera.picture_faults)
                ),
                " ".join(_(NEXT_PICTURE[one]) for one in camera.picture_faults),
            )
        )
    if camera.state == "recording" and camera.screen_code in SCREENS:
        found.append(
            _amber(
                camera,
                "camera_screen_code",
                _("Screen in view of camera {camera}: its code {fault}.").format(
                    camera=camera.name, fault=_(SCREENS[camera.screen_code])
                ),
                _(NEXT_SCREEN[camera.screen_code]),
            )
        )
    if camera.changed:
        found.append(
            _amber(
                camera,
                "camera_files_changed",
                _("Recordings of camera {camera} are not as the recorder left them: {count} files.").format(
                    camera=camera.name, count=camera.changed
                ),
                _("Run examsite recordings verify, which names them; the journal has the fact."),
            )
        )
    if not camera.sealed:
        found.append(
            _amber(
                camera,
                "camera_unsealed",
                _("Recordings of camera {camera} are not sealed.").format(camera=camera.name),
                _(
                    "The clock of the box is wrong, its recording disk takes nothing, or exam-recorder cannot use its"
                    " key: run examsite check, then restart exam-recorder."
                ),
            )
        )
    return found


def _large(camera: CameraStatus) -> bool:
    """More than two million pixels, upright pictures too (site list, item 10)."""
    long, short = max(camera.width, camera.height), min(camera.width, camera.height)
    return long >= LEAST[0] and short >= LEAST[1]


def _stopped(camera: CameraStatus) -> Alarm:
    if camera.state == "connecting" and camera.cause in ("", "stopped", "resting") and not camera.refused:
        text = _("Camera {camera} is being connected.").format(camera=camera.name)
        return _amber(camera, "camera_connecting", text, _("It records within seconds."))
    if camera.refused:
        text = _("Camera {camera} records nothing: it refuses the password.").format(camera=camera.name)
        advice = _("Set its password under Cameras: name, room, address, password. Recording begins at once.")
    else:
        text = _("Camera {camera} records nothing: {cause}.").format(
            camera=camera.name, cause=gap_cause(camera.cause)
        )
        plug = N_("Check power and cable of the camera; the gap is kept with its cause.")
        advice = _(NEXT_CAUSE.get(camera.cause, plug))
    return Alarm(
        level="red",
        code="camera_stopped",
        text=text,
        next=advice,
        since=camera.since,
        subject=camera.camera,
    )


def unready(camera: CameraStatus) -> bool:
    """It rests by its plan, and would record nothing if it had to."""
    return camera.state == "resting" and (camera.refused or camera.unready != "")


def _unready(camera: CameraStatus) -> Alarm:
    """Amber: nothing is lost yet. Who can mend it learns of it before the exam."""
    if camera.refused:
        text = _("Camera {camera} refuses the password.")
        advice = _("Set its password under Cameras: name, room, address, password.")
    elif camera.unready == "network":
        text = _("Camera {camera} does not answer.")
        advice = _("Check power and cable of the camera.")
    else:
        text = _("Camera {camera} answers, and gives no picture.")
        advice = _(NEXT_CAUSE["camera"])
    rests = _("It is not recorded now, by plan; put it right before the exam. {advice}")
    return _amber(camera, "camera_unready", text.format(camera=camera.name), rests.format(advice=advice))


def _amber(camera: CameraStatus, code: str, text: str, advice: str) -> Alarm:
    return Alarm(level="amber", code=code, text=text, next=advice, subject=camera.camera)


def alarms_of(status: CameraStatus) -> list[Alarm]:
    """Of one camera."""
    return camera_alarms([status])


def ill(places: list[Seen], status: dict[str, CameraStatus]) -> dict[str, str]:
    """Code of each place -> its cameras without a usable picture now and the seats no other one sees, in words."""
    found: dict[str, str] = {}
    for place in places:
        bad = [one for one in place.cameras if (told := status.get(one.code)) and _unusable(told)]
        if not bad:
            continue
        words = _("No usable picture right now: {cameras}.").format(
            cameras=_(", ").join(one.name for one in bad)
        )
        left = holes(
            [Place(place.code, place.kind, tuple(place.seats))],
            [as_camera(one) for one in place.cameras if one not in bad],
        )
        lost = next((one.seats or tuple(place.seats) for one in left if one.kind in ("camera", "seat")), ())
        if lost:
            words += " " + _("Seen by no other camera: {seats}.").format(seats=spans(lost))
        found[place.code] = words
    return found


def _unusable(camera: CameraStatus) -> bool:
    """A picture's faults count while it is recorded, as in its alarms: what was seen of one that rests is over."""
    seen = camera.state == "recording" and bool(camera.picture_faults)
    return seen or unready(camera) or any(one.level == "red" for one in alarms_of(camera))
