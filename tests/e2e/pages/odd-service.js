// A service worker that has everything go through it, and answers downloads out of its cache first.
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !new URL(request.url).pathname.startsWith("/files/")) {
    event.respondWith(fetch(request));
    return;
  }
  event.respondWith((async () => {
    const cache = await caches.open("odd");
    const known = await cache.match(request.url);
    if (known) return known;
    // Whole, whatever part was asked for.
    const answer = await fetch(request.url);
    await cache.put(request.url, answer.clone());
    return answer;
  })());
});
