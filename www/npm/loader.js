import { compile } from './compile.js';
import { LiveEngine } from './live-engine.js';
import { kindOf } from './types.js';
import { obstacle } from './support.js';
import { TransferError } from './errors.js';
import { WorkerSpawner } from './spawn.js';
import { withoutSecrets } from './secrets.js';

const CURE = '. Say where it is by init({ wasm }), or take the entry or script that has it inside ("inline")';

/** Keeps the one engine of the page: loads it when it is first wanted, and again after it died. */
export class Loader {
  #assets;
  #wasm;
  #makeWorker;
  #compiling;
  #engine;

  constructor(assets) {
    this.#assets = assets;
  }

  /** Says where the engine comes from; once it is loading, that is settled. */
  configure({ wasm, worker }) {
    if (this.#compiling) return;
    this.#wasm = wasm ?? this.#wasm;
    this.#makeWorker = worker ?? this.#makeWorker;
  }

  /** Resolves with an engine that is alive. */
  async engine() {
    this.#compiling ??= this.#load();
    const { module, spawner } = await this.#compiling;
    // From here on nothing awaits, so concurrent callers share one instance.
    if (!this.#engine || this.#engine.dead) this.#engine = start(module, spawner);
    return this.#engine;
  }

  #load() {
    const compiling = this.#compile();
    // Not where it fails, which may be before it is noted that it runs.
    compiling.catch(() => (this.#compiling = undefined));
    return compiling;
  }

  async #compile() {
    try {
      const why = obstacle();
      if (why) throw new TransferError('unsupported', why);
      const module = this.#wasm ? await compile(this.#wasm) : await compilePackaged(this.#assets);
      return { module, spawner: new WorkerSpawner(module, [this.#makeWorker, ...this.#assets.workers]) };
    } catch (cause) {
      // Its body is used up: the next try would fail for that reason instead of the real one.
      const given = this.#wasm;
      if (kindOf(given) === 'Response') this.#wasm = undefined;
      throw failedToLoad(cause, given ? '' : CURE);
    }
  }
}

// Where the file can't be had: many build tools leave it behind. Why it couldn't is what there is to tell if nothing helps.
async function compilePackaged({ wasm, integrity, instead }) {
  try {
    return await compile(wasm(), integrity);
  } catch (cause) {
    if (!instead) throw cause;
    try {
      return await compile(await instead());
    } catch {
      throw cause;
    }
  }
}

function start(module, spawner) {
  try {
    return new LiveEngine(module, () => spawner.spawn());
  } catch (cause) {
    throw failedToLoad(cause);
  }
}

function failedToLoad(cause, cure = '') {
  if (cause instanceof TransferError) return cause;
  const message = `The engine could not be loaded: ${withoutSecrets(cause.message)}${cure}`;
  return new TransferError('engine', message, { retryable: true, cause });
}
