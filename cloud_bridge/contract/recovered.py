"""A fact that came back to the box that had made and lost it."""

from cloud_bridge.contract.deed import DeedFact


class RecoveredFact(DeedFact, frozen=True, kw_only=True, tag="recovered.v1"):
    """A page of another epoch, which the box had lost and the cloud gave back.

    As a deed it moves what the lost one moved. Whoever has recorded that one already, by its
    `hash`, has counted it. The fields from `epoch` on are the lost page's; `body` is its JSON.
    """

    epoch: int
    sequence: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    body: str
    answer: str
    previous: str
    hash: str
