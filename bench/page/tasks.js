/** Watches the page's thread while `work` runs: the browser's own record of long tasks, and a ticker beside it. */
export async function watchTasks(work) {
  const long = [];
  const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
  observer.observe({ type: 'longtask' });

  let last = performance.now();
  let gap = 0;
  let heap = 0;
  let ticking = true;
  const tick = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    heap = Math.max(heap, performance.memory?.usedJSHeapSize ?? 0);
    if (ticking) setTimeout(tick, 5);
  };
  tick();

  const value = await work();
  ticking = false;
  // The record of the last task comes after it.
  await new Promise((resolve) => setTimeout(resolve, 200));
  observer.disconnect();
  return { ...value, longest: Math.max(0, ...long), count: long.length, gap, heap };
}
