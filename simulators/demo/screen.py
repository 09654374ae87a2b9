"""The store on one calm screen: pure pictures of a scene, drawn ten times a second.

The pictures are functions of the scene and the room there is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.align import Align
from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulators.demo.scene import Answer, Scene, Spot, Who, clock
from simulators.demo.words import money

FRAME_SECONDS = 0.1
RECEIPT_COLUMNS = 32
LANE_COLUMNS = RECEIPT_COLUMNS + 6
WIDE_COLUMNS = 100
"""Narrower screens put the tills one above the other, as many as there is room for."""
TALL_ROWS = 28
PANEL_ROWS = 2
DISPLAY_ROWS, DISPLAY_COLUMNS = 3, 20
SUM_ROWS = 5
"""What a till shows besides the goods: member, line, saved, total, sold."""
HEADER_ROWS = 4
TONES = {"plain": "", "good": "green", "bad": "yellow", "quiet": "dim"}
LIGHTS = {"selling": "green", "selling_offline": "yellow", "not_selling": "red"}
EDGE = "bright_black"


@asynccontextmanager
async def watch(scene: Scene) -> AsyncIterator[None]:
    """Show the scene on the whole screen inside the block; the terminal is as before after it."""
    console = Console(highlight=False)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        drawing = asyncio.create_task(_draw(scene, console, live))
        try:
            yield
        finally:
            drawing.cancel()
            with suppress(asyncio.CancelledError):
                await drawing


async def _draw(scene: Scene, console: Console, live: Live) -> None:
    while True:
        live.update(picture(scene, *console.size), refresh=True)
        await asyncio.sleep(FRAME_SECONDS)


def picture(scene: Scene, columns: int, rows: int) -> Layout:
    """Return the whole screen."""
    body_rows = rows - HEADER_ROWS - 1
    screen, body, right = Layout(), Layout(), Layout()
    screen.split_column(
        Layout(_header(scene), size=HEADER_ROWS), body, Layout(_footer(scene), size=1)
    )
    body.split_row(Layout(_lane(scene, body_rows - PANEL_ROWS), size=LANE_COLUMNS), right)
    happenings = Layout(_happenings(scene, body_rows))
    if columns >= WIDE_COLUMNS:
        till_rows = max(7, min(13, body_rows // 3))
        tills, facts = Layout(size=till_rows), Layout(size=7)
        tills.split_row(_till(scene, "handheld", till_rows), _till(scene, "pos", till_rows))
        facts.split_row(_cloud(scene), _refusal(scene))
        right.split_column(tills, facts, happenings)
    else:
        shown: list[Who] = ["handheld", "pos"] if body_rows >= TALL_ROWS else ["handheld"]
        tills_above = [Layout(_till(scene, who, 6), size=6) for who in shown]
        right.split_column(*tills_above, Layout(_cloud(scene), size=5), happenings)
    return screen


def _header(scene: Scene) -> RenderableType:
    light = LIGHTS[scene.state]
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1)
    line.add_column(justify="center")
    line.add_column(ratio=1, justify="right")
    line.add_row(
        Text(scene.say("store"), "bold"),
        Text(f" ● {scene.say(scene.state)} ", f"bold reverse {light}"),
        Text(clock(), "dim"),
    )
    more = Align.center(Text(scene.say(f"{scene.state}_more"), light))
    return Group(Text(), line, more)


def _footer(scene: Scene) -> RenderableType:
    tally = scene.tally
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1)
    line.add_column(justify="right")
    today = scene.say(
        "today", sales=tally.sales, revenue=money(tally.revenue), offline=tally.offline_sales,
        refused=tally.refused,
    )  # fmt: skip
    line.add_row(Text(f" {today}"), Text(scene.say("keys"), "dim"))
    return line


def _panel(title: str, content: RenderableType, style: str = EDGE) -> Panel:
    return Panel(
        content, title=Text(title, "bold"), title_align="left", border_style=style,
        box=ROUNDED, padding=(0, 2),
    )  # fmt: skip


# --- the tills ------------------------------------------------------------------------------------


def _lane(scene: Scene, rows: int) -> Panel:
    spot = scene.spots["lane"]
    title = scene.say("lane")
    room = rows - DISPLAY_ROWS
    if spot.sold is not None:
        return _panel(title, Group(_display(scene), _receipt(scene, spot.sold, room)), "green")
    return _panel(title, Group(_display(scene), _basket(scene, spot, room)))


def _display(scene: Scene) -> RenderableType:
    """Return the two lines that the guest reads, and a space below."""
    rows = [f" {row}{' ' * (DISPLAY_COLUMNS - cell_len(row))} " for row in scene.display]
    return Group(*(Text(row, "black on cyan") for row in rows), Text())


def _receipt(scene: Scene, sold: Answer, rows: int) -> Text:
    """Return the receipt as it came out; when there is no room, its end, where the total is."""
    lines = str(sold["text"]).rstrip("\n").split("\n")
    if any(sold["receipt"] in row for row in scene.paper):
        lines = scene.paper
    return Text("\n".join(lines if len(lines) <= rows else ["...", *lines[1 - rows :]]))


def _till(scene: Scene, who: Who, rows: int) -> Panel:
    spot = scene.spots[who]
    basket = _basket(scene, spot, rows - PANEL_ROWS)
    return _panel(scene.say(who), basket, EDGE if spot.sold is None else "green")


def _basket(scene: Scene, spot: Spot, rows: int) -> RenderableType:
    """Return who buys, the goods that there is room for, and the sums."""
    if spot.quote is None or not spot.quote["lines"]:
        return Text(scene.say("next_guest"), "dim") if spot.member is None else _member(scene, spot)
    room = rows - SUM_ROWS
    parts: list[RenderableType] = [_member(scene, spot)]
    if room > 0:
        parts += [_goods(scene, spot.quote, room), Rule(style=EDGE)]
    parts.append(_sums(scene, spot.quote))
    if spot.sold is not None:
        note = scene.say("sold_note", receipt=spot.sold["receipt"].rpartition("-")[2])
        parts.append(Text(note, "green"))
    return Group(*parts)


def _sums(scene: Scene, quote: Answer) -> Table:
    sums = _two_columns()
    if quote["discount_total"]:
        sums.add_row(
            Text(scene.say("saved"), "magenta"), Text(money(-quote["discount_total"]), "magenta")
        )
    sums.add_row(Text(scene.say("total"), "bold"), Text(money(quote["total"]), "bold"))
    return sums


def _goods(scene: Scene, quote: Answer, rows: int) -> Table:
    """Return the basket's lines at list price, the last ones if there is no room for all."""
    table, lines = _two_columns(), quote["lines"]
    if len(lines) > rows:
        hidden = len(lines) - rows + 1
        table.add_row(Text(scene.say("more_lines", count=hidden), "dim"), "")
        lines = lines[hidden:]
    for line in lines:
        quantity = "" if line["quantity"] == "1" else f" × {line['quantity']}"
        name = Text(line["name"], no_wrap=True, overflow="ellipsis").append(quantity, "dim")
        table.add_row(name, money(line["list_amount"]))
    return table


