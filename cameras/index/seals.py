"""The newest seal of each camera, as the index has it."""

import msgspec

from appliance.wire.recorder import SignedProof
from appliance.wire.seals import SealedHead
from cameras.chain import Seal
from cameras.index.reader import Reader


def newest_seals(index: Reader) -> list[SealedHead]:
    """One for each camera that has any."""
    found = []
    for camera in index.cameras():
        if newest := index.last_seal(camera):
            seal = msgspec.json.decode(msgspec.json.decode(newest[2], type=SignedProof).body, type=Seal)
            found.append(
                SealedHead(
                    camera=camera,
                    number=seal.number,
                    n=seal.n,
                    head=seal.head,
                    at=seal.at,
                    sitting=seal.sitting,
                )
            )
    return found
