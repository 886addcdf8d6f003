// What the bindings' tests share: a page, and uploads that do what a test says.
import { JSDOM } from 'jsdom';

/** Puts a page's globals in place, and returns an element in it. */
export function page() {
  const { window } = new JSDOM('<!doctype html><main></main>');
  for (const name of ['document', 'navigator', 'Node', 'Text', 'Comment', 'Element', 'HTMLElement', 'SVGElement', 'Event']) {
    // Node has some of them itself, which can't be assigned to.
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
  }
  globalThis.window = window;
  return window.document.querySelector('main');
}

/** Makes an `upload` that notes the transfers it has begun. */
export function uploads() {
  const begun = [];
  const upload = (source, { onProgress, onState, ...options } = {}) => {
    const transfer = { source, options, state: 'queued', progress: { confirmed: 0, state: 'queued' } };
    transfer.done = new Promise((resolve, reject) => Object.assign(transfer, { resolve, reject }));
    transfer.done.catch(() => {});
    const enter = (state) => {
      transfer.state = state;
      onState?.(state);
    };
    transfer.pause = () => enter('paused');
    transfer.resume = () => enter('transferring');
    transfer.abort = () => {
      if (['done', 'aborted'].includes(transfer.state)) return;
      enter('aborted');
      transfer.reject(Object.assign(new Error('The transfer was aborted'), { code: 'aborted' }));
    };
    transfer.advance = (confirmed) => {
      transfer.progress = { confirmed, state: 'transferring' };
      if (transfer.state !== 'transferring') enter('transferring');
      onProgress?.(transfer.progress);
    };
    transfer.finish = (url) => {
      enter('done');
      transfer.resolve({ url });
    };
    begun.push(transfer);
    return transfer;
  };
  return { begun, upload };
}

/** Lets what is on its way happen, timers of no length included. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
