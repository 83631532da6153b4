"""The manuals' pictures from the tests' screenshots: `make pictures`, after `make test test-long`.

What a picture of the manual shows is what the tests saw in the real browser: nothing is drawn by hand. A picture not
named here (`KEPT_BY_HAND`) needs a state that only a whole demonstration day reaches; its recipe stands beside it.
"""

import sys
from pathlib import Path

from PIL import Image

TOP = Path(__file__).parents[1]
SCREENS, PICTURES = TOP / "build" / "screens", TOP / "docs" / "manual" / "pictures"
COLOURS = 128
SOURCES = {
    "cameras-marks": "cameras-marks",
    "cameras-set-up": "cameras-look",
    "candidate-ask": "candidate-ask",
    "candidate-camera": "station-camera-missing",
    "candidate-face-check": "station-face-check",
    "candidate-familiar": "candidate-familiar",
    "candidate-handed-in": "candidate-handed-in",
    "candidate-lost": "candidate-lost",
    "candidate-pass-code": "candidate-pass-code",
    "candidate-question": "candidate-question",
    "candidate-rules": "candidate-rules",
    "candidate-sign-in": "candidate-sign-in",
    "display": "display-1366",
    "entry-card": "desk-card-1366",
    "entry-go": "entry-go",
    "entry-paper": "by-hand-decide",
    "entry-people": "desk-missing",
    "entry-review": "desk-review",
    "entry-roll-call": "roll-call",
    "entry-second": "desk-second",
    "entry-security": "desk-locker",
    "entry-several": "desk-several-wait",
    "entry-staff": "entry-staff",
    "examiner-sheet": "examiner-sheet",
    "examiner-tasks": "examiner-tasks",
    "examiner-veto": "examiner-veto",
    "home": "home",
    "office": "office",
    "questions-analysis": "questions-analysis",
    "questions-analysis-rows": "questions-analysis-rows",
    "questions-bank": "questions-bank",
    "questions-blueprint": "questions-blueprint",
    "questions-compose": "questions-compose",
    "questions-composed": "questions-composed",
    "questions-english": "questions-item-english",
    "questions-report": "questions-report",
    "questions-review": "questions-review",
    "questions-use": "questions-use",
    "room-case": "room-case",
    "room-code": "room-code",
    "room-face-check": "room-face-check",
    "room-many-lost": "room-many-lost",
    "room-seat": "room-seat",
    "roster": "roster",
    "talk": "talk-room",
    "timeline": "timeline",
    "recordings-altered": "timeline-altered",
    "films": "films-gap",
    "films-package": "films-package",
    "violation-new": "violation-new",
    "violations": "violations",
    "waiting": "waiting",
    "waiting-stale": "stale",
}
"""Picture of a manual -> screenshot of a test."""
KEPT_BY_HAND = {
    "parcels": "the inspector's timeline of a handed-in candidate after `make demo`: the card of the parcels",
    "room-start": "the room's page after `make demo ARGS=...` up to the start: 开考 pressed once",
    "tui-open": "`examsite tui` at 100x30 after `make demo`: 2, then o",
    "tui-stations": "`examsite tui` at 100x30 during `make demo`: 3",
    "tui-today": "`examsite tui` at 100x30 during `make demo`: 1",
}


def main() -> None:
    """Copy what the tests made; say what is missing."""
    missing = []
    for name, source in SOURCES.items():
        made = SCREENS / f"{source}.png"
        if not made.exists():
            missing.append(source)
            continue
        with Image.open(made) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(PICTURES / f"{name}.png", optimize=True)
    if missing:
        sys.exit(f"not there: {', '.join(missing)}. Run make test first.")


if __name__ == "__main__":
    main()
