import { attributes, reflect, upgrade } from './attributes.js';
import { FormPart } from './form.js';
import { schedule } from './frame.js';
import { UploadItem } from './item.js';
import { accepts } from './limits.js';
import { remember, remembered } from './remembered.js';
import { strings } from './strings.js';
import { View } from './view.js';
import { chooseHandles, chosenIn, filesIn, watchTransfers } from './ways-in.js';
import { wordsFor } from './words.js';

const TAG = 'xuchuan-upload';
// Files are taken in for so many milliseconds at a time: thousands may be dropped at once.
const SLICE = 8;
// What is no larger is one chunk, which leaves nothing unfinished.
const CHUNK = 4 << 20;

/**
 * The element `<xuchuan-upload>`: files are chosen, dropped and pasted there, and their URLs go with the form. On a server and in a
 * worker there are no elements, and nobody makes one.
 */
export class XuchuanUpload extends (globalThis.HTMLElement ?? Object) {
  static formAssociated = true;
  static observedAttributes = attributes;
  /** The words of each language: see strings.js. */
  static strings = strings;
  /** What uploads: `upload`, `pending` and `filesOf` of the entry that the page uses. */
  static engine;

  #options = {};
  #internals = this.attachInternals();
  #form = new FormPart(this.#internals);
  #view;
  // What was given in this visit, by size and path, and what an earlier one left.
  #given = new Map();
  #left = new Set();
  // Where it is noted what may be left.
  #place;
  #connected;
  #language = new MutationObserver(() => this.#speak());

