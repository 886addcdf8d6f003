import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';

test('types: what pages write compiles, strictly', () => {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'], { encoding: 'utf8' });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});
