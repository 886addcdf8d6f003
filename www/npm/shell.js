import { TransferError, asTransferError } from './errors.js';
import { Loader } from './loader.js';
import { readOptions, requireArgument } from './options.js';
import { canRun } from './support.js';
import { withoutOthers } from './turns.js';
import { isSource } from './types.js';

/**
 * Makes the verbs of one entry point. `assets` says where its engine is: `wasm()` what to compile, `integrity` its
 * hash if known, `workers` the ways to start a worker, in order. `kinds` are what the engine can do: `uploads`,
 * `downloads` or both.
 */
export function createShell(assets, kinds) {
  const loader = new Loader(assets);
  const open = () => loader.engine();

  async function ask(use) {
    const engine = await open();
    try {
      return await engine.ask(use);
    } catch (error) {
      throw asTransferError(error);
    }
  }

  // For each kind of transfer its verbs, and how one of an earlier visit goes on.
  const made = kinds.map((kind) => kind({ open, ask }));
  const resume = Object.fromEntries(made.map((one) => [one.kind, one.resume]));

  async function pending() {
    const shapes = await ask((glue) => glue.pending());
    return (await withoutOthers(shapes)).map(asPending);
  }

  function asPending({ key, handle, ...shape }) {
    return {
      ...shape,
      resume(picked, given) {
        const source = picked ?? handle;
        if (shape.needsFile || picked != null) {
          requireArgument('resume', source, isSource(source), 'the file picked again');
        }
        const options = readOptions(shape.kind, given);
        return resume[shape.kind]({ key, source, options, total: shape.size });
      },
      forget: () => ask((glue) => glue.forgetPending(key)),
    };
  }

  function init(given) {
    loader.configure(readOptions('init', given));
    return open().then(() => {});
  }

  const verbs = Object.assign({}, ...made.map((one) => one.verbs));
  return { ...verbs, pending, init, isSupported: canRun, TransferError };
}
