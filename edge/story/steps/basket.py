"""What is bought and by whom, as a deed says it: `2 bread`, `0.435 kg ham`, `1 bread at 5.00`."""

from decimal import Decimal, InvalidOperation

from edge.shop.basket import Basket, Line, Product, line
from edge.shop.declined import Declined
from edge.shop.pricing import check
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene


def buyer(scene: Scene, said: Phrases) -> str | None:
    """Take `for ann` and return the member's id; a sale for nobody is a guest's."""
    name = said.after("for")
    return scene.id(name) if name else None


def basket(scene: Scene, said: Phrases, member: str | None) -> Basket | Declined:
    """Take all phrases that are left: each is a line."""
    lines: list[Line] = []
    for words in said.rest():
        made = _line(scene, words)
        if isinstance(made, Declined):
            return made
        lines.append(made)
    whole = Basket(tuple(lines), scene.home.member(member) if member else None)
    return check(whole, scene.rules) or whole


def product(scene: Scene, name: str) -> Product:
    """Return the product with this id. Raises StoryError if the story gives none."""
    if name not in scene.given.products:
        raise StoryError(f"no product is called {name!r}")
    return scene.given.products[name]


def _line(scene: Scene, words: list[str]) -> Line | Declined:
    own = None
    if len(words) > 2 and words[-2] == "at":
        own, words = scene.money(words[-1]), words[:-2]
        if own < 0:
            raise StoryError("a price is zero or more")
    quantity, *rest = words
    try:
        count = Decimal(quantity)
    except InvalidOperation:
        count, rest = Decimal(1), words
    if len(rest) > 2 or not rest:
        raise StoryError(f"do not know what {' '.join(words)!r} means: write `2 bread`")
    found = product(scene, rest[-1])
    if len(rest) == 2 and rest[0] != found.unit:
        raise StoryError(f"{found.id} is sold by the {found.unit}, not by the {rest[0]}")
    return line(found, found.id, count, own, scene.rules.bundle.rounding)
