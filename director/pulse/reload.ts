// SIGHUP: the configuration file is read again. What is wrong with it is recorded and changes nothing.
import { readConfigurationFile } from '../config/file.ts';
import { FairleadError } from '../model/error.ts';
import { changeConfiguration } from './change.ts';
import type { Core } from './core.ts';

export async function reload(core: Core, configFile: string): Promise<void> {
  try {
    const { text } = readConfigurationFile(configFile);
    const reply = await changeConfiguration(core, {
      text,
      source: configFile,
      author: 'file',
      comment: 'the configuration file was read again',
      dryRun: false,
    });
    if (!reply.changed) core.log('info', 'the configuration file says what is in force already');
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.record('reload-refused', 'director', error.message.split('\n')[0] ?? error.message, {
      code: error.code,
    });
  }
}
