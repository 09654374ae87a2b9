// The till on a phone: pair once, then basket, member, coupons, pay, receipt.

import { act, ask, codesIn, goOn, health, keep, kept, Refused, whatBecame } from "/phone/box.js";
import { choice, el, field } from "/phone/dom.js";
import { minor, money, say } from "/phone/say.js";
import * as uses from "/phone/uses.js";

const fresh = () => ({ lines: [], member: null, who: null, was: null, coupons: [], redeem: 0, quoted: null, tender: "cash" });
const page = { lang: kept("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en"), view: "sell", sale: fresh(), answer: null, busy: false, waiting: false, asked: 0 };
const t = (word) => say(page.lang, word);
const main = document.getElementById("main"), told = document.getElementById("told");
const cash = (amount) => money(amount, page.sale.quoted?.currency ?? page.answer?.currency);

// --- telling

function tell(title, fix = "") {
  told.replaceChildren(el("p", {}, title), fix ? el("p", { class: "fix" }, fix) : null,
    el("button", { type: "button", onclick: () => told.replaceChildren() }, t("close")));
}

function tellError(error) {
  if (error instanceof Refused) {
    const { code, detail, fix } = error.problem;
    if (code === "E-UNAUTHORIZED") { unpair(); tell(t("notPaired")); return; }
    tell(`${detail} (${code})`, fix);
  } else tell(t("gone"), t("retry"));
}

async function trying(work) {
  told.replaceChildren();
  try { return await work(); } catch (error) { tellError(error); return null; }
}

// --- pairing

function pairView() {
  const secret = new URLSearchParams(location.hash.slice(1)).get("secret") ?? "";
  const name = `phone-${Math.random().toString(36).slice(2, 6)}`;
  const form = el("form", { class: "card", onsubmit: (event) => { event.preventDefault(); trying(() => pair(new FormData(form))); } },
    el("h2", {}, t("pair")), el("p", { class: "soft" }, t("pairText")),
    field(t("code"), { name: "code", value: secret, required: true, autocapitalize: "characters", spellcheck: "false" }),
    field(t("name"), { name: "name", value: name, required: true, pattern: "[a-z0-9\\-]{1,32}" }),
    field(t("cashier"), { name: "cashier", value: kept("cashier") ?? "", required: true, maxlength: "64" }),
    el("button", { class: "main" }, t("pairNow")));
  return [form];
}

async function pair(form) {
  const welcome = await ask("pair", { code: form.get("code").trim(), name: form.get("name"), kind: "phone", lang: page.lang });
  keep("login", welcome);
  keep("cashier", form.get("cashier"));
  history.replaceState(null, "", "/phone");
  show("sell");
}

function unpair() {
  keep("login", null);
  page.sale = fresh();
  show("pair");
}

// --- the basket

async function price() {
  const sale = page.sale, number = (page.asked += 1);
  if (!sale.lines.length) { sale.quoted = null; show(); return true; }
  const quoted = await trying(() => quote(sale));
  if (number !== page.asked) return true; // the basket has changed since
  if (quoted) { sale.quoted = quoted; uses.follow(sale.lines, quoted); }
  show();
  return Boolean(quoted);
}

// Where count cards cannot pay as they were to, it is said, and the basket is asked for without.
async function quote(sale) {
  try {
    return await ask("quote", basket(sale));
  } catch (error) {
    if (!(error instanceof Refused && uses.areRefused(error.problem) && uses.clear(sale.lines))) throw error;
    tellError(error);
    return ask("quote", basket(sale));
  }
}

const due = (quoted) => quoted.due ?? quoted.total;
const usesIn = (sale) => (sale.member ? uses.asked(sale.lines) : []);
const basket = (sale) => ({ lines: uses.bare(sale.lines), ...(sale.member && { member: sale.member }), ...(usesIn(sale).length && { uses: usesIn(sale) }), ...(sale.coupons.length && { coupons: sale.coupons }), ...(sale.redeem && { redeem: sale.redeem }) });

async function add(code, unitPrice) {
  if (!code) return;
  const lines = page.sale.lines, same = lines.find((line) => line.code === code && line.unit_price === unitPrice);
  const before = structuredClone(lines);
  if (same) same.quantity = String(Number(same.quantity) + 1);
  else lines.push({ code, quantity: "1", ...(unitPrice !== undefined && { unit_price: unitPrice }) });
  // What the box does not know does not stay in the basket.
  if (!(await price())) { page.sale.lines = before; show(); }
}

