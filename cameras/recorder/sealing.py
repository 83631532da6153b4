"""Seals: the newest link of each camera's chain, signed by exam-recorder every hour and after each sitting."""

import base64
import hashlib
import logging
import sqlite3
import time
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base.crypto import Signer, read_secret
from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.wire.orders import Orders
from appliance.wire.recorder import SignedProof
from cameras.chain import FOLDER, BadLine, Seal, read_seal
from cameras.chain.files import SEALS
from cameras.index import Index
from cameras.recorder.facts import CLOCK_STEP

log = logging.getLogger("examsite.recorder")

PROCESS = "recorder"
EVERY = 3600.0
"""Seconds from one seal of a camera to the next."""
CLOSED_BY = 2.0
"""Segments after which the one that was being written when a sitting ended is closed for certain."""
FAILED = 7200.0
"""Seconds without the seals that were due after which people are told."""
AFTER_STEP = 10.0
"""Seconds after which what was being recorded when the clock was set is closed, and gets its seal."""
LATE = timedelta(hours=12)
"""A sitting that ended longer ago was sealed with the hours."""


class Sealer:
    """Makes the seals that are due. Without the box's keys it makes none and says so once."""

    def __init__(self, settings: Settings, index: Index) -> None:
        self._index = index
        self._segment = timedelta(seconds=settings.recorder.segment * CLOSED_BY)
        self._hour: float | None = None
        self._offset: float | None = None
        """The wall clock minus the monotonic one at the last round."""
        self._well = time.monotonic()
        """When nothing that was due was left without its seal."""
        self._wrong_clock = False
        self._lacking: set[str] = set()
        """Cameras of whose seals the index has lost some: they get no more until it has them again, at a start."""
        self._signer: Signer | None = None
        folder = settings.state / "keys"
        try:
            self._signer = Signer.load(folder / f"{PROCESS}.key")
            certificate = x509.load_pem_x509_certificate(read_secret(folder / f"{PROCESS}.pem"))
            self._holds = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            self._certificate = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
            self._site = read_site(settings.state).code
        except (ExamError, ValueError) as error:
            self._signer = None
            log.warning("recordings are chained and not sealed: %s", error)

    def able(self, monotonic: float) -> bool:
        """Do the recordings get their seals? Not without a key, under a clock at which it does not hold, not while the
        index lacks some of a camera, and not when they have failed for hours.
        """
        held_up = self._wrong_clock or bool(self._lacking)
        return self._signer is not None and not held_up and monotonic - self._well < FAILED

    def round(self, cameras: list[str], orders: Orders | None, now: datetime, monotonic: float) -> None:
        """Seal what is due: every camera each hour, and once after each sitting of the orders."""
        if self._signer is None:
            return
        well = True
        self._lacking &= set(cameras)  # one that was taken away holds up no other
        before, self._offset = self._offset, now.timestamp() - monotonic
        if self._hour is not None and before is not None and abs(self._offset - before) > CLOCK_STEP:
            # By the new clock what was recorded just before is hours old, as if seals had been taken out.
            self._hour = min(self._hour, monotonic - EVERY + AFTER_STEP)
        if self._hour is None or monotonic - self._hour >= EVERY:
            kept = [self.seal(camera, now) for camera in cameras]
            if well := all(kept):  # else the next round tries again
                self._hour = monotonic
        for sitting in orders.sittings if orders else []:
            ended = sitting.ended_at
            if ended is None or not now - LATE < ended <= now - self._segment:
                continue
            sealed = self._index.sealed_for(sitting.id)
            for camera in cameras:
                if camera not in sealed:
                    well = self.seal(camera, now, sitting.id) and well
        if well:
            self._well = monotonic

    def seal(self, camera: str, now: datetime, sitting: str = "") -> bool:
        """Sign the newest link of a camera; for the hour only when there is a new one. False: it could not be kept, and
        is tried again soon.

        Nothing is signed while the seals' file has more than the index: somebody took seals out of the index, and what
        he may have done to the chain before would be signed too.
        """
        head = self._index.chain_head(camera)
        if self._signer is None or head is None:
            return True
        number, sealed_n, line = self._index.last_seal(camera) or (0, 0, "")
        if sealed_n == head[0] and not sitting:
            return True
        if self._lost(camera, number, line):
            if camera not in self._lacking:  # said once a time, not every few seconds after a sitting
                path = f"{FOLDER}/{camera}/{SEALS}#{number + 1}"
                self._index.find(now, "seals_lost", path, f"the index ends with seal {number}")
                log.error("camera %s: the index lacks seals that their file has; nothing is sealed", camera)
            self._lacking.add(camera)
            return True
        self._lacking.discard(camera)
        if not self._in_time(now):
            return False
        previous = msgspec.json.decode(line, type=SignedProof).body if line else ""
        seal = Seal(
            site=self._site,
            camera=camera,
            number=number + 1,
            previous=hashlib.sha256(previous.encode()).hexdigest() if previous else "",
            n=head[0],
            head=head[1].hex(),
            at=now,
            sitting=sitting,
        )
        body = msgspec.json.encode(seal)
        signed = SignedProof(
            body=body.decode(), signature=self._signer.sign(body).hex(), certificate=self._certificate
        )
        try:
            self._index.keep_seal(seal, msgspec.json.encode(signed) + b"\n")
        except sqlite3.Error as error:
            log.error("camera %s: the seal cannot be kept: %s", camera, error)
            return False
        return True

    def _in_time(self, now: datetime) -> bool:
        """A seal made under a clock at which the certificate does not hold would count as forged for ever: the box may
        have started without a battery for its clock.
        """
        begins, ends = self._holds
        if not begins <= now <= ends and not self._wrong_clock:
            log.error("nothing is sealed under this clock: the certificate holds from %s to %s", begins, ends)
        self._wrong_clock = not begins <= now <= ends
        return not self._wrong_clock

    def _lost(self, camera: str, number: int, line: str) -> bool:
        """Does the file end with a later seal than the index, or with another one of this number?"""
        try:
            filed = self._index.chain.newest_seal(camera)
            last = read_seal(filed)[1].number if filed else 0
        except (OSError, BadLine) as error:
            log.error("camera %s: its seals cannot be read: %s", camera, error)
            return False
        return last > number or (last == number > 0 and filed != line.encode())
