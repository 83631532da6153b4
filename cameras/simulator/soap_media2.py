"""Media2 answers of a simulated camera (ONVIF Media2, ver20). Pure."""

from typing import Protocol
from xml.sax.saxutils import escape

from cameras.media2 import MEDIA2
from cameras.simulator.kinds import Codec


class Encoded(Protocol):
    """What of a camera the answers tell."""

    codec: Codec
    fps: int
    key_every: float
    empty_options: bool
    stream: str
    snapshot: str
    second: str


SECOND_SIZE, SECOND_FPS = (640, 360), 5
"""The second stream, where there is one."""


def profiles(camera: Encoded) -> str:
    """GetProfilesResponse: one stream or two, with the codec they truly have."""
    group = max(1, round(camera.fps * camera.key_every))
    told = _profile(camera.codec, "main", 1920, 1080, camera.fps, group, 4096)
    if camera.second:
        told += _profile(camera.codec, "sub", *SECOND_SIZE, SECOND_FPS, SECOND_FPS, 384)
    return f"<tr2:GetProfilesResponse>{told}</tr2:GetProfilesResponse>"


def _profile(codec: Codec, token: str, width: int, height: int, fps: int, group: int, kbps: int) -> str:
    return (
        f'<tr2:Profiles token="{token}" fixed="true"><tr2:Name>{token}</tr2:Name>'
        f'<tr2:Configurations><tr2:VideoEncoder token="encoder" GovLength="{group}" Profile="Main">'
        f"<tt:Name>encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{codec.upper()}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
        f'<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>{fps}</tt:FrameRateLimit>'
        f"<tt:BitrateLimit>{kbps}</tt:BitrateLimit></tt:RateControl><tt:Quality>4</tt:Quality>"
        "</tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
    )


def options(camera: Encoded) -> str:
    """GetVideoEncoderConfigurationOptionsResponse, empty when the camera is of that kind."""
    inside = (
        '<tr2:Options GovLengthRange="1 250" FrameRatesSupported="25 15 10">'
        f"<tt:Encoding>{camera.codec.upper()}</tt:Encoding>"
        "<tt:QualityRange><tt:Min>1</tt:Min><tt:Max>6</tt:Max></tt:QualityRange>"
        "<tt:ResolutionsAvailable><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:ResolutionsAvailable>"
        "<tt:BitrateRange><tt:Min>64</tt:Min><tt:Max>8192</tt:Max></tt:BitrateRange></tr2:Options>"
    )
    shown = "" if camera.empty_options else inside
    return (
        "<tr2:GetVideoEncoderConfigurationOptionsResponse>"
        f"{shown}</tr2:GetVideoEncoderConfigurationOptionsResponse>"
    )


def address(operation: str, uri: str) -> str:
    """GetStreamUriResponse or GetSnapshotUriResponse."""
    return f"<tr2:{operation}Response><tr2:Uri>{escape(uri)}</tr2:Uri></tr2:{operation}Response>"


PLAIN = {"GetProfiles": profiles, "GetVideoEncoderConfigurationOptions": options}
PER_PROFILE = {
    "GetStreamUri": lambda camera: address("GetStreamUri", camera.stream),
    "GetSnapshotUri": lambda camera: address("GetSnapshotUri", camera.snapshot),
}
__all__ = ["MEDIA2", "PER_PROFILE", "PLAIN"]
