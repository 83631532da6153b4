"""What the person before the camera is told, by code: shown on the entry screen and spoken.

Codes of `faces.quality` and `faces.liveness`. Nothing heavy is imported here: pages use it too.
"""

from appliance.base.i18n import N_

SENTENCES: dict[str, str] = {
    "no_face": N_("Nobody is seen. Please stand before the camera without mask or hat, and look at it."),
    "two_faces": N_("Only one person, please. Others wait behind the line."),
    "too_far": N_("Please come closer."),
    "too_dark": N_("Your face is too dark. Please turn towards the light."),
    "too_bright": N_("Your face is too bright. Please step out of the glare."),
    "covered": N_("Please take off mask, dark glasses or hat."),
    "turned": N_("Please look straight into the camera."),
    "blurred": N_("Please hold still."),
    "look_straight": N_("Please look straight into the camera and close your mouth."),
    "open_mouth": N_("Please open your mouth slowly, then close it."),
    "turn_left": N_("Please turn your head slowly to your left, then back."),
    "turn_right": N_("Please turn your head slowly to your right, then back."),
    "blink": N_("Please blink once."),
}
"""Code -> sentence, as message ids."""