function step(place, by) {
  const line = page.sale.lines[place], quantity = Number(line.quantity) + by;
  if (quantity > 0) { line.quantity = String(quantity); uses.fit(line); }
  else page.sale.lines.splice(place, 1);
  price();
}

const scanButton = (take) => el("label", { class: "button" }, t("scan"),
  el("input", { type: "file", accept: "image/*", capture: "environment", "aria-label": t("scan"), onchange: (event) => trying(() => scanned(event.target.files[0], take)) }));

async function scanned(file, take) {
  if (!file) return;
  const codes = await codesIn(file);
  if (codes.length) await take(codes[0].text, codes[0].symbology);
  else tell(t("unread"));
}

function basketCard() {
  const own = kept("login").rights?.includes("own_price");
  const form = el("form", { onsubmit: (event) => {
    event.preventDefault();
    const data = new FormData(form), typed = own && data.get("price") ? minor(data.get("price")) : undefined;
    if (typed === null) { tell(t("price")); return; }
    form.reset();
    add(data.get("code").trim(), typed);
  } },
  field(t("item"), { name: "code", id: "code", inputmode: "text", enterkeyhint: "done" }),
  own ? field(t("price"), { name: "price", inputmode: "decimal" }) : null,
  el("div", { class: "row" }, el("button", { class: "main" }, t("add")), scanButton((code) => add(code)),
    page.sale.lines.length ? el("button", { type: "button", class: "quiet", onclick: () => { page.sale = fresh(); show(); } }, t("clear")) : null));
  return el("section", {}, el("h2", {}, t("basket")), lines(), form);
}

function lines() {
  const { lines: wanted, quoted } = page.sale;
  if (!wanted.length) return el("p", { class: "soft" }, t("empty"));
  const priced = quoted?.lines ?? [];
  const rows = wanted.map((line, place) => row(line, place, priced[place]));
  const others = priced.slice(wanted.length).map((line) => el("li", {}, el("span", {}, line.name), el("span", { class: "amount" }, cash(line.net))));
  return el("ul", { class: "lines" }, rows, others);
}

function row(line, place, priced) {
  const off = priced && priced.net !== priced.list_amount;
  return el("li", {},
    el("span", {}, priced?.name ?? line.code),
    el("span", { class: "amount" }, priced ? [off ? el("s", {}, cash(priced.list_amount)) : null, off ? " " : null, cash(priced.net)] : "…"),
    el("span", { class: "steps" },
      el("button", { type: "button", id: `fewer-${place}`, "aria-label": `${t(line.quantity === "1" ? "remove" : "fewer")}: ${priced?.name ?? line.code}`, onclick: () => step(place, -1) }, line.quantity === "1" ? "×" : "−"),
      el("output", {}, line.quantity),
      el("button", { type: "button", id: `more-${place}`, "aria-label": `${t("more")}: ${priced?.name ?? line.code}`, onclick: () => step(place, 1) }, "+")),
    el("span", { class: "amount off" }, (priced?.adjustments ?? []).map((one) => el("div", {}, `${one.name} ${cash(one.amount)}`))),
    uses.offers(page.sale.lines, place, page.sale.quoted, { t, cash, change: price }));
}

// --- member and coupons

// What was typed is a phone number or a card; what was scanned, the box finds out by itself.
const credential = (text) => (/^(\+\d{7,15}|1\d{10})$/.test(text) ? { kind: "phone", text } : { kind: "code", text });

async function identify(text, symbology) {
  if (!text) return;
  const shown = symbology ? { kind: "code", text, symbology } : credential(text);
  const who = await trying(() => ask("identify", { credential: shown }));
  if (!who) return;
  if (page.sale.was && page.sale.was !== who.member) uses.clear(page.sale.lines); // they are another's
  Object.assign(page.sale, { member: shown, who, was: who.member });
  await price();
}

