// `npm run deb`: builds the packages of this checkout into dist/ and ends with what they are: paths, sizes, checksums.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, FairleadError, tellError } from '../../director/model/error.ts';
import { buildPackages } from './build.ts';
import { megabytes, printProgress } from './progress.ts';
import { buildTime } from './time.ts';

const CHECKOUT = path.join(import.meta.dirname, '../..');
const USAGE = `npm run deb -- [--out DIR]

  --out DIR   where the packages go; default: dist

SOURCE_DATE_EPOCH is the time that all files in them get; default: that of the last commit.
`;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new FairleadError('deb-usage', error instanceof Error ? error.message : String(error), {
      exit: EXIT.usage,
      remedy: 'npm run deb -- --help',
    });
  }
}

function main(args: readonly string[]): void {
  const values = parse(args);
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const out = path.resolve(values.out ?? path.join(CHECKOUT, 'dist'));
  const progress = printProgress(
    (line) => process.stderr.write(`${line}\n`),
    () => performance.now(),
  );
  const archives = buildPackages({
    checkout: CHECKOUT,
    out,
    time_s: buildTime(CHECKOUT, process.env),
    progress,
  });
  for (const { file, bytes, sha256 } of archives)
    process.stdout.write(`${path.relative(process.cwd(), file)}  ${megabytes(bytes)}  sha256 ${sha256}\n`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  const { lines, exit } = tellError(error);
  for (const line of lines) process.stderr.write(`deb: ${line}\n`);
  process.exitCode = exit;
}
