import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { Clock } from './stand-ins/clock.js';
import { glues, version } from './stand-ins/engine.js';
import { setGlobal } from './stand-ins/globals.js';
import { module, unlinkable } from './stand-ins/wasm.js';

const { serve } = await import('../serve.js');

// A worker's scope; what it says to the page is noted, and so is what its engine hears.
class Scope extends EventTarget {
  said = [];
  heard = [];
  location = { href: 'https://host/worker.js' };
  name = 'xuchuan';

  postMessage(message) {
    this.said.push(message);
  }

  receive(data, ports = []) {
    this.onmessage?.({ data, ports });
  }
}

// Messages that have ports, as the platform's have them.
class MessageEvent extends Event {
  constructor(type, { data, ports }) {
    super(type);
    Object.assign(this, { data, ports });
  }
}

function served(t) {
  setGlobal(t, 'MessageEvent', MessageEvent);
  const scope = new Scope();
  scope.addEventListener('message', ({ data, ports }) => scope.heard.push([data, ports]));
  serve(scope);
  return scope;
}

test('worker: when it has the module it serves the engine, and says which version it is', (t) => {
  const scope = served(t);
  assert.deepEqual(scope.said, []);
  scope.receive({ t: 'init', module });
  assert.deepEqual(glues.at(-1).told, ['serve']);
  assert.deepEqual(scope.said, [{ t: 'ready', version }]);
  assert.deepEqual([scope.onmessage, scope.onmessageerror], [null, null]);
});

test('worker: what comes before the module reaches the engine, in order, with its ports', (t) => {
  const scope = served(t);
  scope.receive({ n: 1 }, ['port']);
  scope.receive({ n: 2 });
  assert.deepEqual(scope.heard, []);
  scope.receive({ t: 'init', module });
  assert.deepEqual(scope.heard, [
    [{ n: 1 }, ['port']],
    [{ n: 2 }, []],
  ]);
});

test('worker: what a worker for reading files is asked does not wait for a module', (t) => {
  const scope = served(t);
  scope.receive({ t: 'fill', id: 1, buffer: new ArrayBuffer(1) });
  scope.receive({ t: 'init', module });
  assert.deepEqual(scope.heard, []);
});

test('worker: a module that it can not be handed is an error, which the page hears of', (t) => {
  const scope = served(t);
  assert.throws(() => scope.onmessageerror(), /could not be handed to its worker/);
});

test('worker: a module that does not start is an error, and no ready worker', (t) => {
  const scope = served(t);
  const foreign = new WebAssembly.Module(unlinkable);
  assert.throws(() => scope.receive({ t: 'init', module: foreign }), WebAssembly.LinkError);
  assert.deepEqual(scope.said, []);
});

// The glue of the engine that a worker serves.
function glueOf(scope) {
  scope.receive({ t: 'init', module });
  return glues.at(-1);
}

test('worker: an engine that traps at work is an uncaught error, which the page hears of', async (t) => {
  const scope = served(t);
  const glue = glueOf(scope);
  const clock = new Clock(t);
  glue.trap();
  await assert.rejects(clock.pass(0), WebAssembly.RuntimeError);
});

test('worker: an engine that traps on an early message is no ready worker', async (t) => {
  const clock = new Clock(t);
  const scope = served(t);
  scope.addEventListener('message', () => glues.at(-1).trap());
  scope.receive({ n: 1 });
  scope.receive({ t: 'init', module });
  assert.deepEqual(scope.said, []);
  await assert.rejects(clock.pass(0), WebAssembly.RuntimeError);
});

test('worker: it starts a second one of its own script for reading files: as a module, and where that fails, as what is none', (t) => {
  const started = [];
  setGlobal(
    t,
    'Worker',
    class {
      constructor(...args) {
        started.push([args, this]);
      }

      postMessage() {}

      terminate() {}
    },
  );
  const glue = glueOf(served(t));
  glue.readAhead({ size: 64 << 20 });
  started[0][1].onerror(new Event('error'));
  glue.readAhead({ size: 64 << 20 });
  assert.deepEqual(
    started.map(([args]) => args),
    ['module', 'classic'].map((type) => ['https://host/worker.js', { type, name: 'xuchuan' }]),
  );
});