function memberCard() {
  const { who, redeem } = page.sale;
  if (who) return el("section", {}, el("h2", {}, t("member")),
    el("div", { class: "row" }, el("p", {}, el("span", { class: "big" }, who.display), " ", el("span", { class: "soft" }, `${who.tier} · ${who.points} ${t("points")}`)),
      el("button", { type: "button", class: "quiet", onclick: () => { Object.assign(page.sale, { member: null, who: null, redeem: 0 }); price(); } }, t("leave"))),
    (who.notices ?? []).map((notice) => el("p", {}, notice.text)),
    el("label", { class: "switch" }, el("span", {}, t("redeem")), el("input", { type: "checkbox", role: "switch", checked: redeem === "max", onchange: (event) => { page.sale.redeem = event.target.checked ? "max" : 0; price(); } })));
  const form = el("form", { onsubmit: (event) => { event.preventDefault(); identify(new FormData(form).get("who").trim()); } },
    field(t("memberHint"), { name: "who", id: "who", inputmode: "text" }),
    el("div", { class: "row" }, el("button", {}, t("find")), scanButton(identify)));
  return el("section", {}, el("h2", {}, t("member")), form);
}

function couponCard() {
  const { coupons, quoted } = page.sale;
  const take = (code) => { if (code && !coupons.includes(code)) { coupons.push(code); price(); } };
  const form = el("form", { onsubmit: (event) => { event.preventDefault(); const code = new FormData(form).get("coupon").trim(); form.reset(); take(code); } },
    field(t("couponHint"), { name: "coupon", id: "coupon", inputmode: "text" }),
    el("div", { class: "row" }, el("button", {}, t("add")), scanButton(take)));
  const shown = coupons.map((code, place) => el("li", {}, el("span", {}, quoted?.coupons?.[place]?.text ?? code),
    el("button", { type: "button", class: "quiet", onclick: () => { coupons.splice(place, 1); price(); } }, t("remove"))));
  return el("section", {}, el("h2", {}, t("coupon")), coupons.length ? el("ul", { class: "lines" }, shown) : null, form);
}

function sellView() {
  const { quoted } = page.sale;
  const near = (quoted?.not_applied ?? []).filter((rule) => rule.reason === "R-NEEDS-AMOUNT").slice(0, 2);
  return [basketCard(), near.length ? el("section", {}, el("h2", {}, t("closeTo")), near.map((rule) => el("p", {}, `${rule.name}: ${rule.text}`))) : null,
    memberCard(), couponCard(),
    el("button", { type: "button", class: "quiet", onclick: unpair }, t("unpair")),
    bar(el("div", { class: "sum" }, el("span", { class: "soft" }, summed(quoted)), quoted ? el("span", { class: "total" }, cash(due(quoted))) : null),
      el("button", { type: "button", class: "main", disabled: !quoted, onclick: () => show("pay") }, t("pay")))];
}

function summed(quoted) {
  if (quoted?.due !== undefined) return `${t("total")} ${cash(quoted.total)} · ${t("countCard")} ${cash(quoted.due - quoted.total)}`;
  return quoted?.discount_total ? `${t("saved")} ${cash(quoted.discount_total)}` : t("total");
}

const bar = (shown, button) => el("div", { id: "bar" }, el("div", {}, shown, button));

// --- paying

function payView() {
  const { quoted, tender, who } = page.sale, open = due(quoted) > 0 || quoted.due === undefined;
  const options = [["cash", t("cash")], who ? ["value", t("value")] : null, ["wallet", t("wallet")], ["card", t("card")]].filter(Boolean);
  const form = el("form", { id: "pay", class: "card", onsubmit: (event) => { event.preventDefault(); pay(new FormData(form).get("handed")); } },
    el("p", { class: "big" }, cash(due(quoted))),
    quoted.due === undefined ? null : el("p", { class: "soft" }, summed(quoted)),
    open ? choice(t("how"), "tender", options, tender, (value) => { page.sale.tender = value; show(); }) : el("p", {}, t("covered")),
    open && tender === "cash" ? field(t("handed"), { name: "handed", id: "handed", inputmode: "decimal", placeholder: t("exact") }) : null);
  return [form, el("button", { type: "button", class: "quiet", onclick: () => show("sell") }, t("back")),
    bar([el("span", { class: "total" }, cash(due(quoted)))], el("button", { form: "pay", class: "main", disabled: page.busy }, t("confirm")))];
}

async function pay(handed) {
  const { quoted, tender } = page.sale;
  const amount = tender === "cash" && handed ? minor(handed, quoted.currency) : due(quoted);
  if (amount === null) { tell(t("handed")); return; }
  const body = { ...basket(page.sale), cashier: kept("cashier"), quote: quoted.quote, expected_total: quoted.total, tenders: [{ kind: amount ? tender : "cash", amount }] };
  await settle(() => act("sell", body, waits));
}

const isShort = (problem) => Boolean(problem && uses.areRefused(problem));

