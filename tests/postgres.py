"""A private PostgreSQL for tests: Debian's binaries, its own user, a folder outside the clone, a UNIX socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path:
    """Debian's newest PostgreSQL; a test machine without it is not set up."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if not found:
        raise RuntimeError("PostgreSQL is missing: run make setup")
    return found[-1].parent


@contextmanager
def server() -> Iterator[str]:
    """Start a server; yields a SQLAlchemy URL up to and including the slash before the database's name."""
    folder = Path(tempfile.mkdtemp(prefix="examsite-pg-"))
    user: str | None = None
    if os.geteuid() == 0:
        user = "postgres" if _exists("postgres") else "nobody"
        shutil.chown(folder, user)
    folder.chmod(0o755)
    name = user or pwd.getpwuid(os.geteuid()).pw_name

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, env={"LC_ALL": "C.UTF-8"}
        )

    data = folder / "data"
    run(str(binaries() / "initdb"), "-D", str(data), "-A", "trust", "-U", name, "-E", "UTF8", "--no-sync")
    # The machine does not lose its power in a test: what was written stays in the kernel, whoever is killed.
    quick = "-c fsync=off -c full_page_writes=off"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=60 {quick}"
    run(str(binaries() / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://{name}@/{{database}}?host={folder}"
    finally:
        run(str(binaries() / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
