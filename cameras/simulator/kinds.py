"""What can be chosen of a simulated camera. Light: the command line needs it before PyAV is loaded."""

from typing import Literal

Scene = Literal["theory", "practical", "entrance"]
"""What its picture shows."""
Authentication = Literal["token", "digest", "both", "none"]
"""How it asks for the password: WS-Security token, HTTP digest, either, or not at all."""
Codec = Literal["h264", "h265"]
Media = Literal["both", "media1", "media2"]
"""Which of ONVIF's media services it has."""
View = Literal["normal", "black", "blurred", "turned"]
"""What its lens does: covered, out of focus, turned away. Its own clock is drawn into the picture all the same."""
MISBEHAVIOURS = (
    *("frozen", "stalled", "silent", "unplugged", "drop", "jump", "bitrate", "reboot", "clock", "password"),
    *("empty-options", "black", "blurred", "turned", "tamper", "scene", "motion"),
)
"""Names of what it does badly on request (cameras/simulator/misbehave.py)."""
