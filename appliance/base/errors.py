"""The closed list of error kinds, each with a stable code, a sentence for the person and what to do next.

Mapped once to HTTP problem+json (web), once to the TUI and once to CLI exit codes. The sentence and the next
step are gettext message ids: they are translated where they are shown, in the reader's language.
"""

from typing import Any

from appliance.base.i18n import N_, translate


class ExamError(Exception):
    """Base of all errors the product raises on purpose.

    `code` is stable and machine-readable; `message` and `next_step` are English message ids that may hold
    `{name}` fields filled from `params`.
    """

    http_status = 500
    exit_status = 2

    def __init__(self, code: str, message: str, next_step: str = "", **params: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.params = params

    def text(self, language: str | None = None) -> str:
        """The sentence in `language` (default: the current one)."""
        return translate(self.message, language).format(**self.params)

    def next_text(self, language: str | None = None) -> str:
        """What to do next, in `language`; empty when nothing is to be done."""
        return translate(self.next_step, language).format(**self.params) if self.next_step else ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message.format(**self.params)}"


class Refused(ExamError):
    """A rule said no."""

    http_status = 403
    exit_status = 4


class NotFound(ExamError):
    """The thing asked for does not exist."""

    http_status = 404
    exit_status = 2


class Conflict(ExamError):
    """Something else has already taken place that excludes this."""

    http_status = 409
    exit_status = 4


class Stale(ExamError):
    """The sender's view is behind; `expected` is the number the box expects next."""

    http_status = 409
    exit_status = 4

    def __init__(self, expected: int, code: str = "stale") -> None:
        super().__init__(
            code,
            N_("The box expects entry {expected}."),
            N_("The page sends again from there by itself."),
            expected=expected,
        )
        self.expected = expected


class Unavailable(ExamError):
    """A part cannot answer now; try again after `retry_after` seconds."""

    http_status = 503
    exit_status = 3

    def __init__(
        self, code: str, message: str, next_step: str = "", retry_after: float = 5.0, **params: Any
    ) -> None:
        super().__init__(code, message, next_step, **params)
        self.retry_after = retry_after


class Corrupt(ExamError):
    """Input or stored data that cannot be what it claims to be."""

    http_status = 422
    exit_status = 2


class DeviceFault(ExamError):
    """A device failed. `permanent` says that trying again without a person's help is useless."""

    http_status = 503
    exit_status = 3

    def __init__(
        self, code: str, message: str, next_step: str = "", permanent: bool = False, **params: Any
    ) -> None:
        super().__init__(code, message, next_step, **params)
        self.permanent = permanent
