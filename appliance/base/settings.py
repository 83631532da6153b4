"""The configuration file: one TOML file, every setting typed, unknown keys refused by name.

The file's path comes from `EXAMSITE_CONFIG` (default `/etc/examsite/examsite.toml`). Durations are seconds.
"""

import os
from pathlib import Path
from typing import Literal

import msgspec
import tomli_w

from appliance.base.camera_settings import Cameras, Part
from appliance.base.camera_settings import CameraSettings as CameraSettings
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.base.printer_address import Address, printer_address
from appliance.base.storage_settings import StorageSettings

DEFAULT_PATH = "/etc/examsite/examsite.toml"


class SiteSettings(Part, kw_only=True, frozen=True):
    """Who and where the box is."""

    code: str
    """The site's code at the province, e.g. `370900-01`."""
    name: str
    """Chinese name as printed on sheets."""
    name_en: str = ""
    state: str = "/var/lib/examsite"
    """Folder of the database, keys, papers and captures."""
    run: str = "/run/examsite"
    """Folder of the UNIX sockets."""
    timezone: str = "Asia/Shanghai"


class DatabaseSettings(Part, kw_only=True, frozen=True):
    """Where facts are kept. Empty url = SQLite in the state folder."""

    url: str = ""
    batch: int = 64


class WebSettings(Part, kw_only=True, frozen=True):
    """The pages and the station API."""

    host: str = "0.0.0.0"
    port: int = 8443
    names: list[str] = []
    """Host names and addresses that the TLS certificate covers."""


class ReaderSettings(Part, kw_only=True, frozen=True):
    """An ID-card reader: a stable device path such as /dev/serial/by-path/..."""

    port: str
    baud: int = 115200


class GateSettings(Part, kw_only=True, frozen=True):
    """A relay board: where it is, the coil of this lane, and what is wired to its inputs."""

    port: str
    """Serial path (Modbus RTU), or `tcp://host:port` (Modbus TCP)."""
    unit: int = 1
    coil: int = 0
    pulse_ms: int = 400
    flash_base: int | None = None
    """First address of the board's timed coils; with it the board itself ends a pulse. None = it has none."""
    baud: int = 9600
    ttl: float = 5.0
    """Seconds after which an order to open that was not carried out is void."""
    door_input: int | None = None
    """Input that tells whether the door (or the passage) is open; None = not wired."""
    fire_input: int | None = None
    """Input of the fire alarm system's signal; None = not wired."""
    door_open_on: bool = True
    fire_on: bool = True
    """Whether the input is on, or off, while the door is open or the fire signal stands (make or break contact)."""
    pass_within: float = 10.0
    """Seconds an opened gate may be used; a door that opens at another time was forced."""
    held_after: float = 20.0
    """Seconds the door may stand open."""


class PrinterSettings(Part, kw_only=True, frozen=True):
    """A lane's ticket printer (ESC/POS)."""

    port: str
    """`tcp://192.168.10.50:9100`, a serial path, or `usb://VENDOR:PRODUCT` (appliance.base.printer_address)."""
    baud: int = 115200
    """Of a serial printer."""
    paper_mm: Literal[80, 58] = 80
    """Width of the roll."""
    answers: bool = True
    """Whether it answers when asked how it is; false for one that only listens."""

    def __post_init__(self) -> None:
        """Raises ValueError when `port` names no printer."""
        printer_address(self.port)

    @property
    def address(self) -> Address:
        """`port`, taken apart."""
        return printer_address(self.port)


class LaneSettings(Part, kw_only=True, frozen=True):
    """One lane at an entrance: reader, camera, gate."""

    code: str
    name: str
    kind: str = "theory"
    """Which sittings it admits to: theory or practical."""
    reader: ReaderSettings
    second_reader: ReaderSettings | None = None
    """A second reader at the same lane: either reads, and one may fail."""
    gate: GateSettings
    printer: PrinterSettings | None = None
    """Prints the queue ticket at each admission; None = the desk prints it as PDF."""
    camera: str
    """Where the live face picture comes from: `usb:0`, `rtsp://...`, or `sim:/path.jpg` (demo sites only)."""


