// A console for each director of a pair whose heartbeats are stand-ins, and one visitor for both: with them a test decides
// who is active, and looks at what people see.
import fs from 'node:fs';
import path from 'node:path';
import { RealServer, type Started, start, until } from '../../cli/support/instance.ts';
import { type Side, Site } from '../../cli/support/pair.ts';
import { PASSWORD, Visitor } from './site.ts';

export class PairConsoles implements AsyncDisposable {
  readonly site: Site;
  readonly #real: RealServer;
  readonly #consoles: Started[] = [];

  static async open(): Promise<PairConsoles> {
    const real = await RealServer.open();
    return new PairConsoles(await Site.open(real.port), real);
  }

  private constructor(site: Site, real: RealServer) {
    this.site = site;
    this.#real = real;
  }

  /** lb1 is active, lb2 stands by, both know it and each other. */
  async settle(): Promise<void> {
    const { lb1, lb2 } = this.site;
    const peer = {
      heard: true,
      health: 'good',
      hold: false,
      complete: true,
      epoch: 3,
      priority: 100,
    } as const;
    lb1.says({ role: 'active', epoch: 3, peer: { ...peer, name: 'lb2', role: 'standby' } });
    lb2.says({ role: 'standby', epoch: 3, peer: { ...peer, name: 'lb1', role: 'active' } });
    await Promise.all([lb1.run(), lb2.run()]);
    await Promise.all([lb1.connected(), lb2.connected()]);
    await until(async () => (await lb1.role()) === 'active' && (await lb2.role()) === 'standby');
  }

  /** Logged in on the console of this director, which is started for it. */
  async visit(side: Side): Promise<Visitor> {
    const certificates = path.join(side.runtime, 'certificates');
    const console_ = start([
      ...['console', '--runtime', side.runtime, '--listen', '127.0.0.1:0', '--certificates', certificates],
    ]);
    this.#consoles.push(console_);
    let url = '';
    await until(async () => {
      if (console_.child.exitCode !== null) throw new Error(JSON.stringify(await console_.ended));
      url = /"url":"([^"]+)"/.exec(console_.out())?.[1] ?? '';
      return url !== '';
    });
    const { first_run } = await side.client.call('users');
    if (first_run)
      await side.client.call('userCreate', { body: { name: 'admin', role: 'admin', password: PASSWORD } });
    const visitor = new Visitor(url, fs.readFileSync(path.join(certificates, 'self-signed.crt')));
    await visitor.login('admin', PASSWORD);
    return visitor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#consoles) child.kill('SIGKILL');
    await this.site[Symbol.asyncDispose]();
    await this.#real[Symbol.asyncDispose]();
  }
}