  constructor() {
    super();
    this.#internals.role = 'group';
    this.#view = new View(this.attachShadow({ mode: 'open', delegatesFocus: true }), {
      choose: () => this.choose(),
      picked: (input) => this.#take(chosenIn(input)),
      start: () => this.start(),
      toggle: () => (this.#in('moving').length > 0 ? this.pause() : this.resume()),
      clear: () => this.clear(),
      act: (item) => this.#act(item),
      remove: (item) => this.removeFile(item),
    });
    // A click on its label comes as one on the element itself.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.choose());
    this.#speak();
  }

  connectedCallback() {
    upgrade(this);
    this.#connected = new AbortController();
    watchTransfers(
      this,
      this.#connected.signal,
      (on) => this.#view.light(on && !this.#isDisabled),
      (transfer) => this.#isDisabled || this.#take(XuchuanUpload.engine.filesOf(transfer)),
    );
    this.#language.observe(this.ownerDocument, { attributeFilter: ['lang'], subtree: true });
    this.#speak();
    if (this.#place) return;
    this.#place = `${TAG} ${location.pathname} ${this.name || this.id}`;
    const left = remembered(this.#place);
    if (Object.keys(left).length > 0) this.#listLeft(left);
  }

  // What is under way goes on: frameworks take an element out to put it elsewhere. `clear()` ends it.
  disconnectedCallback() {
    this.#connected.abort();
    this.#language.disconnect();
  }

  attributeChangedCallback() {
    this.#update();
  }

  formAssociatedCallback() {
    schedule(this.#draw);
  }

  formDisabledCallback() {
    this.#drawAll();
  }

  formResetCallback() {
    this.clear();
  }

  formStateRestoreCallback(state, reason) {
    if (reason !== 'restore' || this.#given.size > 0) return;
    for (const { path, size, url } of JSON.parse(state)) this.#list(this.#make({ path, size, result: { url } }));
    this.#update();
  }

  /** Options for `upload()`; the element's own `endpoint` comes first. */
  get options() {
    return this.#options;
  }

  set options(options) {
    this.#options = options ?? {};
  }

  /** The files in the list; those that an earlier visit left, too. */
  get files() {
    return [...this.#left, ...this.#given.values()];
  }

  /** The URLs that go with the form. */
  get urls() {
    return this.#form.urls;
  }

  /** The first URL, or nothing. As of a file input, it can only be emptied. */
  get value() {
    return this.urls[0] ?? '';
  }

  set value(value) {
    if (!value) this.clear();
  }

  checkValidity() {
    return this.#internals.checkValidity();
  }

  reportValidity() {
    return this.#internals.reportValidity();
  }

  /** Opens the picker; within a click, as browsers want it. */
  async choose() {
    if (this.#isDisabled) return;
    const handles = await chooseHandles(this.#isMultiple, this.accept);
    if (handles) this.#take(handles);
    else this.#view.pick();
  }

  /** Takes files in as if they had been chosen. */
  addFiles(files) {
    return this.#take(filesIn(files));
  }

  /** Takes a file out of the list and ends its upload; what an earlier visit left of it is forgotten. */
  removeFile(item) {
    if (!this.files.includes(item)) return;
    this.#drop(item);
    this.#say(item, 'removed');
    this.#emit('upload-removed', { item });
    this.#update();
  }

  /** Takes out all that was given in this visit. */
  clear() {
    this.#dropGiven();
    this.#view.refuse([]);
    this.#update();
  }

  /** Starts what has been chosen. */
  start() {
    for (const item of this.#in('chosen')) item.start();
  }

  /** Pauses all that is under way. */
  pause() {
    for (const item of this.#in('moving')) item.pause();
  }

  /** Goes on with all that is paused. */
  resume() {
    for (const item of this.#in('paused')) item.resume();
  }

  get #isDisabled() {
    return this.matches(':disabled');
  }

  get #isMultiple() {
    return this.multiple || this.directory;
  }

  #in(phase) {
    return this.files.filter((item) => item.phase === phase);
  }

  #act(item) {
    if (item.needsFile) this.choose();
    else if (item.phase === 'moving') item.pause();
    else if (item.phase === 'paused') item.resume();
    else {
      this.#start(item);
      this.#update();
    }
  }

  async #take(found) {
    const refused = [];
    let added = 0;
    let end = performance.now() + SLICE;
    try {
      for await (const { source, path } of found) {
        const refusal = await this.#takeOne(source, path, added);
        if (refusal?.why) refused.push({ name: path, ...refusal });
        else if (!refusal) added += 1;
        if (performance.now() < end) continue;
        this.#update();
        await new Promise((go) => setTimeout(go));
        end = performance.now() + SLICE;
      }
    } catch ({ message }) {
      refused.push({ name: message, why: 'error-file-unreadable' });
    }
    this.#view.refuse(refused);
    if (refused.length > 0) this.#emit('upload-refused', { files: refused });
    if (added > 0) this.#view.say('added', this.#view.words.say('added', added));
    this.#update();
  }

  // Why a file is not taken, if it is not; `added` others came with it.
  async #takeOne(source, path, added) {
    const { accept, directory, maxSize, maxFiles } = this;
    const file = await open(source);
    if (!file) return { why: 'error-file-unreadable' };
    const { name, size } = file;
    if (!directory && path.includes('/')) return { why: 'folders' };
    if (!accepts(accept, file)) return { why: 'type' };
    if (size > maxSize) return { why: 'size', most: this.#view.words.bytes(maxSize) };
    // It may be the one that an upload waits for; whether it is that or another of its name and size is told by its content.
    const known = [...this.#left].find((item) => item.name === name && item.size === size) ?? this.#given.get(keyOf({ path, size }));
    if (known && ['unfinished', 'failed'].includes(known.phase)) return this.#start(known, source);
    if (known) return { why: 'twice' };
    if (!this.#isMultiple && added > 0) return { why: 'one' };
    if (this.#isMultiple && this.#given.size >= maxFiles) return { why: 'count', most: maxFiles };
    const item = this.#make({ path, size, file, source });
    // The page may not want it, and says so itself.
    if (!this.#emit('upload-added', { item }, true)) return {};
    if (!this.#isMultiple) this.#dropGiven();
    this.#list(item);
    return this.auto && this.#start(item);
  }

  #make({ path, ...facts }) {
    const begin = (item) => this.#begin(item);
    const changed = (item, what) => this.#changed(item, what);
    return new UploadItem({ name: path.slice(path.lastIndexOf('/') + 1), path, ...facts }, begin, changed);
  }

  #list(item) {
    if (item.phase === 'unfinished') this.#left.add(item);
    else this.#given.set(keyOf(item), item);
    this.#view.add(item);
  }

  #drop(item) {
    this.#left.delete(item);
    this.#given.delete(keyOf(item));
    this.#remember(item, false);
    item.abort();
    item.pending?.forget().catch(() => {});
    this.#view.remove(item);
  }

  #dropGiven() {
    for (const item of this.#given.values()) this.#drop(item);
  }

  #start(item, source) {
    if (this.#left.delete(item)) {
      if (!this.#isMultiple) this.#dropGiven();
      this.#given.set(keyOf(item), item);
    }
    item.start(source);
  }

  #begin(item) {
    const { endpoint, options } = this;
    const tell = (callback, what) => (value) => {
      item.progress = item.transfer?.progress ?? item.progress;
      this.#changed(item, what);
      options[callback]?.(value);
    };
    const given = {
      ...options,
      ...(endpoint && { endpoint }),
      onProgress: tell('onProgress', 'progress'),
      onState: tell('onState', 'state'),
    };
    if (options.resume !== false && item.size > (options.chunkSize ?? CHUNK)) this.#remember(item, true);
    return item.pending ? item.pending.resume(item.source, given) : XuchuanUpload.engine.upload(item.source, given);
  }

  #changed(item, what) {
    if (this.#given.get(keyOf(item)) !== item) return;
    this.#view.draw(item);
    schedule(this.#draw);
    if (what === 'progress') this.#emit('upload-progress', { item, progress: item.progress });
    // What moves changes nothing in the form, of which thousands would keep it busy.
    if (what !== 'done' && what !== 'error') return;
    if (what === 'done') {
      this.#remember(item, false);
      const { done, count } = this.#sum();
      if (count > 1) this.#view.say(what, this.#view.words.say('tally', done, count));
      else this.#say(item, what);
    }
    if (what === 'error') this.#say(item, 'failed');
    this.#update();
    this.#emit(`upload-${what}`, { item, url: item.url, error: item.error });
  }

  #remember({ name, size }, isStarted) {
    if (this.#place) remember(this.#place, keyOf({ path: name, size }), isStarted);
  }

  // Lists what `pending` knows of the element's uploads, and forgets the others, for which the engine need not be loaded again.
  async #listLeft(left) {
    const pendings = await XuchuanUpload.engine.pending().catch(() => null);
    // The engine could not be loaded; at the next visit it may.
    if (!pendings) return;
    for (const key of Object.keys(left)) {
      const pending = pendings.find(({ kind, name: path, size }) => kind === 'upload' && keyOf({ path, size }) === key);
      if (!pending) remember(this.#place, key, false);
      else if (!this.#given.has(key)) this.#list(this.#make({ path: pending.name, size: pending.size, pending }));
    }
    schedule(this.#draw);
  }

  // Brings the form up to date, and tells of other URLs as any control does.
  #update() {
    schedule(this.#draw);
    if (!this.#form.update(this.#given, this, this.#view.words, this.#view.anchor)) return;
    for (const type of ['input', 'change']) this.#emit(type);
  }

  #speak() {
    const words = wordsFor(this);
    if (words === this.#view.words) return;
    this.#view.words = words;
    this.#drawAll();
    this.#update();
  }

  // `what` happened to a file.
  #say(item, what) {
    const { words } = this.#view;
    this.#view.say(item, words.say('about', item.name, words.say(what)));
  }

  #drawAll() {
    schedule(this.#draw);
    for (const item of this.files) this.#view.draw(item);
  }

  #draw = () => {
    const labels = [...this.#internals.labels].map(({ textContent }) => textContent.trim());
    this.#internals.ariaLabel = labels.join(' ') || this.#view.words.say('label');
    this.#view.disabled = this.#isDisabled;
    this.#view.drawFrame(this, this.#isMultiple, this.#sum());
  };

  // What was given in this visit, in sum and by phase.
  #sum() {
    const sum = { count: this.#given.size, size: 0, confirmed: 0, speed: 0, chosen: 0, moving: 0, paused: 0, done: 0, failed: 0 };
    for (const item of this.#given.values()) {
      sum.size += item.size;
      sum.confirmed += item.confirmed;
      sum.speed += item.state === 'transferring' ? item.progress.speed : 0;
      sum[item.phase] += 1;
    }
    return sum;
  }

  #emit(type, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable }));
  }

  static {
    reflect(this.prototype);
    for (const name of ['form', 'labels', 'validity', 'validationMessage', 'willValidate']) {
      Object.defineProperty(this.prototype, name, {
        get() {
          return this.#internals[name];
        },
      });
    }
  }
}

const keyOf = ({ path, size }) => `${size} ${path}`;

// The file behind a handle; nothing if it can't be read.
async function open(source) {
  try {
    return source.getFile ? await source.getFile() : source;
  } catch {
    return null;
  }
}

/** Registers the element, which uploads by `engine`, and returns its class; included twice, the first one stays. */
export function define(engine) {
  XuchuanUpload.engine ??= engine;
  const registry = globalThis.customElements;
  if (registry && !registry.get(TAG)) registry.define(TAG, XuchuanUpload);
  return registry?.get(TAG) ?? XuchuanUpload;
}
