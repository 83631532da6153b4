"""What several tests of question banks begin with: their staff, a bank whose items are approved, a sitting."""

import pytest

from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.box import Box
from appliance.records.questions import QuestionBank
from tests.question_banks import approve_all, staff, table, take
from tests.world import World, seed


@pytest.fixture
def people(box: Box) -> dict[str, Who]:
    """Authors, office and head of the site, by login."""
    return staff(box)


@pytest.fixture
def bank(box: Box, people: dict[str, Who]) -> QuestionBank:
    """A bank whose items are all approved."""
    bank = box.db.write_now(add_bank, box, "内部考核", "low_voltage", "exam", people["author"])
    take(box, bank, people["author"], table())
    approve_all(box, bank, people["author2"])
    return bank


@pytest.fixture
def world(box: Box) -> World:
    """Three candidates of a sitting without papers."""
    return box.db.write_now(seed, box, 3, papers=False)