// A card that was used up meanwhile pays for nothing; the rest is for sale as before.
async function quoteAgain(sale, problem) {
  if (isShort(problem)) uses.clear(sale.lines);
  if (isShort(problem) || problem?.code === "E-PRICE-CHANGED") sale.quoted = await quote(sale).catch(() => null);
}

const waits = (problem) => { page.waiting = problem ?? true; show("waiting"); };

async function settle(work) {
  page.busy = true;
  told.replaceChildren();
  show("waiting");
  try {
    const answer = await work();
    if (answer) { page.answer = answer; page.sale = fresh(); show("receipt"); }
  } catch (error) {
    const quoted = error instanceof Refused ? error.problem.quote : null;
    if (quoted) { page.sale.quoted = quoted; tell(t("priceChanged")); } else { tellError(error); await quoteAgain(page.sale, error.problem); }
    show(page.sale.quoted && !isShort(error.problem) ? "pay" : "sell");
  } finally {
    Object.assign(page, { busy: false, waiting: false });
    show();
  }
}

function waitingView() {
  return [el("section", { "aria-live": "polite" }, el("p", { class: "big" }, t("sending")), page.waiting.fix ? [el("p", {}, `${page.waiting.detail} (${page.waiting.code})`), el("p", { class: "fix" }, page.waiting.fix)] : page.waiting ? el("p", {}, t("waiting")) : null,
    el("button", { type: "button", onclick: () => trying(findOut) }, t("what")))];
}

async function findOut() {
  const open = kept("open");
  if (!open) return;
  const answer = await whatBecame(open);
  if (answer) { page.answer = answer; page.sale = fresh(); show("receipt"); } else { tell(t("never")); show(page.sale.quoted ? "pay" : "sell"); }
}

// --- the receipt

function receiptView() {
  const { answer } = page;
  return [el("section", {}, el("p", { class: "big good" }, t("sold")),
    answer.change ? el("p", { class: "big" }, `${t("change")} ${cash(answer.change)}`) : null,
    answer.points_earned ? el("p", {}, `${t("earned")}: ${answer.points_earned}`) : null,
    uses.paid(answer.uses, t),
    el("pre", { class: "receipt", tabindex: "0" }, answer.text),
    el("div", { class: "row noprint" }, el("button", { type: "button", onclick: () => print() }, t("print")),
      navigator.share ? el("button", { type: "button", onclick: () => navigator.share({ text: answer.text }).catch(() => {}) }, t("share")) : null)),
  bar([], el("button", { type: "button", class: "main", onclick: () => { page.answer = null; show("sell"); } }, t("next")))];
}

// --- the page

const VIEWS = { pair: pairView, sell: sellView, pay: payView, waiting: waitingView, receipt: receiptView };

function show(view = page.view) {
  page.view = kept("login") ? view : "pair";
  const focused = document.activeElement?.id, typed = Object.fromEntries([...main.querySelectorAll("input[id]")].map((input) => [input.id, input.value]));
  const moved = main.dataset.view !== page.view;
  main.dataset.view = page.view;
  main.replaceChildren(...VIEWS[page.view]().flat().filter(Boolean));
  document.documentElement.lang = page.lang;
  document.getElementById("lang").textContent = t("other");
  document.getElementById("lang").lang = page.lang === "zh" ? "en" : "zh";
  document.getElementById("where").textContent = kept("login")?.terminal ?? "edgebox";
  if (moved) { (main.querySelector("#handed, #code") ?? main.querySelector("button.main"))?.focus(); return; }
  for (const input of main.querySelectorAll("input[id]")) if (typed[input.id]) input.value = typed[input.id];
  refocus(focused);
}

// Whoever works by keys goes on where they were; beside it, where that button does nothing now.
function refocus(id) {
  const found = id ? document.getElementById(id) : null;
  (found?.disabled ? found.parentElement.querySelector("button:enabled") : found)?.focus();
}

async function look() {
  const state = document.getElementById("state");
  try {
    const report = await health();
    state.dataset.state = report.state;
    state.textContent = t(report.state);
  } catch {
    state.dataset.state = "gone";
    state.textContent = t("gone");
  }
}

document.getElementById("lang").addEventListener("click", () => {
  page.lang = page.lang === "zh" ? "en" : "zh";
  keep("lang", page.lang);
  look();
  show();
});
show();
look();
setInterval(look, 15000);
const open = kept("open");
if (open && kept("login")) settle(() => goOn(open, waits));
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/phone/worker.js", { scope: "/phone" }).catch(() => {});
