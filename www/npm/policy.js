import { base } from './sendable.js';
import { sleep } from './sleep.js';
import { withoutSecrets } from './secrets.js';

// The event may come a moment after the request has failed.
const MOMENT = 50;

/**
 * Hears what the page's Content-Security-Policy forbids to fetch: the failure itself does not say so.
 * `objectionTo(url)` resolves with what has to be allowed, undefined if nothing.
 */
export function watchPolicy() {
  const blocked = [];
  const note = ({ disposition, effectiveDirective, blockedURI }) => {
    if (disposition !== 'report' && effectiveDirective === 'connect-src') blocked.push(withoutSecrets(blockedURI));
  };
  globalThis.addEventListener?.('securitypolicyviolation', note);
  return {
    async objectionTo(url) {
      await sleep(MOMENT);
      // Browsers name it without its query, or its origin alone.
      const { origin, pathname } = new URL(url, base());
      const isIt = (name) => name === origin || name === origin + pathname;
      return blocked.some(isIt) ? `the page's Content-Security-Policy forbids it: add ${origin} to its connect-src` : undefined;
    },
    unwatch: () => globalThis.removeEventListener?.('securitypolicyviolation', note),
  };
}
