"""Logs to standard error, with the priorities journald understands; ID numbers never reach them."""

import logging
import os
import re
import sys

NUMBER = re.compile(r"(?<![0-9])([0-9]{4})[0-9]{10}([0-9]{3}[0-9Xx])(?![0-9Xx])")
PRIORITY = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def masked(text: str) -> str:
    """The text with every 18-character ID number as 3709**********1234."""
    return NUMBER.sub(r"\g<1>**********\g<2>", text)


class Line(logging.Formatter):
    """One entry: `<priority>` under journald, else the time."""

    def __init__(self, journald: bool) -> None:
        super().__init__(
            "%(name)s: %(message)s" if journald else "%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        """Masked, a priority before each line."""
        text = masked(super().format(record))
        if not self._journald:
            return text
        mark = f"<{PRIORITY.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in text.splitlines())


def configure(process: str, level: int = logging.INFO) -> None:
    """Set logging up for one process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(journald="JOURNAL_STREAM" in os.environ))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for loud in ("httpx", "httpcore", "zeep", "pymodbus", "uvicorn.access", "alembic"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    logging.getLogger("examsite").debug("logging of %s", process)
