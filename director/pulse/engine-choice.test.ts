// What is loaded for which engine, in a process where the packet program's engine cannot be loaded at all.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

const SCRIPT = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (/engine\\/ebpf|libbpf/.test(specifier)) throw new Error('broken: ' + specifier);
      return next(specifier, context);
    },
  });
  await import(${here('./pulse.ts')});
  const { openEngine } = await import(${here('./engine-choice.ts')});
  const { systemClock: clock } = await import(${here('../native/system-clock.ts')});
  const config = { interfaces: [], hook: 'auto', connections_max: 1_024, timeouts_ms: {} };
  const open = (kind) => openEngine({ config: { ...config, kind }, runtime: '/nowhere', clock, log() {} });
  using opened = await open('memory');
  console.log(opened.engine.capabilities().kind);
  console.log(await open('ebpf').catch((error) => error.message.split(' ')[0]));
`;

it('the memory engine does without everything that the packet program needs', () => {
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.stdout).toBe('memory\nbroken:\n');
});
