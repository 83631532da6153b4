"""What can be chosen of a simulated camera. Light: the command line needs it before PyAV is loaded."""

from typing import Literal

Scene = Literal["theory", "practical", "entrance"]
"""What its picture shows."""
Authentication = Literal["token", "digest", "both", "none"]
"""How it asks for the password: WS-Security token, HTTP digest, either, or not at all."""
Codec = Literal["h264", "h265"]
Sound = Literal["none", "g711a", "g711u", "aac"]
"""What is heard beside its picture."""
Media = Literal["both", "media1", "media2"]
"""Which of ONVIF's media services it has."""
CardMode = Literal["normal", "none", "empty", "stops", "times"]
"""How its card behaves: well; as if there were no Profile G; empty; stops in the middle of a replay; wrong times."""
View = Literal["normal", "black", "blurred", "turned"]
"""What its lens does: covered, out of focus, turned away. Its own clock is drawn into the picture all the same."""
MISBEHAVIOURS = (
    *("frozen", "hung", "stalled", "silent", "unplugged", "drop", "jump", "bitrate", "reboot", "clock"),
    *("password", "empty-options", "black", "blurred", "turned", "tamper", "scene", "motion"),
    *("card-none", "card-empty", "card-stops", "card-times"),
)
"""Names of what it does badly on request (cameras/simulator/misbehave.py)."""
