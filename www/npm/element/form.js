/** What the element gives to its form, and whether that can be sent. */
export class FormPart {
  urls = [];
  #internals;
  #state = '[]';

  constructor(internals) {
    this.#internals = internals;
  }

  /** Takes in what was given; true if there are other URLs than before. `name` is what they go under. */
  update(given, { name, required }, words, anchor) {
    const items = [...given.values()];
    const done = items.filter(({ url }) => url);
    const state = JSON.stringify(done.map(({ path, size, url }) => ({ path, size, url })));
    const changed = state !== this.#state;
    this.#state = state;
    this.urls = done.map(({ url }) => url);
    const data = new FormData();
    for (const url of name ? this.urls : []) data.append(name, url);
    this.#internals.setFormValue(data, state);
    const problem = problemOf(items, required);
    const flag = problem === 'missing' ? 'valueMissing' : 'customError';
    this.#internals.setValidity(problem ? { [flag]: true } : {}, problem ? words.say(problem) : '', anchor);
    return changed;
  }
}

function problemOf(items, required) {
  const phases = new Set(items.map(({ phase }) => phase));
  if (required && phases.size === 0) return 'missing';
  if (phases.has('failed')) return 'broken';
  phases.delete('done');
  return phases.size > 0 && 'busy';
}
