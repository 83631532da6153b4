"""The newest compliance report of each camera, kept by exam-recorder beside the cameras' file: one JSON file each."""

import logging
from pathlib import Path

import msgspec

from appliance.base.settings import Settings
from appliance.wire.cameras import CheckReport, GetReports, KeepReports, Reports, Saved
from cameras.kept import CODE, write_whole

log = logging.getLogger("examsite.recorder")


class ReportStore:
    """Written whole, so that a power cut leaves the one before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.cameras_file.with_name("checks.d")

    def keep(self, report: CheckReport) -> None:
        """In place of the one before. What cannot be written is said in the log: recording goes on."""
        if not CODE.fullmatch(report.camera):
            return  # the code is a file's name here
        try:
            write_whole(self._path(report.camera), msgspec.json.encode(report))
        except OSError as error:
            log.error("the report of camera %s cannot be kept: %s", report.camera, error)

    async def take(self, order: KeepReports) -> Saved:
        """KeepReports: of cameras that are kept here."""
        known = {one.code for one in self._settings.cameras}
        for report in order.reports:
            if report.camera in known:
                self.keep(report)
        return Saved(camera="")

    async def get(self, _asked: GetReports) -> Reports:
        """GetReports: of every camera that has one."""
        found = [self._read(one.code) for one in self._settings.cameras]
        return Reports(reports=[one for one in found if one])

    def _read(self, code: str) -> CheckReport | None:
        if not CODE.fullmatch(code):
            return None
        try:
            return msgspec.json.decode(self._path(code).read_bytes(), type=CheckReport)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.error("the report of camera %s cannot be read: %s", code, error)
            return None

    def _path(self, code: str) -> Path:
        return self._folder / f"{code}.json"
