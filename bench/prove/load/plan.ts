// Measured (docs/reference/proof.md). A busy machine takes longer, and says so at the end.
const START_S = 12;
const POINT_S = 1.1;
const CUSTOMERS_S = 4;
const CHECK_S = 15;

/** How long a run takes, in its parts, on two quiet cores. */
export function planOf(points: number, minutes: number) {
  const parts: [string, number][] = [
    ['start', START_S],
    [`${points} crash points`, points * POINT_S],
    ['customers', minutes === 0 ? 0 : CUSTOMERS_S],
    ['load, first calm and then under faults', minutes * 60],
    ['rest and check', CHECK_S],
  ];
  const seconds = parts.reduce((sum, [, part]) => sum + part, 0);
  const taken = parts.filter(([, part]) => part > 0);
  const listed = taken.map(([name, part]) => `${name} ${durationOf(part)}`).join(', ');
  return { seconds, text: `takes about ${durationOf(seconds)}: ${listed}` };
}

export function durationOf(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
