"""The footer: keys of this screen, in the reader's language."""

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import _

NAMES = {"slash": "/", "question_mark": "?", "enter": "Enter", "escape": "Esc", "space": "Space"}


class Keys(Static):
    """One line of keys. Descriptions of bindings are message ids."""

    DEFAULT_CSS = (
        "Keys { dock: bottom; height: 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }"
    )

    def __init__(self, bindings: list[Binding]) -> None:
        line = Content("")
        for binding in bindings:
            if not binding.show:
                continue
            key = binding.key_display or NAMES.get(binding.key, binding.key)
            line = line + Content.styled(f" {key}", "bold") + Content(f" {_(binding.description)} ")
        super().__init__(line)
