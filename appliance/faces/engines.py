"""Which face engines there are, and how one is loaded."""

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.faces.port import FaceEngine

NAMES = ("dlib", "sface")


def load(name: str, detector: str = "", recogniser: str = "") -> FaceEngine:
    """The engine of that name, loaded: slow (a second) and large (100 MB), once per process.

    `detector`, `recogniser`: model files, for `sface` only. Raises Corrupt `unknown_engine`, Unavailable
    `engine_missing`, `model_missing` or `model_unusable`.
    """
    match name:
        case "dlib":
            from appliance.faces.dlib_engine import DlibEngine

            return DlibEngine()
        case "sface":
            from appliance.faces.sface_engine import SFaceEngine

            return SFaceEngine(detector, recogniser)
    raise Corrupt(
        "unknown_engine",
        N_("There is no face engine {name}."),
        N_("Set faces.engine to one of: {names}."),
        name=name,
        names=", ".join(NAMES),
    )
