import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { Clock } from './stand-ins/clock.js';
import { version } from './stand-ins/engine.js';
import { setGlobal } from './stand-ins/globals.js';
import { module } from './stand-ins/wasm.js';
import { FakeWorker, serving } from './stand-ins/worker.js';

const { WorkerSpawner, blobWorker, fileWorker } = await import('../spawn.js');

// A way that works, one that notes how often it was tried, and the ways in which one fails.
const working = () => serving(version);
function counted(way) {
  const one = () => {
    one.tries += 1;
    return way();
  };
  return Object.assign(one, { tries: 0 });
}

const FAILURES = {
  throws: [
    () => {
      throw new Error('forbidden by a policy');
    },
    'forbidden by a policy',
  ],
  rejects: [() => Promise.reject(new Error('source not found')), 'source not found'],
  'gives none': [() => undefined, 'the page gave none'],
  fails: [() => new FakeWorker((worker) => worker.fail('error', 'SyntaxError')), 'SyntaxError'],
  'fails without a word': [() => new FakeWorker((worker) => worker.fail('error')), 'its script did not load'],
  'can not be handed the engine': [
    () => new FakeWorker((worker) => worker.fail('messageerror')),
    'the engine could not be handed to it',
  ],
  'has another version': [() => serving('0.0.1'), 'its version is 0.0.1'],
  'takes no message': [
    () =>
      Object.assign(new FakeWorker(), {
        postMessage() {
          throw new Error('a module can not be cloned');
        },
      }),
    'a module can not be cloned',
  ],
};

test('workers: the first way that works is used, and no other is tried', async () => {
  const other = counted(working);
  const worker = await new WorkerSpawner(module, [working, other]).spawn();
  assert.deepEqual(worker.told, [{ t: 'init', module }]);
  assert.equal(worker.terminated, false);
  assert.equal(other.tries, 0);
});

test('workers: each call starts one', async () => {
  const spawner = new WorkerSpawner(module, [working]);
  assert.notEqual(await spawner.spawn(), await spawner.spawn());
});

test('workers: a way may take its time, and ways that are none are passed over', async () => {
  const worker = await new WorkerSpawner(module, [undefined, async () => working()]).spawn();
  assert.ok(worker instanceof FakeWorker);
});

for (const [how, [failing, why]] of Object.entries(FAILURES)) {
  test(`workers: where one ${how}, the next way is used, and that way never again`, async () => {
    const ways = [counted(failing), counted(working)];
    const spawner = new WorkerSpawner(module, ways);
    await spawner.spawn();
    await spawner.spawn();
    assert.deepEqual(
      ways.map(({ tries }) => tries),
      [1, 2],
    );
  });

  test(`workers: where the only one ${how}, the error says why, and no timer is left`, async (t) => {
    const clock = new Clock(t);
    const spawner = new WorkerSpawner(module, [undefined, failing]);
    for (let i = 0; i < 2; i += 1) await assert.rejects(spawner.spawn(), { message: `no worker starts here (${why})` });
    assert.equal(clock.pending, 0);
  });
}

test('workers: where no way works, the error says why of each', async () => {
  const ways = [FAILURES.throws, FAILURES.fails].map(([way]) => way);
  await assert.rejects(new WorkerSpawner(module, ways).spawn(), {
    message: 'no worker starts here (forbidden by a policy; SyntaxError)',
  });
});

test('workers: what the page gives and is no worker is passed over, and leaves nothing behind', async (t) => {
  const clock = new Clock(t);
  for (const given of ['worker.js', new URL('https://host/worker.js'), {}, new MessageChannel().port1]) {
    const worker = await new WorkerSpawner(module, [() => given, working]).spawn();
    assert.ok(worker instanceof FakeWorker);
    await assert.rejects(new WorkerSpawner(module, [() => given]).spawn(), {
      message: 'no worker starts here (the page gave none)',
    });
  }
  assert.equal(clock.pending, 0);
});

