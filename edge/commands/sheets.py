"""A day's sheet as its owner reads it, in Chinese or English."""

from collections.abc import Iterator

from edge.refusals import Language
from edge.shop.money import format_minor
from edge.shop.receipt import columns
from edge.shop.reports.day import Till
from edge.shop.reports.sheet import Sheet
from edge.shop.reports.staff import Person
from edge.shop.reports.tally import Amounts

WIDTH = 48
WORDS = {
    "X": ("X报表（不清零）", "X report"),
    "Z": ("日结", "Z close"),
    "open": ("营业中", "open"),
    "closing": ("清点中", "closing"),
    "interrupted": ("中断", "interrupted"),
    "closed": ("已日结", "closed"),
    "business_date": ("营业日", "business date"),
    "sales": ("销售（扣除退货）", "sales, net of returns"),
    "tickets": ("小票", "tickets"),
    "average": ("客单价", "average ticket"),
    "members": ("其中会员消费", "of this, members"),
    "discounts": ("优惠", "discounts"),
    "returns": ("退货", "returns"),
    "voids": ("撤销", "voids"),
    "tenders": ("支付方式", "tenders"),
    "cash": ("现金", "cash"),
    "card": ("银行卡", "card"),
    "wallet": ("扫码支付", "wallet"),
    "transfer": ("转账", "transfer"),
    "voucher": ("团购券", "voucher"),
    "principal": ("储值本金", "stored value, principal"),
    "bonus": ("储值赠送金额", "stored value, bonus"),
    "rounding": ("抹零", "cash rounding"),
    "tax": ("税额", "tax"),
    "prepaid": ("会员", "members' accounts"),
    "top_ups": ("充值", "top-ups"),
    "card_sales": ("售卡", "cards sold"),
    "uses": ("次卡扣次", "uses of count cards"),
    "earned": ("发放积分", "points earned"),
    "spent": ("抵扣积分", "points spent"),
    "enrolments": ("入会", "enrolments"),
    "tills": ("应有款项", "money in hand"),
    "counted": ("实点", "counted"),
    "over": ("长款", "over"),
    "short": ("短款", "short"),
    "cashiers": ("收银员", "cashiers"),
    "unsent": ("待上传", "waiting to send"),
    "training": ("不含练习模式", "training left out"),
    "totals": ("合计校验", "digest of the totals"),
}
"""Each word in Chinese and English."""


def rows(
    sheet: Sheet, lang: Language, digest: str = "", *, has_cloud: bool = True
) -> Iterator[str]:
    """Yield the rows of a sheet; `digest` is printed below it. Without a cloud nothing waits."""
    return _Page(sheet, lang).rows(digest, has_cloud)


class _Page:
    def __init__(self, sheet: Sheet, lang: Language) -> None:
        self._sheet, self._lang = sheet, lang

    def rows(self, digest: str, has_cloud: bool) -> Iterator[str]:
        """Yield everything."""
        found = self._sheet.day
        yield f"{self._word(found.kind)}  {self._sheet.store}  {self._sheet.currency}"
        yield self._pair(
            f"{self._word('business_date')} {found.business_date}", self._word(found.state)
        )
        yield "-" * WIDTH
        yield from self._trade()
        yield from self._titled("tenders", [
            self._counted(kind, part) for kind, part in self._sheet.tenders.items()
        ])  # fmt: skip
        yield from self._titled("tax", [
            self._pair(f"  {format_minor(rate, 2)} %", self._money(tax))
            for rate, tax in found.tax.items()
        ])  # fmt: skip
        yield from self._titled("prepaid", list(self._accounts()))
        yield from self._titled("tills", [row for till in found.tills for row in self._till(till)])
        yield from self._titled("cashiers", [self._cashier(one) for one in self._sheet.cashiers])
        yield "-" * WIDTH
        if has_cloud:
            yield self._pair(self._word("unsent"), str(found.unsent))
        yield self._word("training")
        if digest:
            yield f"{self._word('totals')} {digest[:16]}"

    def _trade(self) -> Iterator[str]:
        found, traded = self._sheet.day, self._sheet.day.trade
        yield self._pair(self._word("sales"), self._money(traded.sales))
        yield self._pair(self._word("tickets"), str(traded.tickets))
        yield self._pair(self._word("average"), self._money(traded.average_ticket))
        yield self._pair(self._word("members"), self._money(traded.member_sales))
        yield self._pair(self._word("discounts"), self._money(found.discounts))
        yield self._counted("returns", found.returns, indent="")
        yield self._counted("voids", found.voids, indent="")
        if found.rounding:
            yield self._pair(self._word("rounding"), self._money(found.rounding))

    def _accounts(self) -> Iterator[str]:
        sheet = self._sheet
        yield self._counted("top_ups", sheet.day.top_ups)
        yield self._counted("card_sales", sheet.day.card_sales)
        for name, number in (
            ("uses", sheet.day.trade.uses), ("earned", sheet.points.earned),
            ("spent", sheet.points.spent), ("enrolments", sheet.enrolments),
        ):  # fmt: skip
            yield self._pair(f"  {self._word(name)}", str(number))

    def _till(self, till: Till) -> Iterator[str]:
        yield self._pair(f"  {till.account}", self._money(till.expected))
        if till.counted is not None:
            yield self._pair(f"    {self._word('counted')}", self._money(till.counted))
        if till.over:
            word = "over" if till.over > 0 else "short"
            yield self._pair(f"    {self._word(word)}", self._money(abs(till.over)))

    def _cashier(self, person: Person) -> str:
        sold = person.work.get("sales")
        count, amount = (sold.count, sold.amount) if sold else (0, 0)
        return self._pair(f"  {person.name} ×{count}", self._money(amount))

    def _counted(self, name: str, part: Amounts, indent: str = "  ") -> str:
        return self._pair(f"{indent}{self._word(name)} ×{part.count}", self._money(part.amount))

    def _titled(self, name: str, rows: list[str]) -> Iterator[str]:
        if rows:
            yield self._word(name)
            yield from rows

    def _word(self, name: str) -> str:
        zh, en = WORDS.get(name, (name, name))
        return zh if self._lang == "zh" else en

    def _money(self, amount: int) -> str:
        return format_minor(amount, self._sheet.exponent)

    def _pair(self, left: str, right: str) -> str:
        return line(left, right)


def line(left: str, right: str) -> str:
    """Return a row with something at both ends."""
    return left + " " * max(1, WIDTH - columns(left) - columns(right)) + right
