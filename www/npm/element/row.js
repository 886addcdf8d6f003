import { icon, make, name, stretch, write, writeFacts } from './dom.js';

// As strokes in 20 × 20 units.
const ICONS = { pause: 'M7 4v12M13 4v12', resume: 'M6 4l10 6-10 6z', remove: 'M5 5l10 10M15 5 5 15' };
// What the one button does, by the item's phase. It stays while it changes, and so does the focus: three times Enter does no harm.
const NEXT = { moving: 'pause', paused: 'resume', unfinished: 'resume', failed: 'retry' };

let made = 0;

/** One file as the list shows it. */
export class Row {
  #item;
  #view;
  #name;
  #status = make('div', 'status');
  #detail = make('div', 'detail', { lang: 'en' });
  #read = make('div', 'bar-read');
  #fill = make('div', 'bar-fill');
  #bar;
  #act;
  #remove;
  #drawn;

  /** `view` has the words, and whether nothing can be done now; the buttons call `act(item)` and `remove(item)`. */
  constructor(item, view, { act, remove }) {
    this.#item = item;
    this.#view = view;
    const id = `name-${(made += 1)}`;
    const kind = /\.(\w{1,4})$/.exec(item.name)?.[1] ?? '';
    this.thumbnail = make('div', 'thumbnail', { 'aria-hidden': true, textContent: kind });
    this.#name = make('a', 'name', { id, target: '_blank', title: item.path, textContent: item.name });
    this.#bar = make('div', 'bar', { role: 'progressbar', 'aria-labelledby': id }, this.#read, this.#fill);
    this.#act = make('button', '', { type: 'button', onclick: () => act(item) });
    this.#remove = make('button', '', { type: 'button', onclick: () => remove(item) });
    const text = make('div', 'text', {}, this.#name, this.#status, this.#bar, this.#detail);
    // Not in the order of tabs: the focus comes to it when the button that had it is gone.
    this.element = make('li', '', { tabIndex: -1, 'aria-labelledby': id }, this.thumbnail, text, this.#act, this.#remove);
  }

  draw = () => {
    const { size, confirmed, progress, state } = this.#item;
    const { words, disabled } = this.#view;
    // What changes with these alone.
    const drawn = [state, words.lang, disabled].join();
    if (drawn !== this.#drawn) this.#turn();
    this.#drawn = drawn;
    writeFacts(this.#status, ...this.#facts(state));
    stretch(this.#fill, confirmed / size || 0, this.#bar);
    stretch(this.#read, progress?.hashed / size || 0);
  };

  #turn() {
    const { url, error, phase, needsFile } = this.#item;
    name(this.element, `item ${phase}`);
    if (/^https?:/.test(url)) this.#name.href = url;
    write(this.#detail, error?.message ?? '');
    const isMoving = ['moving', 'paused'].includes(phase);
    this.#bar.hidden = !isMoving && phase !== 'unfinished';
    const what = needsFile ? 'again' : NEXT[phase];
    const hadFocus = this.#act.matches(':focus');
    this.#act.hidden = !what;
    if (what) this.#label(this.#act, what, isMoving);
    else if (hadFocus) this.element.focus();
    this.#label(this.#remove, 'remove', true);
  }

  #label(button, what, small) {
    const { words, disabled } = this.#view;
    button.disabled = disabled;
    button.title = words.say(what);
    button.ariaLabel = words.say('about', button.title, this.#item.name);
    name(button, small ? 'button icon' : 'button');
    button.replaceChildren(small ? icon(ICONS[what]) : button.title);
  }

  #facts(state) {
    const { words } = this.#view;
    const { size, progress, error, pending, confirmed, phase } = this.#item;
    const share = (part) => words.percent(Math.min(part / size, 0.99) || 0);
    const whole = words.bytes(size);
    if (phase === 'failed') return [words.say(`error-${error.code}`) ?? words.say(phase)];
    if (phase === 'done') return [words.say(phase), whole];
    if (phase === 'unfinished') return [words.say(phase, share(pending.done), words.moment(pending.updatedAt)), whole];
    if (state === 'hashing') return [`${words.say(state)} ${share(progress.hashed)}`, whole];
    const amount = confirmed > 0 ? `${words.bytes(confirmed)} / ${whole}` : whole;
    const waiting = phase === 'moving' && words.say(`wait-${progress.waitingFor?.reason}`);
    if (state !== 'transferring') return [waiting || (words.say(state) ?? words.say(phase)), amount];
    const { speed, eta } = progress;
    return [
      `${words.say(phase)} ${share(confirmed)}`,
      amount,
      speed > 0 && words.bytes(speed, '-per-second'),
      eta !== null && words.say('left', words.duration(eta)),
    ];
  }
}