test('workers: calls at the same time note a failure once, and all get a worker of the next way', async () => {
  const [failing] = FAILURES.fails;
  const spawner = new WorkerSpawner(module, [failing, working]);
  const workers = await Promise.all([spawner.spawn(), spawner.spawn(), spawner.spawn()]);
  assert.equal(new Set(workers).size, 3);
  const none = new WorkerSpawner(module, [failing]);
  const results = await Promise.allSettled([none.spawn(), none.spawn()]);
  for (const { reason } of results) assert.equal(reason.message, 'no worker starts here (SyntaxError)');
});

test('workers: one that can not be used is ended, and its failure is no error of the page', async () => {
  let handled;
  const failing = new FakeWorker((worker) => (handled = worker.fail('error', 'SyntaxError')));
  await assert.rejects(new WorkerSpawner(module, [() => failing]).spawn());
  assert.equal(failing.terminated, true);
  assert.equal(handled, true);
});

test('workers: one that stays silent for five seconds counts as one that can not start', async (t) => {
  const clock = new Clock(t);
  const silent = new FakeWorker();
  let failed = false;
  const spawned = new WorkerSpawner(module, [() => silent]).spawn().catch(({ message }) => (failed = message));
  await clock.pass(4999);
  assert.equal(failed, false);
  await clock.pass(1);
  await spawned;
  assert.equal(failed, 'no worker starts here (it was silent for 5000 ms)');
  assert.equal(silent.terminated, true);
});

test('workers: what a worker says before it is ready is not taken for that', async (t) => {
  const clock = new Clock(t);
  const chatting = new FakeWorker((worker) => {
    for (const data of [null, 'ready', { t: 'log' }]) worker.say(data);
    setTimeout(() => worker.say({ t: 'ready', version }), 1000);
  });
  let spawned;
  new WorkerSpawner(module, [() => chatting]).spawn().then((worker) => (spawned = worker));
  await clock.pass(999);
  assert.equal(spawned, undefined);
  await clock.pass(1);
  assert.equal(spawned, chatting);
  assert.equal(clock.pending, 0);
});

test('workers: a ready one leaves no listener behind', async () => {
  const worker = await new WorkerSpawner(module, [working]).spawn();
  assert.equal(worker.fail('error', 'later'), false, "an error of its work is the page's to see");
});

test('workers: one from source text has the text at an address that stays, and is shared', async (t) => {
  const started = [];
  setGlobal(
    t,
    'Worker',
    class {
      constructor(url) {
        started.push(url);
      }
    },
  );
  for (const source of ['first()', 'first()', 'second()']) blobWorker(source);
  assert.equal(started[0], started[1]);
  assert.notEqual(started[0], started[2]);
  for (const [i, source] of ['first()', 'first()', 'second()'].entries()) {
    const response = await fetch(started[i]);
    assert.equal(await response.text(), source);
    assert.match(response.headers.get('content-type'), /javascript/);
  }
});

test('workers: each is started as what it is, and under its name', (t) => {
  const started = [];
  setGlobal(
    t,
    'Worker',
    class {
      constructor(...args) {
        started.push(args);
      }
    },
  );
  fileWorker(new URL('https://host/worker.js'));
  blobWorker('named()', 'worker of ours');
  assert.deepEqual(started[0], ['https://host/worker.js', { type: 'module', name: '' }]);
  assert.deepEqual(started[1][1], { name: 'worker of ours' });
});

test('workers: where none starts, the page is told once, since it works without', async (t) => {
  const { mock } = t.mock.method(console, 'warn', () => {});
  const spawner = new WorkerSpawner(module, [FAILURES.throws[0]]);
  for (let i = 0; i < 2; i += 1) await assert.rejects(spawner.spawn());
  assert.equal(mock.callCount(), 1);
  assert.match(mock.calls[0].arguments[0], /forbidden by a policy.*init\(\{ worker \}\)/);
});
