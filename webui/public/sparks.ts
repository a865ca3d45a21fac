// Goes on with the sparklines: at each tick the number beside a line is appended to it and the oldest one falls off, so that
// nothing more is asked of the server. What was missed is a gap.
import { highest, readAmount, runsOf, SPARK_LENGTH, valuesOf } from './spark.ts';

const STEP_MS = 1_000;
/** A tick that is only late leaves no gap. */
const LATE_STEPS = 3;
const SVG = 'http://www.w3.org/2000/svg';

interface Spark {
  readonly svg: SVGSVGElement;
  readonly source: Element;
  values: (number | null)[];
}

const sparks: Spark[] = [];
let tickedAt = Date.now();

for (const svg of document.querySelectorAll<SVGSVGElement>('svg[data-spark]')) {
  const source = document.querySelector(`[data-live="${CSS.escape(svg.dataset.spark ?? '')}"]`);
  if (source === null) continue;
  const runs = [...svg.querySelectorAll('polyline')].map((line) => line.getAttribute('points') ?? '');
  sparks.push({ svg, source, values: valuesOf(runs, Number(svg.dataset.high)) });
}

function draw({ svg, values }: Spark): void {
  svg.dataset.high = String(highest(values));
  svg.replaceChildren(
    ...runsOf(values).map((points) => {
      const line = document.createElementNS(SVG, 'polyline');
      line.setAttribute('points', points);
      return line;
    }),
  );
}

document.addEventListener('fairlead-tick', () => {
  const now = Date.now();
  const steps = Math.min(SPARK_LENGTH, Math.round((now - tickedAt) / STEP_MS));
  if (steps === 0) return; // the first message comes at once, before a second has passed
  tickedAt = now;
  for (const spark of sparks) {
    const value = readAmount(spark.source.textContent);
    const missed = Array.from({ length: steps - 1 }, () => (steps <= LATE_STEPS ? value : null));
    spark.values = [...spark.values, ...missed, value].slice(-SPARK_LENGTH);
    draw(spark);
  }
});
