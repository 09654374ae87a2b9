// Shows the contracts of this box. Everything comes from the box itself; nothing leaves it.

const SAYINGS = {
  en: { about: "How to begin", operations: "Operations", errors: "Refusals", files: "Files", find: "Find", login: "Terminal:token",
    skip: "Skip to content", request: "Request", answer: "Answer", field: "Field", type: "Type", means: "Means",
    required: "required", example: "Example", tryIt: "Try it", send: "Send", copied: "Copied", curl: "Copy as curl",
    keyed: "changes something: needs a key", reads: "changes nothing", noLogin: "Give a terminal's id and token above.",
    unreachable: "The box does not answer", retry: "retry", fix: "What to do", detail: "What is wrong", nothing: "Nothing here is called that.",
    filesText: "The same for programs:", language: "中文", of: "of" },
  zh: { about: "从这里开始", operations: "操作", errors: "拒绝代码", files: "文件", find: "查找", login: "终端:令牌",
    skip: "跳到正文", request: "请求", answer: "应答", field: "字段", type: "类型", means: "含义",
    required: "必填", example: "示例", tryIt: "试一试", send: "发送", copied: "已复制", curl: "复制为 curl",
    keyed: "会改变数据：需要请求键", reads: "只读", noLogin: "请在上方填写终端编号和令牌。",
    unreachable: "本机没有应答", retry: "重试", fix: "怎么办", detail: "出了什么问题", nothing: "没有叫这个名字的内容。",
    filesText: "供程序读取：", language: "English", of: "／" },
};

const state = { lang: localStorage.getItem("lang") || (navigator.language.startsWith("zh") ? "zh" : "en"), docs: null };
const say = (word) => SAYINGS[state.lang][word];

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// What the source says, in the reader's language: in the source's own words where there are no others.
function told(text) {
  return (state.lang === "zh" && state.docs.zh[(text || "").replace(/\s+/g, " ").trim()]) || text || "";
}

// The same with what stands between backticks as code.
const prose = (text) => told(text).split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));

const pretty = (value) => JSON.stringify(value, null, 2);
const schemaName = (reference) => reference.split("/").at(-1);

// --- types, said shortly

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schemaName(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `[${typeOf(schema.items || (schema.prefixItems || [])[0])}]`;
  if (schema.type === "object" && schema.additionalProperties) return `{…: ${typeOf(schema.additionalProperties)}}`;
  return schema.format ? `${schema.type} (${schema.format})` : schema.type || "…";
}

function boundsOf(schema) {
  const parts = [];
  for (const [key, sign] of [["minimum", "≥"], ["maximum", "≤"], ["minLength", "length ≥"], ["maxLength", "length ≤"], ["minItems", "items ≥"], ["maxItems", "items ≤"]])
    if (schema[key] !== undefined) parts.push(`${sign} ${schema[key]}`);
  return parts.join(", ");
}

function fields(schema) {
  const head = el("tr", {}, el("th", { scope: "col" }, say("field")), el("th", { scope: "col" }, say("type")), el("th", { scope: "col" }, say("means")));
  const rows = Object.entries(schema.properties || {}).map(([name, field]) => el("tr", {},
    el("td", {}, el("code", {}, name)),
    el("td", {}, typeOf(field), " ", el("small", {}, boundsOf(field))),
    el("td", {}, (schema.required || []).includes(name) ? el("b", {}, say("required") + ". ") : "", ...prose(field.description))));
  return rows.length ? el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)) : null;
}

function parts(schema, seen = new Set()) {
  const text = JSON.stringify(schema.properties || {});
  const nodes = [];
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([A-Za-z0-9]+)"/g)) {
    if (seen.has(name)) continue;
    seen.add(name);
    const part = state.docs.http.components.schemas[name];
    nodes.push(el("details", {}, el("summary", {}, name), el("p", {}, ...prose(part.description)), fields(part)), ...parts(part, seen));
  }
  return nodes;
}

// --- operations

function operation(name, post) {
  const schemas = state.docs.http.components.schemas;
  const request = post.requestBody.content["application/json"];
  const reply = post.responses["200"].content["application/json"];
  const asked = request && schemas[schemaName(request.schema.$ref)], answered = schemas[schemaName(reply.schema.$ref)];
  const base = "edge/v1/{store}/{terminal}", isAlsoMqtt = !post.tags.includes("box");
  return el("section", { id: `op-${name}` },
    el("h2", {}, name, " ", isAlsoMqtt ? el("span", { class: "tag" }, say(post.parameters ? "keyed" : "reads")) : null),
    el("p", {}, ...prose(post.summary)), post.description ? el("p", {}, ...prose(post.description)) : null,
    el("div", { class: "where" }, el("code", {}, `POST /v1/${name}`), isAlsoMqtt ? el("code", {}, `MQTT ${base}/req/${name} → ${base}/rsp/${name}`) : null),
    el("details", {}, el("summary", {}, say("request")), asked ? fields(asked) : el("p", {}, Object.keys(post.requestBody.content).join(" | ")), ...(asked ? parts(asked) : [])),
    el("details", {}, el("summary", {}, say("answer")), fields(answered), ...parts(answered), ...examples(reply)),
    request && el("details", {}, el("summary", {}, say("tryIt")), ...Object.values(request.examples || {}).slice(0, 3).map((example) => trial(name, example))));
}

function examples(content) {
  return Object.values(content.examples || {}).map((example) => el("details", {},
    el("summary", {}, `${say("example")}: ${told(example.summary)}`), el("pre", { tabindex: "0" }, pretty(example.value))));
}

