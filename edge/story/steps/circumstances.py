"""When, where and by whom a deed is done, as its phrases say it.

... | cashier 12 | seller mia | approved by boss | terminal handheld | offline | training
"""

from edge.shop.operations.made import Made
from edge.story.deed import Phrases
from edge.story.scene import Scene


def circumstances(scene: Scene, said: Phrases, deed: str) -> Made:
    """Take what is said of the circumstances; the rest is as the story's place and time have it."""
    return scene.home.made(
        deed,
        cashier=said.say("cashier", default="07"),
        seller=said.say("seller") or None,
        approved_by=said.say("approved", "by") or None,
        online=not said.flag("offline"),
        terminal_kind=said.say("terminal", default="pc_pos"),
        training=said.flag("training"),
    )
