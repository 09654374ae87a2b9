// Keeps the page itself on the phone, so that it opens while the box restarts. Never an answer.

const SHELL = "edgebox-phone-2";
const FILES = ["/phone", "/phone/phone.css", "/phone/app.js", "/phone/box.js", "/phone/dom.js", "/phone/say.js", "/phone/uses.js", "/phone/manifest.json"];

addEventListener("install", (event) => event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))));
addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || !FILES.includes(pathname)) return;
  // The box's own file first; the kept one only when it does not answer.
  event.respondWith(fetch(event.request).then(async (response) => {
    if (response.ok) (await caches.open(SHELL)).put(pathname, response.clone());
    return response;
  }).catch(() => caches.match(pathname)));
});
