import { strings } from './strings.js';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
const speakers = new Map();

/** Words, amounts and times in one language. */
export class Words {
  #formats = new Map();

  /** `lang` is one that `strings` has. */
  constructor(lang) {
    this.lang = lang;
  }

  /** Says what `key` stands for. */
  say(key, ...values) {
    const words = strings[this.lang][key] ?? strings.en[key];
    return typeof words === 'function' ? words(...values) : words;
  }

  /** An amount; `per` makes it one of a time, such as `-per-second`. */
  bytes(count, per = '') {
    let [value, unit] = [count, 0];
    for (; value >= 999.5 && unit < UNITS.length - 1; unit += 1) value /= 1000;
    return this.#number(value, UNITS[unit] + per, unit && value < 99.95 ? 1 : 0, unit ? 'short' : 'long');
  }

  /** Coarser the longer it is, so that it does not flicker. */
  duration(seconds) {
    if (seconds < 60) return this.#number(Math.ceil(seconds), 'second');
    return seconds < 3600 ? this.#number(Math.ceil(seconds / 60), 'minute') : this.#number(seconds / 3600, 'hour', 1);
  }

  /** The whole percent reached. */
  percent(share) {
    return this.#number(Math.floor(share * 100), 'percent');
  }

  /** When a moment in milliseconds was. */
  moment(at) {
    return new Date(at).toLocaleString(this.lang, { dateStyle: 'medium', timeStyle: 'short' });
  }

  #number(value, unit, maximumFractionDigits = 0, unitDisplay = 'short') {
    const options = { style: 'unit', unit, unitDisplay, maximumFractionDigits };
    const key = JSON.stringify(options);
    // Making one costs more than using it a hundred times.
    if (!this.#formats.has(key)) this.#formats.set(key, new Intl.NumberFormat(this.lang, options));
    return this.#formats.get(key).format(value);
  }
}

/** Returns the words of the language that the page has where `element` is, as far as they are known. */
export function wordsFor(element) {
  const known = Object.keys(strings).filter((tag) => element.matches(`:lang(${tag})`));
  // Of Portuguese and that of Brazil the latter.
  const [tag = 'en'] = known.sort((one, other) => other.length - one.length);
  if (!speakers.has(tag)) speakers.set(tag, new Words(tag));
  return speakers.get(tag);
}
