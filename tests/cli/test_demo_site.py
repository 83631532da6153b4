"""The demo's configuration: well-known passwords stay on this machine, and nothing hangs on the reader's PATH."""

import sys
from pathlib import Path

from appliance.cli.demo.site import clear, configure


def test_the_demo_listens_on_loopback_and_names_its_own_python(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    clear(folder)
    settings = configure(folder, 8443).settings
    assert settings.web.host == "127.0.0.1"
    assert settings.faces.photo_decoder[0] == sys.executable