class FaceSettings(Part, kw_only=True, frozen=True):
    """Bands of the face check: distances of the chosen engine. Another engine needs its own calibration."""

    engine: str = "dlib"
    """`dlib` (face_recognition), or `sface` (OpenCV YuNet and SFace) with the two model files below."""
    detector: str = ""
    """YuNet model file (ONNX)."""
    recogniser: str = ""
    """SFace model file (ONNX)."""
    landmarks: str = ""
    """dlib model of 68 points in place of the one that ships, whose training pictures are non-commercial."""
    liveness: float = 0.0
    """Seconds for each liveness challenge at the entrance; 0 = none are asked. 8 is a good value."""
    keep_days: int = 1096
    """Days for which pictures of face checks are kept, encrypted; then they are deleted and the journal says so."""
    admit_below: float = 0.45
    review_below: float = 0.60
    timeout: float = 8.0
    photo_decoder: list[str] = []
    """Command that turns the chip's photo block (stdin) into a picture (stdout); none by default."""

    @property
    def models(self) -> tuple[str, str, str]:
        """Files of detector, recogniser and landmarks; empty for those that ship."""
        return self.detector, self.recogniser, self.landmarks


class EntrySettings(Part, kw_only=True, frozen=True):
    """Entrance rules."""

    opens_before: int = 3600
    """Seconds before the start at which admission opens."""
    closes_after: int = 900
    """Seconds after the start at which entry closes and the absent freeze."""
    security_check: bool = False
    """Nobody goes in, or back in, before a member of staff made the security check and noted the locker."""


class ExamTypeSettings(Part, kw_only=True, frozen=True):
    """What one exam type does otherwise; what is left out is as in [exam]."""

    start: Literal["together", "entering"] | None = None
    latest_end: int | None = None
    earliest_leaving: int | None = None
    early_hand_in: bool | None = None
    sign_in: Literal["seat", "code"] | None = None
    result: Literal["at_once", "later", "never"] | None = None
    time_lost: Literal["counts", "given_back"] | None = None


class ExamSettings(Part, kw_only=True, frozen=True):
    """Rules of the exams (appliance/rules/exam_rules.py)."""

    start: Literal["together", "entering"] = "together"
    latest_end: int = 900
    """With `entering`: seconds after the sitting's duration by which everybody ends."""
    earliest_leaving: int = 0
    """Seconds after the start before which nobody hands in; 0 = at any time, else not below entry.closes_after."""
    early_hand_in: bool = True
    sign_in: Literal["seat", "code"] = "seat"
    """`code`: also at a free seat, with ID or ticket number and the sitting's pass code."""
    result: Literal["at_once", "later", "never"] = "at_once"
    time_lost: Literal["counts", "given_back"] = "given_back"
    types: dict[str, ExamTypeSettings] = {}
    """By the key of the trade catalogue."""


class RecorderSettings(Part, kw_only=True, frozen=True):
    """The recorder's own store."""

    media: str = "/var/lib/examsite-media"
    own_disk: bool = False
    """The media folder is a disk of its own: nothing is recorded while it is not mounted, and exams keep their disk."""
    cameras_file: str = ""
    """The cameras set up by page or command line, written by exam-recorder; empty: in the state folder."""
    segment: float = 60.0
    fragment: float = 2.0
    card: Literal["between_sittings", "always", "off"] = "between_sittings"
    """When gaps are filled by the box itself from the cameras' own cards (ONVIF Profile G)."""
    card_after_min: float = 5.0
    """Minutes a camera must be back before its card is asked."""
    card_mib: float = 2.0
    """MiB a second at most that are read from a card."""
    leaving_min: int = 10
    """Minutes for which the cameras of entrances and waiting rooms belong to a candidate's recordings after the
    paper is handed in and after the seat is released: nobody puts down a card when leaving. 0 = none.
    """


class ProvinceSettings(Part, kw_only=True, frozen=True):
    """The far end; empty url = a site without a line."""

    url: str = ""
    certificate: str = ""
    """CA certificate (PEM) the province's server is checked against."""
    key: str = ""
    """The province's public signing key (PEM), for rosters and receipts."""
    token_file: str = ""
    interval: float = 30.0
    timeout: float = 10.0


