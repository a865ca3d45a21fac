// Tells the directors of a lab what became of a drill, so that their console shows it. One that does not answer, as some
// drills leave it, is left out; no report is lost by that, as it is kept in build/drills as well.
import type { ControlClient } from '../../director/control/client.ts';
import { drillReportSchema, type DrillReport as Told } from '../../director/control/drill-schema.ts';
import { reportLines } from './render.ts';
import type { DrillReport } from './report.ts';

const COMPLAINTS_MAX = 64;
const COMPLAINT_MAX_CHARS = 1_024;
const TEXT_MAX_CHARS = 64 << 10;

/** One sentence for each director that was not told. */
export async function publish(
  report: DrillReport,
  directors: readonly { readonly name: string; readonly control: Pick<ControlClient, 'call'> }[],
): Promise<string[]> {
  const body = toldOf(report);
  const failures = await Promise.all(
    directors.map(async ({ name, control }) => {
      try {
        await control.call('drillRecord', { body });
        return [];
      } catch (error) {
        return [`${name} was not told: ${error instanceof Error ? error.message : String(error)}`];
      }
    }),
  );
  return failures.flat();
}

/** As the control API has it; what never ended is left out, as JSON has no number for it. */
export function toldOf(report: DrillReport): Told {
  const { established, young } = report;
  return drillReportSchema.parse({
    at: Date.parse(report.at),
    name: report.drill,
    ok: report.ok,
    ...finite('outage_ms', report.outage_ms),
    ...finite('limit_ms', report.limit_ms),
    established: established.of + young.of,
    lost: established.lost + young.lost,
    ...finite('two_owners_ms', report.two_owners_ms),
    complaints: report.complaints
      .slice(0, COMPLAINTS_MAX)
      .map((complaint) => complaint.slice(0, COMPLAINT_MAX_CHARS)),
    text: reportLines(report).join('\n').slice(0, TEXT_MAX_CHARS),
  });
}

function finite(key: string, value: number): Record<string, number> {
  return Number.isFinite(value) ? { [key]: value } : {};
}
