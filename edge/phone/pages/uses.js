// Count cards on the page: which could pay for a line, and how many uses of each the guest wants.
// A wish stands with its line, so that it goes where the line goes.

import { el } from "/phone/dom.js";

const CODES = ["E-USES-OVER", "E-COUNTS-SHORT", "E-OFFLINE-USES", "E-SINGLE-USES", "E-NO-LINE"];

// Whether the box says no to the uses themselves: the same basket without them is worth asking for.
export const areRefused = (problem) => CODES.includes(problem.code);

const of = (line) => line.uses ?? [];
const same = (one, card) => one.count_card === card.count_card && one.plan === card.plan;
const chosen = (line, card) => of(line).find((one) => same(one, card))?.uses ?? 0;
const taken = (lines, card) => lines.reduce((sum, line) => sum + chosen(line, card), 0);

// The lines and the uses of a basket, as the box wants them.
export const bare = (lines) => lines.map(({ uses, ...line }) => line);
export const asked = (lines) => lines.flatMap((line, place) => of(line).map(({ count_card, plan, uses }) =>
  ({ line: place, uses, ...(count_card ? { count_card } : { plan }) })));

export function clear(lines) {
  const were = lines.some((line) => of(line).length);
  for (const line of lines) delete line.uses;
  return were;
}

// No more uses than there are goods: the last that were chosen go first.
export function fit(line) {
  let left = Number(line.quantity);
  line.uses = of(line).map((one) => {
    const uses = Math.min(one.uses, left);
    left -= uses;
    return { ...one, uses };
  }).filter((one) => one.uses > 0);
}

// A card that only the cloud knew, and that is here by now, has a name of its own.
export function follow(lines, quoted) {
  for (const [place, line] of lines.entries()) for (const one of of(line).filter(({ count_card }) => !count_card)) {
    const offered = (quoted.count_cards ?? []).some((card) => card.line === place && same(one, card));
    const found = (quoted.uses ?? []).find((paid) => paid.line === place && paid.plan === one.plan);
    if (!offered && found) one.count_card = found.count_card;
  }
}

function choose(line, { count_card, plan }, by) {
  const card = { count_card, plan }, uses = chosen(line, card) + by;
  line.uses = [...of(line).filter((one) => !same(one, card)), ...(uses > 0 ? [{ ...card, uses }] : [])];
}

// What a count card could pay of a line: its name, what is left on it, and how many uses of it pay.
export function offers(lines, place, quoted, { t, cash, change }) {
  const line = lines[place], whole = of(line).reduce((sum, one) => sum + one.uses, 0);
  return (quoted?.count_cards ?? []).filter((card) => card.line === place).map((card, number) => {
    const mine = chosen(line, card), left = card.left === undefined ? Infinity : card.left - taken(lines, card);
    const pays = (quoted.uses ?? []).filter((one) => one.line === place && one.plan === card.plan && (one.count_card === card.count_card || !one.count_card));
    const step = (name, text, by, can) => el("button", {
      type: "button", id: `${name}-${place}-${number}`, disabled: !can, "aria-label": `${t(name)}: ${card.name}`,
      onclick: () => { choose(line, card, by); change(); },
    }, text);
    return el("div", { class: "uses", role: "group", "aria-label": `${t("payUses")}: ${card.name}` },
      el("span", {}, `${t("payUses")}: ${card.name} `, el("span", { class: "soft" }, left === Infinity ? t("askCloud") : t("usesLeft").replace("{n}", left))),
      el("span", { class: "amount off" }, mine && pays.length ? cash(-pays[0].amount) : ""),
      el("span", { class: "steps" }, step("fewerUses", "−", -1, mine > 0), el("output", {}, String(mine)),
        step("moreUses", "+", 1, left > 0 && whole < Number(line.quantity) && mine < card.uses)));
  });
}

// What count cards paid, on a receipt.
export const paid = (uses, t) => (uses ?? []).map((one) => el("p", {},
  `${t("countCard")}: ${one.name} ×${one.uses} · ${t("usesLeft").replace("{n}", one.left)}`));