class StationSettings(Part, kw_only=True, frozen=True):
    """Exam computers."""

    lost_after: float = 30.0
    """Seconds without a heartbeat after which a station is shown as lost."""
    many_lost_least: int = 3
    many_lost_share: float = 0.2
    """So many stations, and this share of those somebody writes at: then the room page offers a pause of the room."""
    reload_most: float = 30.0
    """Seconds an exam page may be away, loaded anew or after a crash, before that is a case."""
    grace: float = 900.0
    """Seconds after the deadline in which answers kept by a station are still taken."""
    policies: str = "/etc/chromium/policies/managed"
    face_check: bool = False
    """A face check at the seat after the sign-in, before the pledge (人脸复核)."""
    face_check_again: bool = True
    """With it: once more after a crash, a cut line or at another seat; false = once in an exam."""


class CaptureSettings(Part, kw_only=True, frozen=True):
    """Pictures an exam page takes at random moments, compared by exam-faces (random re-checks)."""

    every: float = 900.0
    """The longest time in seconds between two captures, at most 900; the box draws each interval. 0 = none."""
    device_model: str = ""
    """Detector of phones and other devices (ONNX, docs/faces.md); empty = the site has none."""
    device_classes: str = ""
    """What the detector knows: one class in each line of this text file, in its order."""
    devices: list[str] = msgspec.field(
        default_factory=lambda: ["cell phone", "laptop", "remote", "book", "headphones"]
    )
    """Classes that are a case when seen at a seat; empty = every class of the file."""
    device_score: float = 0.5
    """How sure the detector has to be, 0..1."""

    def __post_init__(self) -> None:
        """Raises ValueError for an interval nobody may set."""
        if self.every and not 30 <= self.every <= 900:
            raise ValueError("captures.every is 0 or 30 to 900 seconds")

    @property
    def models(self) -> tuple[str, str]:
        """Files of the device detector; empty for none."""
        return self.device_model, self.device_classes


class VoiceSettings(Part, kw_only=True, frozen=True):
    """Spoken announcements."""

    engine: str = "espeak"
    speed: int = 150


class Settings(Part, kw_only=True, frozen=True):
    """The whole file."""

    site: SiteSettings
    database: DatabaseSettings = DatabaseSettings()
    web: WebSettings = WebSettings()
    lanes: list[LaneSettings] = []
    faces: FaceSettings = FaceSettings()
    entry: EntrySettings = EntrySettings()
    exam: ExamSettings = ExamSettings()
    cameras: list[CameraSettings] = []
    recorder: RecorderSettings = RecorderSettings()
    storage: StorageSettings = StorageSettings()
    province: ProvinceSettings = ProvinceSettings()
    station: StationSettings = StationSettings()
    captures: CaptureSettings = CaptureSettings()
    voice: VoiceSettings = VoiceSettings()

    @property
    def state(self) -> Path:
        """The state folder."""
        return Path(self.site.state)

    @property
    def cameras_file(self) -> Path:
        """Where exam-recorder keeps the cameras it was told of."""
        return Path(self.recorder.cameras_file or self.state / "cameras" / "cameras.toml")

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the site database."""
        return self.database.url or f"sqlite:///{self.state / 'site.db'}"

    def socket(self, process: str) -> Path:
        """The UNIX socket of a process: `gate`, `recorder`, `clips`, `sync`, `faces`."""
        return Path(self.site.run) / f"{process}.sock"


def config_path() -> Path:
    """Where the configuration file lies."""
    return Path(os.environ.get("EXAMSITE_CONFIG", DEFAULT_PATH))


def load(path: Path | None = None) -> Settings:
    """Read and check the file. Raises NotFound or Corrupt with the offending key."""
    path = path or config_path()
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        raise NotFound(
            "no_settings",
            N_("The configuration file {path} does not exist."),
            N_("Run examsite init, or name the file in EXAMSITE_CONFIG."),
            path=str(path),
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(
            "bad_settings",
            N_("The configuration file {path} cannot be used: {detail}"),
            N_("Correct the named line and start again."),
            path=str(path),
            detail=str(error),
        ) from error
    return msgspec.structs.replace(found, cameras=Cameras(found.cameras, found.cameras_file))


def dump(settings: Settings) -> bytes:
    """The file that would give these settings; what is None is left out."""

    def clean(value: object) -> object:
        if isinstance(value, dict):
            return {name: clean(one) for name, one in value.items() if one is not None}
        return [clean(one) for one in value] if isinstance(value, list) else value

    document = clean(msgspec.to_builtins(settings))
    assert isinstance(document, dict)
    return tomli_w.dumps(document).encode()