function trial(name, example) {
  const label = `${say("request")} ${name}: ${told(example.summary)}`;
  const body = el("textarea", { spellcheck: "false", "aria-label": label }), said = el("div", { "aria-live": "polite" });
  body.value = pretty(example.value);
  return el("div", {}, el("p", {}, told(example.summary)), body,
    el("div", { class: "row" },
      el("button", { type: "button", class: "main", onclick: () => send(name, body.value, said) }, say("send")),
      el("button", { type: "button", onclick: (event) => copy(event.target, curl(name, body.value)) }, say("curl"))),
    said);
}

async function send(name, body, said) {
  const login = document.getElementById("login").value.trim();
  if (!login) return said.replaceChildren(el("p", { class: "bad" }, say("noLogin")));
  try {
    const response = await fetch(`/v1/${name}`, { method: "POST", body, headers: { "Content-Type": "application/json", Authorization: `Bearer ${login}` } });
    const text = await response.text();
    let shown = text;
    try { shown = pretty(JSON.parse(text)); } catch { /* it is shown as it came */ }
    said.replaceChildren(el("p", { class: response.ok ? "good" : "bad" }, `${response.status}`), el("pre", { tabindex: "0" }, shown));
  } catch (error) {
    said.replaceChildren(el("p", { class: "bad" }, `${say("unreachable")}: ${error.message}`));
  }
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const curl = (name, body) => `curl -s ${location.origin}/v1/${name} -H "Authorization: Bearer $LOGIN" -H 'Content-Type: application/json' -d ${quoted(body.replaceAll("\n", " "))}`;

async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = say("copied");
  setTimeout(() => { button.textContent = before; }, 1500);
}

// --- refusals

function refusal(entry) {
  const text = entry[state.lang];
  return el("section", { id: entry.code },
    el("h2", {}, el("code", {}, entry.code), " ", text.title, " ", el("span", { class: "tag" }, `${entry.status}`), " ", el("span", { class: "tag" }, `${say("retry")}: ${entry.retry}`)),
    el("p", {}, el("b", {}, `${say("detail")}: `), text.detail),
    el("p", {}, el("b", {}, `${say("fix")}: `), text.fix),
    entry.causes ? el("ul", {}, ...Object.values(entry.causes).map((cause) => el("li", {}, cause[state.lang]))) : null);
}

// --- the page

function groups() {
  const view = location.hash.startsWith("#errors") || location.hash.startsWith("#E-") ? "errors" : location.hash.startsWith("#files") ? "files" : "operations";
  if (view === "errors") return { view, groups: [[say("errors"), state.docs.errors.map((entry) => ({ id: entry.code, name: entry.code, text: pretty(entry), make: () => refusal(entry) }))]] };
  if (view === "files") return { view, groups: [] };
  const byArea = new Map();
  for (const [path, methods] of Object.entries(state.docs.http.paths)) {
    if (!methods.post?.requestBody) continue;
    const name = path.split("/").at(-1), area = methods.post.tags[0];
    if (!byArea.has(area)) byArea.set(area, []);
    byArea.get(area).push({ id: `op-${name}`, name, text: [name, ...[methods.post.summary, methods.post.description].flatMap((text) => [text, told(text)])].join(" "), make: () => operation(name, methods.post) });
  }
  const about = state.docs.http.info.description.trim().split("\n\n");
  const first = { id: "about", name: say("about"), text: about.flatMap((text) => [text, told(text)]).join(" "), make: () => el("section", { id: "about" }, el("h2", {}, say("about")), ...about.map((text) => el("p", {}, ...prose(text)))) };
  return { view, groups: [[state.docs.http.info.title, [first]], ...byArea] };
}

function show() {
  document.documentElement.lang = state.lang;
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  document.getElementById("lang").textContent = say("language");
  document.getElementById("lang").lang = state.lang === "zh" ? "en" : "zh";
  const { view, groups: found } = groups(), wanted = document.getElementById("find").value.trim().toLowerCase();
  for (const link of document.querySelectorAll("header nav a"))
    link.toggleAttribute("aria-current", link.getAttribute("href") === `#${view}`);
  const index = [], content = [];
  for (const [title, entries] of found) {
    const chosen = entries.filter((entry) => entry.text.toLowerCase().includes(wanted));
    if (!chosen.length) continue;
    index.push(el("h2", {}, told(title)), ...chosen.map((entry) => el("a", { href: `#${entry.id}` }, entry.name)));
    content.push(...chosen.map((entry) => entry.make()));
  }
  if (view === "files") content.push(el("section", {}, el("p", {}, say("filesText")), el("ul", {}, ...["/openapi.json", "/asyncapi.json", "/errors.json"].map((path) => el("li", {}, el("a", { href: path }, path))))));
  document.getElementById("index").replaceChildren(...index);
  document.getElementById("main").replaceChildren(...(content.length ? content : [el("p", {}, say("nothing"))]));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

async function start() {
  const [http, errors, zh] = await Promise.all(["/openapi.json", "/errors.json", "/docs/zh.json"].map(async (path) => (await fetch(path)).json()));
  state.docs = { http, errors, zh };
  document.getElementById("version").textContent = http.info.version;
  document.getElementById("find").addEventListener("input", show);
  document.getElementById("lang").addEventListener("click", () => {
    state.lang = state.lang === "zh" ? "en" : "zh";
    localStorage.setItem("lang", state.lang);
    show();
  });
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", show);
  show();
}

start();
