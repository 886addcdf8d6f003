import { compile } from './compile.js';
import { LiveEngine } from './live-engine.js';
import { kindOf } from './types.js';
import { NEEDS, canRun } from './support.js';
import { TransferError } from './errors.js';
import { WorkerSpawner } from './spawn.js';
import { withoutSecrets } from './secrets.js';

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
      if (!canRun()) throw new TransferError('unsupported', NEEDS);
      const module = this.#wasm
        ? await compile(this.#wasm)
        : await compile(this.#assets.wasm(), this.#assets.integrity);
      return { module, spawner: new WorkerSpawner(module, [this.#makeWorker, ...this.#assets.workers]) };
    } catch (cause) {
      // Its body is used up: the next try would fail for that reason instead of the real one.
      if (kindOf(this.#wasm) === 'Response') this.#wasm = undefined;
      throw failedToLoad(cause);
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

function failedToLoad(cause) {
  if (cause instanceof TransferError) return cause;
  return new TransferError('engine', `The engine could not be loaded: ${withoutSecrets(cause.message)}`, { retryable: true, cause });
}
