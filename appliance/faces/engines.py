"""Which face engines there are, and how one is loaded."""

from collections.abc import Callable

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.faces.port import FaceEngine


def load(name: str) -> FaceEngine:
    """The engine of that name, loaded: slow (a second) and large (100 MB), once per process."""
    if name not in _ENGINES:
        raise Corrupt(
            "unknown_engine",
            N_("There is no face engine {name}."),
            N_("Set faces.engine to one of: {names}."),
            name=name,
            names=", ".join(sorted(_ENGINES)),
        )
    return _ENGINES[name]()


def _dlib() -> FaceEngine:
    from appliance.faces.dlib_engine import DlibEngine

    return DlibEngine()


_ENGINES: dict[str, Callable[[], FaceEngine]] = {"dlib": _dlib}
