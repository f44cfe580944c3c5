/** The current phase of a run. */
export type Phase = 'start' | 'crash points' | 'calm' | 'faults' | 'rest';

/** A line of a service that an operator would be woken for. */
export interface Alarm {
  /** Process that wrote it, such as `billing/1`. */
  replica: string;
  phase: Phase;
  /** Message, and the problem code where there is one. */
  text: string;
}

/**
 * Alarms that our own faults cause, each with the reason why it is correct. In calm there are no
 * faults, so no alarm is excused there.
 */
const CAUSED_BY_FAULTS: { phases: Phase[]; text: RegExp }[] = [
  // A service or database that we killed, stopped or cut off: the client got 503 and repeats.
  { phases: ['crash points', 'faults', 'rest'], text: /^unavailable: / },
  // The crash point that cuts the topic's log.
  { phases: ['crash points'], text: /^the broker lost messages/ },
  { phases: ['crash points'], text: /^the position is not in the log any more/ },
];

const ERROR_LEVELS: unknown[] = ['error', 'fatal'];
const LISTED_MAX = 3;

/** The alarm that a printed line is. @returns null for a line that is none */
export function alarmIn(line: string, replica: string, phase: Phase): Alarm | null {
  if (line.trim() === '') return null;
  // Cut off, where its process was killed while it wrote.
  if (line.startsWith('{') && !line.endsWith('}')) return null;
  try {
    const { level, msg, code } = JSON.parse(line) as Record<string, unknown>;
    if (!ERROR_LEVELS.includes(level)) return null;
    return { replica, phase, text: code === undefined ? String(msg) : `${code}: ${msg}` };
  } catch {
    // Not a line of the log: a warning of Node, a stack.
    return { replica, phase, text: line };
  }
}

export function isExcused({ phase, text }: Alarm): boolean {
  return CAUSED_BY_FAULTS.some((cause) => cause.phases.includes(phase) && cause.text.test(text));
}

/** One violation for equal alarms of a phase: they differ in ids mostly. */
export function alarmViolations(alarms: Alarm[]): string[] {
  const alike = Map.groupBy(alarms, ({ phase, text }) => `${phase} ${textWithoutIds(text)}`);
  return [...alike.values()].map((all) => {
    const [{ phase } = { phase: 'start' }] = all;
    const listed = all.slice(0, LISTED_MAX).map(({ replica, text }) => `${replica}: ${text}`);
    return `${all.length} alarms, phase ${phase}, such as ${listed.join(' | ')}`;
  });
}

const textWithoutIds = (text: string) => text.replace(/[0-9a-f-]{36}|\d+/g, '#').slice(0, 80);
