"""The second person: their own password, its count of failures, and an account that is not theirs yet."""

import pytest

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow import accounts
from appliance.flow.accounts import LOCK, TRIES, second_person
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.records.accounts import Account
from tests.flow.test_entry import person

RIGHT = "a good password"


async def code_of(box: Box, login: str, password: str) -> str:
    try:
        await confirm_second(box, login, password)
    except Refused as refused:
        return refused.code
    return ""


async def test_a_right_password_clears_the_count(box: Box) -> None:
    person(box, "two", "entry")
    for _ in range(3):
        for _ in range(TRIES - 1):
            assert await code_of(box, "two", "a wrong password") == "wrong_second_password"
        assert await code_of(box, "two", RIGHT) == ""
    assert await code_of(box, "nobody", RIGHT) == "wrong_second_password"


async def test_a_locked_account_is_told(box: Box, clock: FakeClock) -> None:
    who = person(box, "two", "entry")
    for _ in range(TRIES):
        assert await code_of(box, "two", "a wrong password") == "wrong_second_password"
    assert await code_of(box, "two", RIGHT) == "second_locked"
    assert await code_of(box, "two", "a wrong password") == "second_locked"
    with pytest.raises(Refused) as refused:
        await accounts.sign_in(box, "two", RIGHT, "127.0.0.1")
    assert refused.value.code == "account_locked", "one count for both"
    clock.advance(LOCK.total_seconds() + 1)
    assert await code_of(box, "two", RIGHT) == ""
    kept = await box.db.read(lambda s: s.get_one(Account, who.account))
    assert (kept.failures, kept.locked_until) == (0, None)


async def test_a_password_somebody_else_gave_out_confirms_nothing(box: Box) -> None:
    one = person(box, "one", "entry")
    hashed = accounts.hash_password(RIGHT)
    args = (box, "new", "new", "entry", hashed, "process:test", True)
    await box.db.write(accounts.add_account, *args)
    assert await code_of(box, "new", RIGHT) == "second_change_password"
    assert await code_of(box, "new", "a wrong password") == "wrong_second_password"
    with pytest.raises(Refused) as refused:
        await box.db.read(second_person, one, "new", ("entry",))
    assert refused.value.code == "second_change_password"
    await box.db.write(accounts.set_password, box, "new", hashed, "account:x")
    assert await code_of(box, "new", RIGHT) == ""
