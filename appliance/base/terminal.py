"""Who sits at the terminal."""

import os
import pwd


def person() -> str:
    """`cli:NAME` for the journal: who called sudo, else the account that runs this. No variable names it freely."""
    return f"cli:{os.environ.get('SUDO_USER') or pwd.getpwuid(os.getuid()).pw_name}"
