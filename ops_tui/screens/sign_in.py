"""The first question: who is at this terminal?"""

from collections.abc import Awaitable, Callable

from appliance.base.i18n import _
from ops_tui.widgets.ask import Ask, Field

SignIn = Callable[[str, str], Awaitable[str]]


class SignInDialog(Ask):
    """Login and password; Esc leaves the program, since there is nothing to see without them."""

    def __init__(self, url: str, login: str, why: str, sign_in: SignIn) -> None:
        async def send(values: dict[str, str]) -> str:
            return await sign_in(values["login"], values["password"])

        super().__init__(
            _("Sign in to the box at {url}").format(url=url),
            why or _("For the head of the site and the system administrator."),
            [Field("login", _("Login"), value=login), Field("password", _("Password"), secret=True)],
            send,
        )

    def action_close(self) -> None:
        """Esc: leave."""
        self.app.exit()
