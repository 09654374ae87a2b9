// All that the page says, in both languages.

const SAYINGS = {
  zh: {
    other: "English", selling: "营业中", selling_offline: "离线营业中", not_selling: "暂停营业", gone: "连不上边缘盒",
    pair: "配对本机", pairText: "请在店内主机上打开配对，再输入屏幕上的代码，或扫描二维码。", code: "配对码", name: "本机名称", cashier: "收银员", pairNow: "配对",
    basket: "购物篮", empty: "还没有商品。扫码或输入条码。", add: "加入", scan: "扫码", item: "条码", price: "单价", remove: "删除", fewer: "减一件", more: "加一件", clear: "清空",
    member: "会员", memberHint: "卡号、手机号或会员码", find: "查找", points: "积分", leave: "移除会员", hello: "会员",
    coupon: "优惠券", couponHint: "券码", redeem: "用积分抵扣", countCard: "次卡", payUses: "用次卡支付", usesLeft: "余 {n} 次", askCloud: "余次成交时由云端确认", fewerUses: "少用一次", moreUses: "多用一次", covered: "次卡已全部支付，不用再收款。", total: "合计", saved: "已优惠", closeTo: "差一点",
    pay: "收款", how: "付款方式", cash: "现金", value: "储值", wallet: "电子钱包", card: "银行卡", handed: "实收", exact: "正好", confirm: "确认收款", back: "返回", change: "找零", earned: "获得积分",
    sold: "已成交", print: "打印", share: "分享", next: "下一笔", sending: "正在确认…", waiting: "还没有收到应答，正在重试。款项不会重复入账。", what: "查询结果", never: "这笔交易没有发生，可以重新收款。",
    priceChanged: "价格有变，请重新确认。", unread: "图片里没有认出条码。", notPaired: "本机已被取消配对。", close: "知道了", unpair: "取消配对本机", retry: "重试", balance: "余额", topUp: "充值", amount: "金额", done: "完成", toppedUp: "充值成功", more_: "更多", store: "店",
  },
  en: {
    other: "中文", selling: "Selling", selling_offline: "Selling offline", not_selling: "Not selling", gone: "The box does not answer",
    pair: "Pair this phone", pairText: "Open pairing on the box in the store, then type the code it shows, or scan its QR code.", code: "Pairing code", name: "Name of this phone", cashier: "Cashier", pairNow: "Pair",
    basket: "Basket", empty: "Nothing in it yet. Scan or type a code.", add: "Add", scan: "Scan", item: "Code", price: "Unit price", remove: "Remove", fewer: "One less", more: "One more", clear: "Empty it",
    member: "Member", memberHint: "Card, phone number or member code", find: "Find", points: "points", leave: "Without member", hello: "Member",
    coupon: "Coupon", couponHint: "Coupon code", redeem: "Pay with points", countCard: "Count card", payUses: "Pay with count card", usesLeft: "{n} left", askCloud: "the cloud checks it at the sale", fewerUses: "One use less", moreUses: "One use more", covered: "Count cards pay for all of it.", total: "Total", saved: "Saved", closeTo: "Nearly there",
    pay: "Pay", how: "How it is paid", cash: "Cash", value: "Stored value", wallet: "Wallet", card: "Bank card", handed: "Handed over", exact: "Exact", confirm: "Confirm", back: "Back", change: "Change", earned: "Points earned",
    sold: "Sold", print: "Print", share: "Share", next: "Next sale", sending: "Confirming…", waiting: "No answer yet; trying again. Nothing is charged twice.", what: "What happened?", never: "This sale never happened. It can be taken anew.",
    priceChanged: "The price has changed. Please look again.", unread: "No code was found in the picture.", notPaired: "This phone is no longer paired.", close: "Close", unpair: "Unpair this phone", retry: "Try again", balance: "Balance", topUp: "Top up", amount: "Amount", done: "Done", toppedUp: "Topped up", more_: "More", store: "Store",
  },
};

export const say = (lang, word) => SAYINGS[lang][word] ?? word;

// An amount in minor units, with as many digits behind the point as its currency has (ISO 4217).
export function money(minor, currency) {
  const digits = digitsOf(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return (minor < 0 ? "−" : "") + whole.replace(/\B(?=(\d{3})+(?!\d))(?=[\d,]*(\.|$))/g, ",");
}

const digitsOf = (currency) => new Intl.NumberFormat("en", { style: "currency", currency: currency || "CNY" }).resolvedOptions().maximumFractionDigits;

// What somebody typed as an amount, in minor units; null if it is none.
export function minor(text, currency) {
  const digits = digitsOf(currency);
  const match = new RegExp(`^(\\d{1,9})(?:\\.(\\d{0,${digits}}))?$`).exec(text.trim());
  return match ? Number(match[1] + (match[2] || "").padEnd(digits, "0")) : null;
}
