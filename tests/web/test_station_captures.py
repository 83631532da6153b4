"""What a seat may send: its own pictures, as JPEG, of a sensible size, and only when it may."""

import ssl
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.base.settings import CaptureSettings
from appliance.flow.box import keys
from appliance.records.captures import Capture
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.wire.station import CAPTURE_MOST
from tests.web.day import build
from tests.web.day_server import Running

pytestmark = pytest.mark.long
API = "/station/api"
JPEG = b"\xff\xd8\xff" + bytes(1000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A day whose exam page takes captures."""
    day = build(tmp_path_factory.mktemp("day"))
    day.settings = msgspec.structs.replace(day.settings, captures=CaptureSettings(every=30))
    found = Running(day)
    found.start()
    yield found
    found.stop()


def test_only_ones_own_pictures_of_a_sensible_size(site: Running) -> None:
    def somebody(session: Session) -> tuple[str, str]:
        """Who sits and has not signed in: the draw of the seats may leave one of these free."""
        taken = select(SeatTaking).where(col(SeatTaking.seat).in_(("T1-09", "T1-44")))
        here = session.exec(taken.where(SeatTaking.sitting == site.day.theory)).first()
        assert here
        address = session.get_one(Seat, here.seat).address
        return address or "", session.get_one(Candidate, here.candidate).last_four

    trust = ssl.create_default_context(cafile=str(keys(site.day.settings) / "authority.pem"))
    address, digits = site.box.db.read_now(somebody)
    transport = httpx.HTTPTransport(verify=trust, local_address=address)
    with httpx.Client(base_url=site.url, transport=transport, timeout=30) as http:
        attempt = http.post(f"{API}/sign-in", json={"last_four": digits}).json()
        proof = {"x-csrf-token": attempt["csrf"], "content-type": "image/jpeg"}
        asked = {
            "id": new_id(),
            "attempt": attempt["attempt"],
            "lease": str(attempt["lease"]),
            "at": attempt["now"],
        }

        def sent(body: bytes = JPEG, headers: dict[str, str] = proof, **more: str) -> httpx.Response:
            return http.post(f"{API}/capture", params=asked | more, content=body, headers=headers)

        assert sent().json()["code"] == "not_running"
        http.post(f"{API}/rules", json={}, headers={"x-csrf-token": attempt["csrf"]})
        assert sent(headers={"content-type": "image/jpeg"}).json()["code"] == "csrf"
        assert sent(attempt=new_id()).json()["code"] == "not_your_attempt"
        assert sent(number="99").json()["code"] == "capture_not_due"
        assert sent(body=b"GIF89a").json()["code"] == "bad_capture"
        assert sent(at="2026-11-21T01:00:00").json()["code"] == "bad_capture"
        assert sent(body=JPEG + bytes(CAPTURE_MOST)).status_code == 413
        assert sent().status_code == 204 and sent().status_code == 204, "a lost reply: kept once"
        assert http.post(f"{API}/camera", json={"state": "broken"}, headers=proof).status_code == 400
        state = {"x-csrf-token": attempt["csrf"]}
        assert http.post(f"{API}/camera", json={"state": "silent"}, headers=state).status_code == 204
        http.cookies.clear()
        assert sent().status_code == 401
    assert len(site.box.db.read_now(lambda s: s.exec(select(Capture)).all())) == 1
