"""What the demo says, in Chinese and in English, in words of a shop."""

from typing import Final, Literal

Lang = Literal["zh", "en"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    # --- who and where
    "box": ("盒子", "Box"),
    "lane": ("扫码通道", "Lane"),
    "handheld": ("手持机", "Handheld"),
    "pos": ("收银台", "PC till"),
    "cloud": ("云端", "Cloud"),
    "store": ("街角小店", "Corner Shop"),
    # --- the screen
    "selling": ("营业中", "Selling"),
    "selling_offline": ("离线营业", "Selling offline"),
    "not_selling": ("暂停营业", "Not selling"),
    "selling_more": ("扫码、收银、上传，一切正常", "everything works"),
    "selling_offline_more": (
        "云端不通，照常卖货，账先记在盒子里",
        "the cloud is away; sales go on and wait on the box",
    ),
    "not_selling_more": ("盒子正在准备", "the box is getting ready"),
    "cloud_up": ("已连接", "connected"),
    "cloud_down": ("不通", "away"),
    "waiting": ("待上传", "waiting to send"),
    "acknowledged": ("云端已确认", "acknowledged"),
    "of": ("{have} / {all} 条", "{have} of {all}"),
    "count": ("{count} 条", "{count}"),
    "last_refusal": ("最近一次拒绝", "Last refusal"),
    "no_refusal": ("还没有", "none so far"),
    "do_this": ("处理：{fix}", "What to do: {fix}"),
    "happenings": ("店里正在发生", "What is happening"),
    "next_guest": ("等待下一位顾客", "waiting for the next guest"),
    "member": ("{display} · {points} 分", "{display} · {points} points"),
    "known": ("会员 {member}", "member {member}"),
    "more_lines": ("…… 另有 {count} 件", "... and {count} more"),
    "guest": ("散客", "guest without a card"),
    "saved": ("优惠", "saved"),
    "total": ("合计", "total"),
    "change": ("收 {paid}，找零 {change}", "paid {paid}, change {change}"),
    "sold_note": ("✓ 已成交 {receipt}", "✓ sold {receipt}"),
    "today": (
        "成交 {sales} 笔 · {revenue} 元 · 其中离线 {offline} 笔 · 拒绝 {refused} 次",
        "{sales} sales · {revenue} CNY · {offline} of them offline · {refused} refused",
    ),
    "keys": ("Ctrl-C 打烊", "Ctrl-C closes the shop"),
    # --- what happens
    "opening": (
        "正在开店：启动盒子、扫码枪、手持机、收银台和云端……",
        "Opening: starting the box, a scanner, a handheld, a PC till and the cloud ...",
    ),
    "folder": ("文件都在 {folder}", "All files are in {folder}"),
    "visit": (
        "自己试试：终端 {terminal}，HTTP {http}，MQTT {mqtt}，令牌在 {token}",
        "Talk to it as terminal {terminal}: HTTP {http}, MQTT {mqtt}, token in {token}",
    ),
    "state": ("{state}：{more}", "{state}: {more}"),
    "scanned": ("扫到 {name} × {quantity}，合计 {total}", "{name} x {quantity}, total {total}"),
    "carded": ("会员刷卡，合计变为 {total}", "a member's card: the total becomes {total}"),
    "printed": ("小票打印机出票，{rows} 行", "the receipt is printed, {rows} rows"),
    "drawer": ("钱箱弹开", "the cash drawer opens"),
    "paid": ("扫“付现金”条码", "the barcode “pay cash” is scanned"),
    "sold": (
        "成交 {total} 元，小票 {receipt}，积分 +{points}",
        "sold for {total}, receipt {receipt}, points +{points}",
    ),
    "identified": ("会员 {display}，{points} 分", "member {display}, {points} points"),
    "quoted": (
        "报价 {total} 元，已优惠 {saved}",
        "quoted {total}, {saved} saved",
    ),
    "again": (
        "同一请求再发一次：答复一字不差，没有重复收款",
        "the same request sent again: the identical answer, nothing sold twice",
    ),
    "balance": ("查余额：{display} 现有 {points} 分", "balance: {display} has {points} points"),
    "refused": ("被拒绝 {code}：{title}。{fix}", "refused {code}: {title}. {fix}"),
    "went_away": ("断网了（演示）", "goes away (on purpose)"),
    "came_back": ("网络恢复，开始补传", "comes back; what waited is sent"),
    "all_there": ("全部 {count} 条记录云端都有了", "the cloud has all {count} records"),
    "closing": ("打烊：等待上传、核对账目……", "closing: sending what waits, checking the books"),
    "stopped": ("盒子已正常停止", "the box has stopped in good order"),
    # --- the end
    "summary": (
        "今天成交 {sales} 笔（其中离线 {offline} 笔），共 {revenue} 元，拒绝 {refused} 次。",
        "{sales} sales today ({offline} of them offline) for {revenue} CNY; {refused} refused.",
    ),
    "agree": (
        "账目相符：盒子 {facts} 条记录逐页核对无误，云端收到 {recorded} 条，各账户余额一致。",
        "The books agree: the box's {facts} records are sound, the cloud has {recorded},"
        " and every account is equal.",
    ),
    "agree_waiting": (
        "盒子的 {facts} 条记录逐页核对无误；云端收到 {recorded} 条，其余在盒子里等待上传。",
        "The box's {facts} records are sound; the cloud has {recorded}, the rest waits on the box.",
    ),
    "what": ("演示没有成功：{what}", "The demo failed: {what}"),
    "why": ("原因：{why}", "why: {why}"),
    "fix": ("处理：{fix}", "fix: {fix}"),
    "log": ("盒子日志的末尾：", "the box's log ends:"),
}  # fmt: skip
"""Templates by name (zh, en)."""


def say(lang: Lang, name: str, /, **params: object) -> str:
    """Return what is called `name` in a language, filled in."""
    return WORDS[name][lang == "en"].format_map(params)


def money(minor: int) -> str:
    """Return an amount of minor units as it is read aloud."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02}"
