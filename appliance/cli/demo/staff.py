"""A member of staff at a browser, as the demo plays them: real pages, real sessions, real forms over TLS."""

import re
import ssl
import uuid
from typing import Any

import httpx

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.cli.demo.site import PASSWORD, DemoSite

TOKEN = re.compile(r'name="_csrf_token" value="([0-9a-f]+)"')


class Staff:
    """One signed-in account."""

    def __init__(self, site: DemoSite, login: str) -> None:
        self.login = login
        tls = ssl.create_default_context(cafile=str(site.authority))
        self._client = httpx.Client(base_url=site.url, verify=tls, timeout=30, follow_redirects=True)
        page = self._client.get("/sign-in")
        found = TOKEN.search(page.text)
        if not found:
            raise Unavailable("no_sign_in", N_("The sign-in page does not answer as expected."))
        self._token = found.group(1)
        form = {"login": login, "password": PASSWORD, "next": "/", "_csrf_token": self._token}
        self._checked(self._client.post("/sign-in", data=form))

    def get(self, path: str, **query: Any) -> httpx.Response:
        """A page or file."""
        return self._checked(self._client.get(path, params=query))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form."""
        headers = {"x-csrf-token": self._token, "hx-request": "true"}
        return self._checked(self._client.post(path, data=data or {}, headers=headers, **more))

    def try_post(self, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        """Send a form that may be refused."""
        headers = {"x-csrf-token": self._token, "accept": "application/json"}
        return self._client.post(path, data=data or {}, headers=headers)

    def close(self) -> None:
        """Leave."""
        self._client.close()

    @staticmethod
    def command() -> str:
        """A fresh command id, as a page makes one."""
        return uuid.uuid4().hex

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise Unavailable(
                "page_refused",
                N_("{path} answered {status}: {detail}"),
                path=answer.request.url.path,
                status=answer.status_code,
                detail=re.sub(r"<[^>]+>|\s+", " ", answer.text)[:300],
            )
        return answer
