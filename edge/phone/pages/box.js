// Talks to the box. A request that changes something is kept here before it is sent, with its key,
// and sent again until the box itself has answered: then it happened once, or never.

const KEEP = { login: "edgebox.login", open: "edgebox.open", lang: "edgebox.lang", cashier: "edgebox.cashier" };

export const kept = (what) => JSON.parse(localStorage.getItem(KEEP[what]) ?? "null");
export function keep(what, value) {
  if (value === null) localStorage.removeItem(KEEP[what]);
  else localStorage.setItem(KEEP[what], JSON.stringify(value));
}

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.code);
    this.problem = problem;
  }
}

// A UUIDv7 (RFC 9562 section 5.7).
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let ms = Date.now();
  for (let place = 5; place >= 0; place -= 1) { bytes[place] = ms % 256; ms = Math.floor(ms / 256); }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

async function once(operation, body, type = "application/json") {
  const login = kept("login");
  const headers = { "Content-Type": type };
  if (login) headers.Authorization = `Bearer ${login.terminal}:${login.token}`;
  const response = await fetch(`/v1/${operation}`, {
    method: "POST", headers, body: type === "application/json" ? JSON.stringify(body) : body, signal: AbortSignal.timeout(15000),
  });
  const answer = await response.json();
  if (answer === null || typeof answer !== "object") throw new TypeError("not an answer");
  return answer;
}

// Asks something that changes nothing. Throws Refused, or whatever the network throws.
export async function ask(operation, body, type) {
  const answer = await once(operation, body, type);
  if (answer.code) throw new Refused(answer);
  return answer;
}

// Asks for something to be done, and waits as long as it takes. `waits` hears of each try in vain,
// and what the box said, if it said that somebody has to do something first.
// Throws Refused when the box says no for good.
export async function act(operation, body, waits) {
  const open = { operation, body: { ...body, key: newKey() } };
  keep("open", open);
  return goOn(open, waits);
}

// Goes on with what was left open, by this page or by an earlier life of it.
export async function goOn(open, waits) {
  for (let tries = 0; ; tries += 1) {
    if (kept("open")?.body.key !== open.body.key) return null; // somebody asked, and knows
    let answer = null;
    try { answer = await once(open.operation, open.body); } catch { /* no answer says nothing */ }
    if (answer && answer.retry !== "same" && (answer.code || answer.key === open.body.key)) {
      keep("open", null);
      if (answer.code) throw new Refused(answer);
      return answer;
    }
    waits(answer?.code && !answer.retry_after ? answer : null);
    await pause(answer?.retry_after ?? Math.min(1 + tries, 5));
  }
}

// Finds out what became of what is open: its answer, or null for never.
export async function whatBecame(open) {
  const fate = await ask("ask", { key: open.body.key });
  keep("open", null);
  if (fate.fate === "never") return null;
  if (fate.answer.code) throw new Refused(fate.answer);
  return fate.answer;
}

export async function health() {
  const response = await fetch("/v1/health", { signal: AbortSignal.timeout(5000) });
  return response.json();
}

// Returns the codes in a picture, made small enough to be sent.
export async function codesIn(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.85, 0.6, 0.35]) {
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
    if (blob.size <= 512 * 1024) return (await ask("scan", blob, "image/jpeg")).codes;
  }
  return [];
}
