"""Every picture the box keeps can be shown, the chip's own included."""

import pytest

from appliance.base.errors import NotFound
from appliance.faces import demo_people
from appliance.faces.demo_photo import pack, unpack
from appliance.web.media import kind_of


def test_pictures_are_named_by_their_first_bytes() -> None:
    portrait = demo_people.portrait("hopper")
    assert kind_of(portrait) == "image/jpeg"
    assert kind_of(unpack(pack(portrait))) == "image/webp"
    with pytest.raises(NotFound):
        kind_of(b"<script>")
