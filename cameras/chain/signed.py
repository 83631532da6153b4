"""Did exam-recorder sign a seal, with a key the site's authority certified?"""

import base64
import binascii

from appliance.base.crypto import certified_key, verify
from appliance.base.errors import Corrupt
from appliance.wire.recorder import SignedProof
from cameras.chain.link import Seal

PROCESS = "recorder"


def by_recorder(signed: SignedProof, seal: Seal, authority: bytes | None) -> bool:
    """`authority`: PEM certificate of the site's authority; None: nobody can tell, and it counts as signed."""
    if authority is None:
        return True
    try:
        certificate = base64.b64decode(signed.certificate, validate=True)
        key = certified_key(certificate, authority, PROCESS, seal.at)
        return verify(key, bytes.fromhex(signed.signature), signed.body.encode())
    except (Corrupt, ValueError, binascii.Error):
        return False
