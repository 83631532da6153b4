"""Run `examsite ...` inside the test process, as the script does, and catch what it prints."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from appliance.base.i18n import language, set_language
from appliance.cli import build
from appliance.cli.run import choose_language, guarded


def examsite(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error. Chinese unless `--lang` says otherwise."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    line = list(arguments)
    before = language()
    with patch.object(sys, "argv", ["examsite", *line]), redirect_stdout(out), redirect_stderr(err):
        choose_language("zh_CN")
        try:
            status = guarded(build(line), line)
        finally:
            set_language(before)
    out.flush()
    buffer = out.buffer
    assert isinstance(buffer, io.BytesIO)
    return status, buffer.getvalue().decode(), err.getvalue()
