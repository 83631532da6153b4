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


def profiles(camera: Encoded) -> str:
    """GetProfilesResponse: one stream, with the codec it truly has."""
    group = max(1, round(camera.fps * camera.key_every))
    return (
        '<tr2:GetProfilesResponse><tr2:Profiles token="main" fixed="true"><tr2:Name>main</tr2:Name>'
        f'<tr2:Configurations><tr2:VideoEncoder token="encoder" GovLength="{group}" Profile="Main">'
        f"<tt:Name>encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{camera.codec.upper()}</tt:Encoding>"
        "<tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution>"
        f'<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>{camera.fps}</tt:FrameRateLimit>'
        "<tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl><tt:Quality>4</tt:Quality>"
        "</tr2:VideoEncoder></tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>"
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
