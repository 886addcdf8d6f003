// What pages, their libraries and extensions do to what we rely on: done before our script loads, by the name in `?odd=`.
"use strict";
window.odd = (() => {
  const real = {
    fetch: window.fetch.bind(window), Blob, File, setTimeout: window.setTimeout.bind(window),
    clearTimeout: window.clearTimeout.bind(window), random: crypto.getRandomValues.bind(crypto),
  };
  const define = (object, name, value) => Object.defineProperty(object, name, { value, configurable: true, writable: true });
  const never = () => new Promise(() => {});

  function frame() {
    const element = document.createElement("iframe");
    document.documentElement.append(element);
    return element;
  }

  /** A `fetch` on top of XMLHttpRequest, which answers with an object of its own. */
  function fetchByXhr(url, { method = "GET", headers = {}, body, credentials } = {}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url, true);
      request.responseType = "blob";
      request.withCredentials = credentials === "include";
      for (const name of Object.keys(headers)) request.setRequestHeader(name, headers[name]);
      request.onerror = () => reject(new Error("the request failed"));
      request.onload = () => resolve({
        ok: request.status < 400, status: request.status,
        headers: { get: (name) => request.getResponseHeader(name) },
        text: () => request.response.text(), blob: () => Promise.resolve(request.response),
      });
      request.send(body ?? null);
    });
  }

  /** A promise as libraries of 2014 have them: its own class, its callbacks by a timer. */
  class OldPromise {
    constructor(work) {
      this._then = [];
      const settle = (how) => (value) => {
        if (this._how) return;
        if (how === "good" && value && typeof value.then === "function") { value.then(settle("good"), settle("bad")); return; }
        this._how = how;
        this._value = value;
        for (const run of this._then) real.setTimeout(run, 0);
      };
      try { work(settle("good"), settle("bad")); } catch (error) { settle("bad")(error); }
    }
    then(good, bad) {
      return new OldPromise((resolve, reject) => {
        const run = () => {
          const handle = this._how === "good" ? good : bad;
          if (typeof handle !== "function") { (this._how === "good" ? resolve : reject)(this._value); return; }
          try { resolve(handle(this._value)); } catch (error) { reject(error); }
        };
        if (this._how) real.setTimeout(run, 0); else this._then.push(run);
      });
    }
    catch(bad) { return this.then(undefined, bad); }
    finally(run) { return this.then((value) => { run(); return value; }, (error) => { run(); throw error; }); }
    static resolve(value) { return value instanceof OldPromise ? value : new OldPromise((resolve) => resolve(value)); }
    static reject(error) { return new OldPromise((_, reject) => reject(error)); }
    static all(list) {
      return new OldPromise((resolve, reject) => {
        const values = [...list];
        let left = values.length;
        values.forEach((value, at) => OldPromise.resolve(value).then((it) => { values[at] = it; if (!--left) resolve(values); }, reject));
        if (!left) resolve(values);
      });
    }
    static race(list) { return new OldPromise((resolve, reject) => { for (const one of list) OldPromise.resolve(one).then(resolve, reject); }); }
  }

  const oddities = {
    "nothing": () => {},

    // fetch
    "fetch that traces": () => {
      window.fetch = (url, options) => {
        if (typeof url !== "string") url = url.url;
        return real.fetch(url, { ...options, headers: { ...options?.headers, "X-Trace": "1" } });
      };
    },
    "fetch that adds a token and JSON": () => {
      window.fetch = function (url, options) {
        options = options || {};
        const headers = Object.assign({}, options.headers, { Authorization: "Bearer x" });
        if (!(options.body instanceof FormData) && options.body) headers["Content-Type"] = "application/json";
        return real.fetch(url, Object.assign({}, options, { headers }));
      };
    },
    "fetch that takes the headers away from forms": () => {
      window.fetch = (url, options = {}) =>
        real.fetch(url, options.body instanceof FormData ? { ...options, headers: { Authorization: "x" } } : options);
    },
    "fetch that shows no source and forgets the headers of files": () => {
      window.fetch = new Proxy(real.fetch, {
        apply: (_, __, [url, options = {}]) => real.fetch(url, options.body instanceof Blob ? { ...options, headers: {} } : options),
      });
    },
    "fetch that throws at once": () => {
      let times = 0;
      window.fetch = (...args) => {
        if (String(args[0]).includes("upload")) times += 1;
        if (times > 0 && times < 3) throw new Error("no token yet");
        return real.fetch(...args);
      };
    },
    "fetch of a frame": () => {
      const clean = frame().contentWindow.fetch;
      window.fetch = (url, options) => clean(new URL(url, location.href).href, options);
    },
    "fetch by XMLHttpRequest": () => { window.fetch = fetchByXhr; },
    "fetch that reads along": () => {
      window.fetch = async (...args) => {
        const response = await real.fetch(...args);
        response.clone().text().catch(() => {});
        return response;
      };
    },

    // old libraries
    "arrays with toJSON": () => {
      // As Prototype.js 1.6 has them.
      Array.prototype.toJSON = function () { return `[${this.map((it) => JSON.stringify(String(it))).join(", ")}]`; };
      String.prototype.toJSON = function () { return `"${this}"`; };
      Object.toJSON = (value) => String(value);
      Array.from = (list) => {
        if (!list) return [];
        if (list.toArray) return list.toArray();
        const result = new Array(list.length || 0);
        for (let at = result.length; at--; ) result[at] = list[at];
        return result;
      };
      Array.prototype.toArray = Array.prototype.entries = function () { return this.slice(); };
      Array.prototype.reduce = function () { return this.length > 1 ? this : this[0]; };
      Object.keys = (object) => { const keys = []; for (const key in object) keys.push(key); return keys; };
      Object.values = (object) => { const values = []; for (const key in object) values.push(object[key]); return values; };
    },
    "a Request of its own": () => {
      // As MooTools has it, and arrays.
      window.Request = class { constructor(options) { this.options = options; } send() { return this; } };
      Array.from = (item) => (item == null ? [] : Array.isArray(item) ? item : [item]);
      Function.prototype.bind = function (bound, args) {
        const it = this;
        return function () { return it.apply(bound, args || arguments); };
      };
      window.Event = class { constructor(event) { this.event = event; } };
    },
    "more on every object": () => {
      Object.prototype.extend = function (more) { return Object.assign(this, more); };
      Object.prototype.each = function () {};
      Array.prototype.each = Array.prototype.forEach;
      Array.prototype.last = function () { return this[this.length - 1]; };
      Function.prototype.method = function () {};
    },
    "frozen prototypes": () => {
      for (const it of [Object, Array, Function, Error, TypeError, Promise, Map, Set, Uint8Array, ArrayBuffer, Date, String]) {
        Object.freeze(it.prototype);
        Object.freeze(it);
      }
    },
    "another Promise": () => { window.Promise = OldPromise; },
    "timers that are objects": () => {
      window.setTimeout = (...args) => ({ id: real.setTimeout(...args), [Symbol.toPrimitive]() { throw new TypeError("no number"); } });
      window.clearTimeout = (timer) => real.clearTimeout(timer?.id);
    },
    "another AbortController": () => {
      window.AbortController = class {
        signal = Object.assign(new EventTarget(), { aborted: false });
        abort() { this.signal.aborted = true; this.signal.dispatchEvent(new Event("abort")); }
      };
    },
    "clocks that stand": () => {
      Date.now = () => 1_600_000_000_000;
      Math.random = () => 0.5;
    },

    // blobs
    "blobs without arrayBuffer": () => { delete Blob.prototype.arrayBuffer; },
    "blobs without streams": () => { delete Blob.prototype.stream; },
    "another Blob and File": () => {
      // Those that it makes are the browser's, and `instanceof` is false for them.
      window.Blob = function (...args) { return new real.Blob(...args); };
      window.File = (...args) => new real.File(...args);
    },

    // messages, workers
    "channels that bring nothing": () => {
      window.MessageChannel = class { port1 = new EventTarget(); port2 = Object.assign(new EventTarget(), { start() {}, close() {} });
        constructor() { Object.assign(this.port1, { postMessage() {}, close() {} }); } };
    },
    "no channels": () => { define(window, "MessageChannel", undefined); },
    "no workers": () => {
      window.Worker = class { constructor() { throw new DOMException("not in this page", "SecurityError"); } };
    },
    "names of elements": () => {
      const image = Object.assign(document.createElement("img"), { name: "currentScript", src: "/favicon.svg" });
      document.head.append(Object.assign(document.createElement("div"), { id: "xuchuan" }), image);
    },
    "another base": () => {
      document.head.append(Object.assign(document.createElement("base"), { href: new URL("/elsewhere/page", location.href).href }));
    },

    // stores, locks
    "a store that never answers": () => { IDBFactory.prototype.open = () => new EventTarget(); },
    "a store that answers late": () => {
      const open = IDBFactory.prototype.open;
      IDBFactory.prototype.open = function (...args) {
        const request = new EventTarget();
        real.setTimeout(() => {
          const late = open.apply(this, args);
          for (const type of ["upgradeneeded", "success", "error"]) {
            late.addEventListener(type, () => {
              if (type !== "error") request.result = late.result;
              request.dispatchEvent(new Event(type));
            });
          }
        }, 2500);
        return request;
      };
    },
    "a store whose requests never answer": () => {
      IDBObjectStore.prototype.get = () => new EventTarget();
      IDBObjectStore.prototype.put = () => new EventTarget();
      IDBObjectStore.prototype.getAll = () => new EventTarget();
    },
    "locks that are never granted": () => {
      LockManager.prototype.request = never;
    },
    "locks that never answer": () => {
      LockManager.prototype.request = never;
      LockManager.prototype.query = never;
    },
    "no clones": () => { define(window, "structuredClone", undefined); },
  };

  const name = new URLSearchParams(location.search).get("odd") ?? "nothing";
  oddities[name]();
  return { name, names: Object.keys(oddities), real, frame };
})();
