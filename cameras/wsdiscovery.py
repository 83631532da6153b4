"""WS-Discovery 2005/04 messages, both sides (ONVIF Core, 7). Pure: bytes in, structs out.

Namespaces: SOAP 1.2, WS-Addressing 2004/08, http://schemas.xmlsoap.org/ws/2005/04/discovery.
"""

import uuid
from xml.sax.saxutils import escape

import msgspec

from cameras.safe_xml import parse

GROUP, PORT = "239.255.255.250", 3702
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
LIMIT = 65_536


class Match(msgspec.Struct, frozen=True):
    """One device in an answer. `endpoint`: its lasting name (urn:uuid:...)."""

    endpoint: str
    addresses: list[str]
    scopes: list[str]
    relates_to: str = ""
    types: str = "dn:NetworkVideoTransmitter"

    def scope(self, name: str) -> str:
        """The value of onvif://www.onvif.org/NAME/VALUE, or empty."""
        start = f"onvif://www.onvif.org/{name}/"
        return next((scope[len(start) :] for scope in self.scopes if scope.startswith(start)), "")

    def is_camera(self) -> bool:
        """Does it speak ONVIF? Printers and computers answer a probe for every device as well."""
        told = " ".join([self.types, *self.scopes, *self.addresses]).lower()
        return "networkvideotransmitter" in told or "onvif" in told


def _envelope(action: str, message: str, relates_to: str, to: str, body: str) -> bytes:
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" '
        f'xmlns:d="{DISCOVERY}" xmlns:dn="{NETWORK}"><s:Header><a:MessageID>{message}</a:MessageID>{related}'
        f"<a:To>{to}</a:To><a:Action>{DISCOVERY}/{action}</a:Action></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def probe(message: str = "", types: str = "dn:NetworkVideoTransmitter") -> bytes:
    """A Probe. Empty `types` asks for every device."""
    wanted = f"<d:Types>{types}</d:Types>" if types else ""
    return _envelope(
        "Probe",
        message or f"uuid:{uuid.uuid4()}",
        "",
        "urn:schemas-xmlsoap-org:ws:2005:04:discovery",
        f"<d:Probe>{wanted}</d:Probe>",
    )


def read_probe(datagram: bytes) -> tuple[str, str] | None:
    """Message id and types of a Probe, or None when it is none."""
    root = parse(datagram, LIMIT)
    if root is None:
        return None
    found = root.find(f"{{{SOAP}}}Body/{{{DISCOVERY}}}Probe")
    if found is None:
        return None
    message = (root.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}MessageID") or "").strip()
    return message, (found.findtext(f"{{{DISCOVERY}}}Types") or "").strip()


def wants_cameras(types: str) -> bool:
    """Does a Probe with these types mean cameras? Prefixes are free, so only the names are looked at."""
    names = {name.rpartition(":")[2] for name in types.split()}
    return not names or bool(names & {"NetworkVideoTransmitter", "Device"})


def probe_matches(match: Match, message: str = "") -> bytes:
    """The answer of one device."""
    body = (
        "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>{escape(match.endpoint)}</a:Address></a:EndpointReference>"
        f"<d:Types>{escape(match.types)}</d:Types>"
        f"<d:Scopes>{escape(' '.join(match.scopes))}</d:Scopes>"
        f"<d:XAddrs>{escape(' '.join(match.addresses))}</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches>"
    )
    to = f"{ADDRESSING}/role/anonymous"
    return _envelope("ProbeMatches", message or f"uuid:{uuid.uuid4()}", match.relates_to, to, body)


def read_matches(datagram: bytes) -> list[Match]:
    """The devices named in a ProbeMatches message; empty when it is something else.

    Names count, namespaces do not: some devices answer with those of WS-Discovery 1.1 (2009/01).
    """
    root = parse(datagram, LIMIT)
    if root is None:
        return []
    relates = (root.findtext("{*}Header/{*}RelatesTo") or "").strip()
    found = []
    for item in root.iterfind(".//{*}ProbeMatch"):
        endpoint = item.findtext("{*}EndpointReference/{*}Address") or ""
        addresses = (item.findtext("{*}XAddrs") or "").split()
        scopes = (item.findtext("{*}Scopes") or "").split()
        types = (item.findtext("{*}Types") or "").strip()
        found.append(Match(endpoint.strip(), addresses, scopes, relates, types))
    return found
