"""How SOAP travels to one camera: to this host only, never redirected, never longer or later than allowed.

The adapter below sees every request, also those that the digest authentication and the libraries above send by
themselves, so no answer of a camera can carry the password to another host.
"""

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from zeep import transports

CONNECT_TIMEOUT, OPERATION_TIMEOUT = 5.0, 10.0
"""Seconds to connect, and for a whole answer."""
ANSWER_LIMIT = 2 * 1024 * 1024
"""Bytes of one answer; a camera's longest (options of all encoders) are a few hundred thousand."""


class ForeignHost(requests.RequestException):
    """A request was about to go to another host than the camera's."""


class _Pinned(HTTPAdapter):
    """Sends to `host` only, reads an answer whole within its time and size."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host.lower()

    def send(self, request: requests.PreparedRequest, *_more: Any, **more: Any) -> requests.Response:
        if (urlsplit(request.url or "").hostname or "").lower() != self._host:
            raise ForeignHost(f"not sent to {urlsplit(request.url or '').netloc}")
        ends = time.monotonic() + OPERATION_TIMEOUT
        asked: dict[str, Any] = {**more, "stream": True, "timeout": (CONNECT_TIMEOUT, OPERATION_TIMEOUT)}
        response = super().send(request, **asked)
        body = bytearray()
        try:
            # One read per arrival: a camera that drips bytes does not get more time with each of them.
            while chunk := response.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise requests.exceptions.ContentDecodingError("the answer is too long")
                if time.monotonic() > ends:
                    raise requests.ReadTimeout("the answer does not end")
        except OSError as error:
            raise requests.ConnectionError(error) from error
        except requests.RequestException:
            raise
        except Exception as error:  # urllib3's own errors are no OSError
            raise requests.ConnectionError(error) from error
        finally:
            response.close()
        response._content = bytes(body)
        return response


def transport(host: str, user: str = "", password: str = "") -> Any:
    """A zeep transport to this host. An empty user: anonymous."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    if user:
        session.auth = HTTPDigestAuth(user, password)
    make: Any = transports.Transport
    made = make(session=session, timeout=CONNECT_TIMEOUT, operation_timeout=OPERATION_TIMEOUT)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Pinned(host))
    return made
