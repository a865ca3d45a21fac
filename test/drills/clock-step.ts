// The wall clock of the active director jumps an hour ahead, and back. Time namespaces do not cover CLOCK_REALTIME, and the
// machine's own clock is not the drill's to set; so the active director is run under libfaketime, which gives its processes
// the wall clock that a file names and leaves the monotonic clocks alone.
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabDirector } from '../lab/director.ts';
import type { Lab } from '../lab/lab.ts';
import type { Drill, Stage } from './drill.ts';

const LIBRARIES = '/usr/lib';
const LIBRARY = 'faketime/libfaketimeMT.so.1';

function libraryPath(): string | undefined {
  const folders = ['', ...readdirSync(LIBRARIES).filter((name) => name.endsWith('-linux-gnu'))];
  return folders.map((folder) => join(LIBRARIES, folder, LIBRARY)).find((path) => existsSync(path));
}

function clockFile(lab: Lab, director: LabDirector): string {
  return join(lab.folder, director.name, 'clock');
}

/** `offset`: as libfaketime reads it: +0, +3600. The file changes at once, so that nobody reads half of it. */
function setClock(lab: Lab, director: LabDirector, offset: string): void {
  const file = clockFile(lab, director);
  writeFileSync(`${file}.new`, `${offset}\n`);
  renameSync(`${file}.new`, file);
}

async function restartWithClock({ lab }: Stage, director: LabDirector): Promise<void> {
  setClock(lab, director, '+0');
  await director.killEverything();
  await director.start({
    environment: {
      LD_PRELOAD: libraryPath() ?? '',
      FAKETIME_TIMESTAMP_FILE: clockFile(lab, director),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
  });
}

export const clockStep: Drill = {
  name: 'clock-step',
  what: 'the wall clock of the active director jumps an hour ahead, then two hours back',
  expects: { owner: 'stays', outage_ms: () => 20 },
  leftOut: () =>
    libraryPath() === undefined ? 'libfaketime is not installed: apt install libfaketime' : undefined,
  async prepare(stage) {
    await restartWithClock(stage, stage.standby);
    await stage.settled();
    await stage.switchover();
    await stage.settled();
  },
  async run(stage) {
    stage.fault(`the clock of ${stage.active.name} jumps an hour ahead`);
    setClock(stage.lab, stage.active, '+3600');
    await stage.rest(stage.pace.broken_ms);
    stage.tell('it jumps two hours back');
    setClock(stage.lab, stage.active, '-3600');
    await stage.rest(stage.pace.broken_ms);
    stage.tell('it is right again');
    setClock(stage.lab, stage.active, '+0');
  },
  async after({ active }) {
    await active.killEverything();
    await active.start();
  },
};
