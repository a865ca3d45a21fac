// The probes' benchmark as a process: takes its options as JSON, prints its figures as JSON. Whoever started it can end
// it and all that it has started, which are one process group.
import { measureProbeRate, type ProbeRateOptions } from '../../../monitor/bench.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<ProbeRateOptions>;
process.stdout.write(JSON.stringify(await measureProbeRate(options)));
