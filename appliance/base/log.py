"""Log set-up: standard error, one line per record, journald priorities, and no ID number in clear.

journald reads a leading `<N>` as the priority (sd-daemon(3)); on a terminal the level's name stands there.
Whatever a record says, identity numbers of 18 characters, old ones of 15 digits (they hold a date of birth)
and a foreigner's permit of 2017 (three letters, twelve digits) leave only their first six and last characters: a
log is no place for personal data.
"""

import logging
import os
import re
import sys

PRIORITY = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}

_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[0-9]{17}[0-9Xx]"
    r"|[1-9][0-9]{5}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}"
    r"|[A-Z]{3}[0-9]{12})"
    r"(?![0-9A-Za-z])"
)


def mask(text: str) -> str:
    """`text` with every identity number masked: `110101***********X`."""
    return _NUMBER.sub(lambda found: found[0][:6] + "*" * (len(found[0]) - 7) + found[0][-1], text)


class Lines(logging.Formatter):
    """Formats a record as `<6>web: text`; line feeds inside stay in one record under journald."""

    def __init__(self, process: str, journald: bool) -> None:
        super().__init__("%(message)s")
        self._process = process
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        """The masked line; exceptions follow on lines of the same priority."""
        text = mask(super().format(record))
        if self._journald:
            level = PRIORITY.get(record.levelno, 6)
            return "\n".join(f"<{level}>{self._process}: {line}" for line in text.splitlines() or [""])
        stamp = self.formatTime(record, "%H:%M:%S")
        return f"{stamp} {self._process} {record.levelname.lower()}: {text}"


def configure(process: str, level: int = logging.INFO) -> None:
    """Send every record of this process to standard error. Call once, at the start of a process."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(Lines(process, journald="JOURNAL_STREAM" in os.environ))
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "zeep", "pymodbus", "libav", "PIL", "fontTools", "weasyprint"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
