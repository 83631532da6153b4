"""A password somebody else made opens nothing but the page that replaces it."""

import ssl

import httpx

from appliance.flow import accounts
from appliance.flow.box import keys
from appliance.web.sessions import counts_as_use
from tests.web.conftest import csrf
from tests.web.day_server import Running

MADE, OWN = "made-by-the-admin", "only-i-know-this"


def browser(day: Running) -> httpx.Client:
    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    return httpx.Client(base_url=day.url, verify=trust, headers={"accept": "text/html"}, trust_env=False)


def sign_in(client: httpx.Client, login: str, password: str) -> httpx.Response:
    token = csrf(client.get("/sign-in").text)
    form = {"login": login, "password": password, "_csrf_token": token, "next": "/desk"}
    return client.post("/sign-in", data=form)


def test_nothing_is_open_before_the_own_password_is_set(day: Running) -> None:
    hashed = accounts.hash_password(MADE)
    day.box.db.write_now(
        accounts.add_account, day.box, "newcomer", "新人", "entry", hashed, "process:test", must_change=True
    )
    with browser(day) as client:
        assert sign_in(client, "newcomer", MADE).status_code == 303
        assert client.get("/desk").headers["location"] == "/password"
        token = csrf(client.get("/password").text)
        for first, second, code in (("short", "short", 403), (OWN, OWN + "x", 403), (OWN, OWN, 303)):
            form = {"first": first, "second": second, "_csrf_token": token}
            answer = client.post("/password", data=form)
            assert answer.status_code == code
        assert "密码已设好，请用新密码登录。" in client.get(answer.headers["location"]).text
        assert "/sign-in" in client.get("/desk").headers["location"]
        assert sign_in(client, "newcomer", MADE).status_code == 403
        assert sign_in(client, "newcomer", OWN).status_code == 303
        assert client.get("/desk").status_code == 200


def test_the_own_password_is_changed_with_the_old_one_only(day: Running) -> None:
    hashed = accounts.hash_password(OWN)
    day.box.db.write_now(accounts.add_account, day.box, "settled", "老人", "entry", hashed, "process:test")
    with browser(day) as client:
        assert sign_in(client, "settled", OWN).status_code == 303
        page = client.get("/password").text
        assert 'name="old"' in page
        form = {"first": OWN + "2", "second": OWN + "2", "_csrf_token": csrf(page)}
        for old in ({}, {"old": "wrong"}, {"old": MADE}):
            assert client.post("/password", data=form | old).status_code == 403
        assert client.post("/password", data=form | {"old": OWN}).status_code == 303
        assert sign_in(client, "settled", OWN).status_code == 403
        assert sign_in(client, "settled", OWN + "2").status_code == 303
        token = csrf(client.get("/password").text)
        form |= {"_csrf_token": token, "old": "wrong"}
        for _ in range(accounts.TRIES):
            client.post("/password", data=form)
        locked = client.post("/password", data=form | {"old": OWN + "2"})
        assert locked.status_code == 403, "an open browser is no way to try passwords"


def test_the_terminal_is_closed_as_well(day: Running) -> None:
    hashed = accounts.hash_password(MADE)
    day.box.db.write_now(
        accounts.add_account,
        day.box,
        "newadmin",
        "新管理员",
        "admin",
        hashed,
        "process:test",
        must_change=True,
    )
    with browser(day) as client:
        answer = client.post(
            "/ops/sign-in",
            json={"login": "newadmin", "password": MADE},
            headers={"accept": "application/json"},
        )
        assert answer.status_code == 403 and answer.json()["code"] == "change_password_first"


def test_a_page_that_refreshes_itself_is_nobody_at_work() -> None:
    assert counts_as_use({}, "invigilator")
    assert not counts_as_use({"x-refresh": "1"}, "invigilator")
    assert not counts_as_use({}, "invigilator", passive=True)
    assert counts_as_use({"x-refresh": "1"}, "display")
