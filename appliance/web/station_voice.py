"""A question read aloud at the seat, made on request and kept nowhere: it is part of a paper."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from appliance.flow.box import Box
from appliance.flow.item_reading import item_reading
from appliance.voice.announce import load
from appliance.voice.reading import Reading
from appliance.web.station import OPEN, token_of
from appliance.web.station_refusals import noting

Asked = Request[Any, Any, Any]


@get("/voice/{position:int}", opt=OPEN)
async def get_voice(
    request: Asked,
    box: NamedDependency[Box],
    position: FromPath[int],
    language: FromQuery[Literal["zh", "en"]] = "zh",
) -> Response[bytes]:
    """A WAV file of the question at `position`."""

    async def read() -> Reading:
        return await box.db.read(item_reading, box, token_of(request), position, language)

    reading = await noting(request, box, read)
    settings = box.settings.voice

    def render() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "item.wav"
            load(settings.engine, settings.speed, reading.language).render(reading, target)
            return target.read_bytes()

    return Response(await asyncio.to_thread(render), media_type="audio/wav")


PATHS = [get_voice]
