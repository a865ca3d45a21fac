// Machines to play with: `node test/appliance/main.ts [--pair] [--bare] [--install]`, as root. Boots one machine, or two,
// with the package and a configuration (--install: the package alone, --bare: not even that), and carries out what is typed:
// `lb1 COMMAND` on a machine, `client COMMAND` (or rs1, observer …) in a namespace of the site, `cut lb1`, `boot lb1`, `exit`.
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { tellError } from '../../director/model/error.ts';
import { DRILL_SERVICES, SERVICES } from '../lab/configuration.ts';
import { DIRECTOR_NAMES, type DirectorName } from '../lab/topology.ts';
import { run } from '../support/netns.ts';
import { configurationOf, configure, startDirector } from './director.ts';
import { whyNoMachine } from './disk.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const COMMAND_MS = 600_000;

function machineOf(site: Site, name: string | undefined): ReturnType<Site['machine']> | undefined {
  return site.machines.find((machine) => machine.name === name);
}

async function obey(site: Site, line: string): Promise<void> {
  const [word = '', ...rest] = line.trim().split(/\s+/);
  const named = machineOf(site, rest[0]);
  if (word === '') return;
  if (word === 'cut' && named) await named.powerCut();
  else if (word === 'boot' && named) await named.boot();
  else if (machineOf(site, word)) {
    const command = line.trim().slice(word.length);
    show(await machineOf(site, word)!.run(command, { allowFailure: true, timeout_ms: COMMAND_MS }));
  } else {
    const words = ['-c', line.trim().slice(word.length)];
    show(run(site.namespaces.get(word), 'sh', words, { allowFailure: true, timeout_ms: COMMAND_MS }));
  }
}

function show({ status, stdout, stderr }: { status: number; stdout: string; stderr: string }): void {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (status !== 0) console.log(`status ${status}`);
}

const { values } = parseArgs({
  options: { pair: { type: 'boolean' }, bare: { type: 'boolean' }, install: { type: 'boolean' } },
});
const reason = whyNoMachine();
if (reason !== undefined) {
  console.error(`error: ${reason}`);
  process.exit(1);
}
const machines: readonly DirectorName[] = values.pair ? DIRECTOR_NAMES : ['lb1'];
const services = [...SERVICES.filter(({ kind }) => kind === 'http'), ...DRILL_SERVICES];
const deb = values.bare ? {} : { deb: await providePackage(console.log) };
try {
  await using site = await openSite({ machines, services, ...deb, progress: console.log });
  console.log('booting');
  await Promise.all(site.machines.map((machine) => machine.boot()));
  if (!values.bare && !values.install) {
    const key = randomBytes(32).toString('hex');
    const text = configurationOf({ directors: machines, services });
    await Promise.all(
      site.machines.map(async (machine) => {
        await configure(machine, text, key);
        await startDirector(machine);
      }),
    );
  }
  const input = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  input.prompt();
  for await (const line of input) {
    if (line.trim() === 'exit') break;
    try {
      await obey(site, line);
    } catch (error) {
      console.error(tellError(error).lines.join('\n'));
    }
    input.prompt();
  }
  input.close();
  process.stdin.destroy(); // an open pipe would keep this process
} catch (error) {
  const { lines, exit } = tellError(error);
  console.error(lines.join('\n'));
  process.exitCode = exit;
}
