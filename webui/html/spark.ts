// A sparkline as inline SVG: two minutes of one metric, without scripts.

import { amount } from '../../director/model/amount.ts';
import { highest, runsOf, SPARK_HEIGHT, SPARK_LENGTH, type Values } from '../public/spark.ts';
import { type Html, html, NOTHING } from './html.ts';

/** `source`: the cell whose number goes on with it in the browser. Nothing, where nothing was sampled. */
export function sparkline(values: Values | undefined, what: string, source?: string): Html {
  const known = values?.slice(-SPARK_LENGTH) ?? [];
  if (known.every((value) => value === null)) return NOTHING;
  const high = highest(known);
  const live = source === undefined ? NOTHING : html` data-spark="${source}" data-high="${high}"`;
  return html`<svg class="spark" viewBox="0 0 ${SPARK_LENGTH - 1} ${SPARK_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${what}, last two minutes, at most ${amount(high)}"${live}>${runsOf(known).map((points) => html`<polyline points="${points}"/>`)}</svg>`;
}
