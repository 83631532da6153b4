// The service worker: a reload works without the box. The page and its two files come from the box while it
// answers, else from what was kept. Questions to the station API are never touched: the page itself keeps the paper's
// sealed files (_sealed.ts).

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = "exam-page";
const FILES = ["/station/", "/static/station/exam.js", "/static/station/exam.css"];
const PATIENCE = 2500;

/** Chromium 123 and later; TypeScript does not know it yet. */
interface Routing {
  addRoutes?: (rule: { condition: { urlPattern: string }; source: "network" }) => Promise<void>;
}

worker.addEventListener("install", (event) => {
  // The API passes by this worker: what a page tells while it goes away would die with it on the way.
  const routed = (event as Routing).addRoutes?.({ condition: { urlPattern: "/station/api/*" }, source: "network" });
  if (routed) event.waitUntil(routed);
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

/** From the box within a short time, else from the cache; what came from the box replaces what was kept. */
async function fresh(key: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(key, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) await cache.put(key, response.clone());
    if (response.ok || response.status < 500) return response;
    throw new Error(`status ${response.status}`);
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

worker.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (origin !== worker.location.origin || event.request.method !== "GET") return;
  const key = event.request.mode === "navigate" && pathname.startsWith("/station/") ? "/station/" : pathname;
  if (FILES.includes(key)) event.respondWith(fresh(key));
});
