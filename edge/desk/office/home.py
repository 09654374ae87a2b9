"""What an owner brings in by hand: signed rules, and the price list of a box without a cloud.

bundle_install  a signed bundle, as a cloud would send it
products        the price list, whole: what is not in it is not sold any more
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from cloud_bridge.contract import Changes, Product
from edge.bundles import Bundles
from edge.desk.answer import OK, Answer, refuse
from edge.directory import Directory
from edge.durable import remove_file, write_file
from edge.refusals import Language, Refusal
from edge.world import World

LIST_FILE = "price-list.json"
"""The last price list, so that a directory that is damaged can be made again."""


class ProductList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole price list."""

    products: Annotated[tuple[Product, ...], Meta(min_length=1, max_length=100_000)]
    lang: Language = "zh"


class Installed(msgspec.Struct, frozen=True):
    """The rules in force now."""

    version: int
    hash: str


class Listed(msgspec.Struct, frozen=True):
    """The price book now: its version, and how many products it has, and no longer has."""

    price_book: int
    products: int
    gone: int


class HomeOffice:
    """Takes rules and prices. Where this box `is_home`, there is no cloud to bring prices."""

    def __init__(
        self,
        folder: Path,
        world: World,
        bundles: Bundles,
        directory: Directory,
        offload: Callable[[Callable[[], None]], Awaitable[None]],
        *,
        is_home: Callable[[], bool],
        lang: Language,
    ) -> None:
        self._path = folder / LIST_FILE
        self._world, self._bundles, self._directory = world, bundles, directory
        self._offload, self._is_home, self._lang = offload, is_home, lang

    async def install(self, payload: bytes) -> Answer:
        """Put signed rules in force. E-BUNDLE-REFUSED says why not; the old ones stay."""
        refused = self._bundles.offer(payload, self._world.now())
        current = self._bundles.current
        if refused is not None or current is None:
            code, _, said = (refused or "").partition(": ")
            return refuse(Refusal("E-BUNDLE-REFUSED", {"reason": code, "said": said}), self._lang)
        return Answer(OK, msgspec.json.encode(Installed(current.bundle.version, current.hash)))

    async def products(self, payload: bytes) -> Answer:
        """Take a price list in place of the one before. E-HAS-CLOUD where a cloud brings it."""
        asked = msgspec.json.decode(payload, type=ProductList)
        if not self._is_home():
            return refuse(Refusal("E-HAS-CLOUD"), asked.lang)
        kept = {product.id for product in asked.products}
        gone = [
            msgspec.structs.replace(product, deleted=True)
            for product in self._listed()
            if product.id not in kept
        ]
        version = self._directory.price_book + 1
        listed = (*gone, *asked.products)
        write_file(self._path, msgspec.json.encode(asked.products))
        await asyncio.shield(self._offload(lambda: self._list(listed, version)))
        told = Listed(version, len(asked.products), len(gone))
        return Answer(OK, msgspec.json.encode(told))

    def restore(self) -> None:
        """Bring the directory in line with the last price list (blocking).

        At the start, and when the home has moved.

        One that had to be made anew gets it again. A box that has joined a cloud since forgets
        it, before it asks for the cloud's: nothing is sold at an old price of its own.
        """
        listed, is_home = self._listed(), self._is_home()
        if is_home and listed and not self._directory.price_book:
            self._list(listed, 1)
        elif listed and not is_home:
            self._list([msgspec.structs.replace(each, deleted=True) for each in listed], 0)
            remove_file(self._path)

    def _list(self, products: Sequence[Product], price_book: int) -> None:
        cursor = self._directory.cursor
        self._directory.apply(
            Changes(changes=tuple(products), cursor=cursor, more=False, price_book=price_book)
        )

    def _listed(self) -> tuple[Product, ...]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Product, ...])
        except (FileNotFoundError, msgspec.DecodeError, UnicodeError):
            return ()
