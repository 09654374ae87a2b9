"""What cards and card readers say to each other: pure functions and generators, no wire.

`wire` is the messages between a reader's link and its driver. `apdu` puts one command to a card;
`application`, `ndef`, `storage` and `uid` each know one way in which a card tells who it is.
"""
