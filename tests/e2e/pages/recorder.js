// Hears what goes wrong in the page, how long its tasks take and how much memory it has; loaded before all else.
"use strict";
(() => {
  const keep = (text) => {
    const list = JSON.parse(sessionStorage.getItem("e2e-errors") ?? "[]");
    list.push(text);
    sessionStorage.setItem("e2e-errors", JSON.stringify(list));
  };
  addEventListener("error", (event) => {
    const where = event.target?.src ?? event.target?.href;
    keep(where ? `failed to load ${where}` : `${event.message} at ${event.filename}:${event.lineno}`);
  }, true);
  addEventListener("unhandledrejection", (event) => keep(`unhandled rejection: ${event.reason?.stack ?? event.reason}`));

  const watch = { longTasks: [], heap: 0, wasm: 0, memories: [] };
  window.e2eWatch = watch;
  if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes("longtask")) {
    const note = (entries) => watch.longTasks.push(...entries.map(({ startTime, duration }) => ({ startTime, duration })));
    new PerformanceObserver((list) => note(list.getEntries())).observe({ type: "longtask", buffered: true });
  }
  // The engine's memory is found where every instance shows it.
  const RealInstance = WebAssembly.Instance;
  WebAssembly.Instance = new Proxy(RealInstance, {
    construct(target, args, newTarget) {
      const instance = Reflect.construct(target, args, newTarget === WebAssembly.Instance ? target : newTarget);
      const { memory } = instance.exports;
      if (memory instanceof WebAssembly.Memory) watch.memories.push(memory);
      return instance;
    },
  });
  setInterval(() => {
    watch.heap = Math.max(watch.heap, performance.memory?.usedJSHeapSize ?? 0);
    watch.wasm = Math.max(watch.wasm, watch.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0));
  }, 100);
})();
