"""What can be chosen of a simulated camera. Light: the command line needs it before PyAV is loaded."""

from typing import Literal

Scene = Literal["theory", "practical", "entrance"]
"""What its picture shows."""
Authentication = Literal["token", "digest", "both", "none"]
"""How it asks for the password: WS-Security token, HTTP digest, either, or not at all."""
