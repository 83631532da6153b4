"""A form that asks once: a few fields, sent with Enter on the last one; a refusal stays in the form."""

from collections.abc import Awaitable, Callable

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Checkbox, Input, Static

from appliance.base.errors import ExamError
from appliance.base.i18n import N_, _
from ops_tui.widgets.dialog import Dialog


class Field(msgspec.Struct, frozen=True):
    """One field. `label`: in the reader's language. `needed`: the form is not sent without it."""

    name: str
    label: str
    secret: bool = False
    needed: bool = True
    tick: bool = False
    value: str = ""


Send = Callable[[dict[str, str]], Awaitable[str]]


class Ask(Dialog[str | None]):
    """Closes with the sentence that `send` returned, or None when it was left."""

    BINDINGS = [Binding("ctrl+s", "send", N_("send"), show=False, priority=True)]

    def __init__(self, title: str, hint: str, fields: list[Field], send: Send) -> None:
        super().__init__()
        self._title, self._hint, self._fields, self._send = title, hint, fields, send
        self._sending = False

    def compose(self) -> ComposeResult:
        """Title, fields, a line for refusals."""
        with VerticalScroll(can_focus=False):
            yield Static(Content(self._title), classes="title")
            for field in self._fields:
                if field.tick:
                    yield Checkbox(field.label, value=bool(field.value), id=f"field-{field.name}")
                    continue
                star = " *" if field.needed else ""
                yield Static(Content(field.label + star), classes="label")
                yield Input(
                    field.value, password=field.secret, id=f"field-{field.name}", select_on_focus=False
                )
            yield Static(Content(self._hint), classes="hint")
            yield Static("", classes="wrong")
            yield Static(
                Content(_("Enter: next field, on the last one send. Ctrl+S: send. Esc: leave.")),
                classes="hint",
            )

    def on_mount(self) -> None:
        """Begin at the first empty field."""
        inputs = list(self.query(Input))
        next((one for one in inputs if not one.value), inputs[0]).focus()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: to the next field; send on the last."""
        inputs = list(self.query(Input))
        at = inputs.index(event.input)
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
        else:
            await self.action_send()

    async def action_send(self) -> None:
        """Send what was typed, once at a time."""
        values = {}
        for field in self._fields:
            if field.tick:
                values[field.name] = "1" if self.query_one(f"#field-{field.name}", Checkbox).value else ""
                continue
            one = self.query_one(f"#field-{field.name}", Input)
            values[field.name] = one.value if field.secret else one.value.strip()
            if field.needed and not values[field.name]:
                self._wrong(_("Please fill in: {field}").format(field=field.label))
                one.focus()
                return
        if self._sending:
            return
        self._sending = True
        self._wrong(_("Sending ..."))
        try:
            answer = await self._send(values)
        except ExamError as error:
            self._wrong(f"{error.text()} {error.next_text()}".strip())
        else:
            self.dismiss(answer)
        finally:
            self._sending = False

    def _wrong(self, text: str) -> None:
        self.query_one(".wrong", Static).update(Content(text))