def _member(scene: Scene, spot: Spot) -> Text:
    if spot.member is not None:
        display, points = spot.member["display"], spot.member["points"]
        return Text(scene.say("member", display=display, points=points), "cyan")
    if spot.quote is not None and spot.quote["member"] is not None:
        return Text(scene.say("known", member=spot.quote["member"]), "cyan")
    return Text(scene.say("guest"), "dim")


def _two_columns() -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    return table


# --- cloud, refusal, happenings -------------------------------------------------------------------


def _cloud(scene: Scene) -> Panel:
    health = scene.health
    if health is None:
        return _panel(scene.say("cloud"), Text(""))
    up, waiting = health["cloud"] == "up", int(health["waiting"])
    table = _two_columns()
    table.add_row(
        Text("● " + scene.say("cloud_up" if up else "cloud_down"), "green" if up else "yellow"), ""
    )
    table.add_row(
        scene.say("waiting"),
        Text(scene.say("count", count=waiting), "bold yellow" if waiting else "dim"),
    )
    table.add_row(
        scene.say("acknowledged"),
        scene.say("of", have=health["acknowledged"], all=health["sequence"]),
    )
    return _panel(scene.say("cloud"), table, EDGE if up else "yellow")


def _refusal(scene: Scene) -> Panel:
    problem = scene.refusal
    title = scene.say("last_refusal")
    if problem is None:
        return _panel(title, Text(scene.say("no_refusal"), "dim"))
    head = Text(problem["title"], "bold").append(f"  {problem['code']}", "dim")
    fix = Text(scene.say("do_this", fix=problem["fix"]), "yellow")
    return _panel(title, Group(head, Text(problem["detail"]), fix))


def _happenings(scene: Scene, rows: int) -> Panel:
    """Return the list, the newest first, as much of it as there can be room for."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    newest = list(scene.happenings)[: -rows - 1 : -1]
    for one in newest:
        table.add_row(one.at, scene.say(one.who), Text(one.text, TONES[one.tone]))
    return _panel(scene.say("happenings"), table)
