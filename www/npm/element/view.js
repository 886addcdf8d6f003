import { css } from './css.js';
import { make, stretch, write, writeFacts } from './dom.js';
import { schedule } from './frame.js';
import { Row } from './row.js';
import { showThumbnail } from './thumbnail.js';

// Of what was refused, as many are named.
const NAMED = 3;
// In milliseconds: what happens together is said together.
const QUIET = 700;

const block = (part, ...children) => make('div', part, {}, ...children);
const button = (part, onclick, ...children) => make('button', `button ${part}`, { type: 'button', onclick }, ...children);

// None on a server.
const sheet = globalThis.CSSStyleSheet && new CSSStyleSheet();
sheet?.replaceSync(css);

/** What is seen of the element: the place to choose and drop, the sum of all, the list. It shows, and passes on what is clicked. */
export class View {
  words;
  disabled = false;
  /** Where the browser points when the form can't be sent. */
  anchor;
  #actions;
  #input = make('input', '', { type: 'file', hidden: true, onchange: () => this.#actions.picked(this.#input) });
  #chooseWords = make('slot', '', { name: 'choose' });
  #folder = button('folder', () => this.pick(true));
  #hint = make('slot', '', { name: 'hint' });
  #limits = block('limits');
  #message = make('div', 'message', { role: 'alert' });
  #tally = block('tally');
  #start;
  #toggle;
  #clear;
  #fill = block('bar-fill');
  #bar = make('div', 'bar', { role: 'progressbar' }, this.#fill);
  #summary;
  #list = make('ul', 'list', { role: 'list' });
  #spoken = make('div', 'unseen', { role: 'status' });
  #base;
  #rows = new Map();
  #sentences = new Map();

  /** `actions` are `choose`, `picked(input)`, `start`, `toggle`, `clear`, and of a file `act(item)` and `remove(item)`. */
  constructor(root, actions) {
    this.#actions = actions;
    this.anchor = button('choose', actions.choose, this.#chooseWords);
    this.#start = button('start', actions.start);
    this.#toggle = button('toggle', actions.toggle);
    this.#clear = button('clear', actions.clear);
    // Whoever aims at the zone means its button; the keyboard has the button.
    const onclick = ({ target }) => target.closest('button') ?? this.anchor.click();
    const zone = make('div', 'drop-zone', { onclick }, this.anchor, this.#folder, block('hint', this.#hint), this.#limits);
    this.#summary = block('summary', this.#tally, block('actions', this.#start, this.#toggle, this.#clear), this.#bar);
    this.#base = block('base', zone, this.#input, this.#message, this.#summary, this.#list, this.#spoken);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#base);
  }

  /** Opens the browser's picker, of files or of a folder. */
  pick(webkitdirectory = false) {
    Object.assign(this.#input, { webkitdirectory }).click();
  }

  /** Shows one more file, as soon as a frame has time for it. */
  add(item) {
    this.#rows.set(item, null);
    schedule(() => {
      if (!this.#rows.has(item)) return;
      const row = new Row(item, this, this.#actions);
      this.#rows.set(item, row);
      this.#list.append(row.element);
      row.draw();
      showThumbnail(row.thumbnail, item.file);
    });
  }

  /** Takes a file from the list; the focus goes to its neighbour, or back to where files are chosen. */
  remove(item) {
    const element = this.#rows.get(item)?.element;
    this.#rows.delete(item);
    if (!element) return;
    const near = element.nextElementSibling ?? element.previousElementSibling ?? this.anchor;
    const hadFocus = element.matches(':focus-within');
    element.remove();
    if (hadFocus) near.focus();
  }

  /** Has a file drawn in the next frame. */
  draw(item) {
    const row = this.#rows.get(item);
    if (row) schedule(row.draw);
  }

  /** Draws all but the list, of an element; `sum` counts what is in the list by phase. */
  drawFrame({ accept, directory, maxSize, maxFiles }, multiple, sum) {
    const { words, disabled } = this;
    this.#base.lang = words.lang;
    Object.assign(this.#input, { accept, multiple });
    write(this.#chooseWords, words.say(multiple ? 'choose' : 'chooseOne'));
    write(this.#folder, words.say('folder'));
    write(this.#hint, words.say('drop'));
    this.#folder.hidden = !directory;
    writeFacts(
      this.#limits,
      maxSize < Infinity && words.say('maxSize', words.bytes(maxSize)),
      multiple && maxFiles < Infinity && words.say('maxFiles', maxFiles),
    );
    this.#drawSum(sum);
    for (const one of [this.anchor, this.#folder, this.#start, this.#toggle, this.#clear]) one.disabled = disabled;
  }

  #drawSum({ count, size, confirmed, speed, chosen, moving, paused, done }) {
    const { words } = this;
    const isOne = count < 2;
    this.#list.hidden = this.#rows.size === 0;
    this.#list.ariaLabel = this.#bar.ariaLabel = words.say('list');
    this.#start.hidden = chosen === 0;
    this.#toggle.hidden = this.#bar.hidden = isOne || moving + paused === 0;
    this.#clear.hidden = this.#tally.hidden = isOne;
    this.#summary.hidden = isOne && chosen === 0;
    // A button that goes takes the focus with it: to the first file, where it does nothing.
    if ([this.#start, this.#toggle, this.#clear].some((one) => one.matches(':focus') && !one.checkVisibility())) {
      (this.#list.firstElementChild ?? this.anchor).focus();
    }
    write(this.#start, words.say('start'));
    write(this.#toggle, words.say(moving > 0 ? 'pauseAll' : 'resumeAll'));
    write(this.#clear, words.say('clear'));
    writeFacts(
      this.#tally,
      words.say('tally', done, count),
      `${words.bytes(confirmed)} / ${words.bytes(size)}`,
      moving > 0 && speed > 0 && words.say('left', words.duration((size - confirmed) / speed)),
    );
    stretch(this.#fill, confirmed / size || 0, this.#bar);
  }

  /** Says what was refused and why, until something else is chosen. */
  refuse(refused) {
    const { words } = this;
    const lines = refused.slice(0, NAMED).map(({ name, why, most }) => words.say('about', name, words.say(why, most)));
    if (refused.length > NAMED) lines.push(words.say('more', refused.length - NAMED));
    this.#message.replaceChildren(...lines.map((textContent) => make('div', '', { textContent })));
  }

  /** Has screen readers hear a sentence; a later one about the same `what` takes its place, so that there is no flood. */
  say(what, sentence) {
    if (this.#sentences.size === 0) {
      setTimeout(() => {
        this.#spoken.textContent = [...this.#sentences.values()].join(' ');
        this.#sentences.clear();
      }, QUIET);
    }
    this.#sentences.set(what, sentence);
  }

  /** Shows that what is dragged would be taken. */
  light(on) {
    this.#base.classList.toggle('over', on);
  }
}
