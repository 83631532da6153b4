"""docs/faults.md: every fault that was promised has a row with its test, and every test named there exists."""

import ast
import re
from functools import cache

import pytest

from tests.house.tree import TOP, tree

FAULTS = (
    "unreadable workbook",
    "unknown heading",
    "duplicate ID number",
    "bad check digit",
    "card frame with a bad checksum",
    "card frame cut in half",
    "reader unplugged in the middle of a read and plugged in again",
    "no face",
    "two faces",
    "gate not answering",
    "ticket printer without paper, or silent",
    "camera unplugged",
    "picture black, frozen, blurred or of another place",
    "a camera refuses its password",
    "a camera that rests by its plan is unplugged, or its password is another one",
    "a camera that starts refuses its right password for a moment",
    "a camera records less than 1920 x 1080",
    "a seat, a workplace or a door no camera sees; no camera from the front or the back",
    "a camera is taken away, or its code given to another one",
    "a camera reports tampering or another scene",
    "code of a screen missing, late or of another screen",
    "a camera, or a machine at its address, sends us on to another address, or wants the password in clear",
    "the file of the cameras is gone or cannot be read",
    "pictures of the live view stop",
    "the index of the recordings is lost, damaged or older than the recordings",
    "the index of three years is lost",
    "a file of the chain cannot be read while a lost index is built again",
    "somebody deletes a recording and enters it in the archive's list as deleted or moved",
    "the journal does not answer when recordings are verified on the box",
    "certificates of the box's keys come to their end",
    "a page of the index is torn, by a power cut or a dying disk",
    "recordings are gone, or foreign files or rows lie there, when the recorder starts or while it runs",
    "the newest recordings are cut off together with their seals, or another chain lies in their place",
    "a camera's sound cannot be kept",
    "a camera's pictures stop while its sound goes on",
    "the disk loses what it had taken, and says so once",
    "a begun file, a folder or a chain on the recording disk cannot be read (a bad sector)",
    "somebody puts a film and a row still open in the index into a gap",
    "somebody puts a film into the past, with its row and its link in the chain",
    "a film that no camera made is laid among the recordings",
    "a kill, a power cut or a full disk while the chain begins a file; a chain lost or unreadable at a start",
    "somebody takes seals out of the index, whose file has them",
    "the box's clock is wrong by years when it starts",
    "the recordings' disk is pulled out while everything runs, and put in again",
    "a second exam-recorder is started on the same recordings",
    "somebody alters recordings, index, chain or seals",
    "a recording is gone, wiped or altered when a clip or package is made of it",
    "a recording cannot be read to its end while a clip is given out",
    "the disk a recording is exported to is full, write-protected or pulled out",
    "somebody alters a recording together with its row in the index",
    "recordings lie in object storage when a clip is asked for",
    "exam-clips is silent, or its newest picture old, while screens show codes",
    "the box's clock is set back while screens show codes",
    "the recordings' disk is full, read-only, broken or taken away",
    "the power goes while cameras record",
    "the box's clock is set while cameras record",
    "the box's clock is set while a camera is away, or back before a running sitting",
    "rows and files of recordings are gone beside a gap with a cause",
    "a camera is away for an hour, or all at once",
    "a gap that the camera's own card can fill",
    "province refusing a parcel",
    "cable out for minutes over the end of the exam",
    "clock of an exam computer wrong by a day",
    "no paper for a candidate when the exam starts",
    "the box refuses a hand-in",
    "cable out while waiting or in a pause",
    "the exam page in two tabs",
    "back button",
    "disk of the box full",
    "tampered seed",
    "tampered request",
    "key of sealed papers not there at the start",
    "wrong or mistyped code of sealed papers",
    "sealed papers altered or not come",
    "sealed files of a paper altered on the way or in the browser",
    "another candidate's attempt id",
    "a seat without an admission",
    "coming after entry has closed",
    "many stations lose the line at once (switch, power of a row)",
    "the box restarts while the exam is paused",
    "a station is gone for minutes and comes back",
    "the room camera gives no picture while evidence is kept",
    "camera of a seat missing, not allowed, or without a picture",
    "captures while the box or exam-faces is away",
    "detector of devices named and not there, or of another shape",
    "line lost while the invigilator speaks with a candidate",
    "the recording disk fills up",
    "no room for the recordings of a coming sitting",
    "a kept recording is missing or altered",
    "the recording disk is lost and a new one begins, or its chain is cut short",
    "a plugged-in disk has a wrong inventory, rotten files, or links",
    "the list of archived recordings is lost or damaged",
    "the box's clock is years wrong when recordings are deleted, or was when they were made",
    "a hold is put while exam-archive stands still, or while files go; a site database comes back from before it",
    "exam-archive cannot do something again and again, or hangs in a network disk",
    "a place of copies is unplugged or silent",
    "a recording lies on an off-line disk",
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
HAN = re.compile(r"[\u3400-\u9fff]")


def long_running() -> list[str]:
    """Units of the box that never end by themselves."""
    units = (TOP / "systemd").glob("exam-*.service")
    return sorted(one.stem for one in units if "Restart=always" in one.read_text("utf-8"))


def faults() -> list[str]:
    return [*FAULTS, *(f"SIGKILL of {unit}" for unit in long_running())]


@cache
def rows() -> dict[str, list[str]]:
    """Fault -> the other cells of its row: who is told, the sentence, what is kept, the tests."""
    found = {}
    for line in (TOP / "docs/faults.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and len(cells) == 5 and cells[0] != "fault":
            assert cells[0] not in found, f"two rows for {cells[0]}"
            found[cells[0]] = cells[1:]
    return found


def functions(path: str) -> set[str]:
    """Every function of a file, wherever it stands."""
    return {
        node.name
        for node in ast.walk(tree(TOP / path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_box_has_processes() -> None:
    assert len(long_running()) >= 6


@pytest.mark.parametrize("fault", faults())
def test_every_fault_has_its_row(fault: str) -> None:
    assert fault in rows(), "docs/faults.md has no row for it"
    told, sentence, kept, tests = rows()[fault]
    assert told and sentence and kept
    assert sentence == "the same" or HAN.search(sentence), "the sentence as it is shown"
    assert NAMED.search(tests), "no test is named"


def test_every_row_is_a_fault_of_the_list() -> None:
    assert set(rows()) == set(faults()), "add a new fault to FAULTS"


@pytest.mark.parametrize("fault", faults())
def test_every_named_test_exists(fault: str) -> None:
    cell = rows()[fault][3]
    named = NAMED.findall(cell)
    assert len(named) == cell.count("`") // 2, f"not a test: {cell}"
    for path, name in named:
        assert (TOP / path).is_file() and name in functions(path), f"there is no {path}::{name}"
