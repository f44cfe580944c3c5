import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Resource usage by process name: processes of one name are summed, threads included. */
export interface Usage {
  /** Seconds of all processors since each began. */
  cpuSeconds: Record<string, number>;
  /** MB of resident memory; of PostgreSQL, whose processes share most of theirs, each share once. */
  memoryMb: Record<string, number>;
}

interface Process {
  pid: number;
  parent: number;
  /** Its own, and that of its children that have ended. */
  ticks: number;
  pages: number;
}

// Constants of Linux on every platform that Node supports.
export const TICKS_PER_S = 100;
const PAGE_MB = 4_096 / 1024 / 1024;

/**
 * Reads the usage of processes and all their descendants.
 * @param roots such as this process and the database server, which has a session of its own
 * @returns undefined where there is no /proc
 */
export function readUsage(roots: number[]): Usage | undefined {
  if (process.platform !== 'linux') return undefined;
  const usage: Usage = { cpuSeconds: {}, memoryMb: {} };
  for (const each of familyOf(roots, listProcesses())) {
    const name = nameOf(each.pid);
    if (name === undefined) continue;
    const shared = name === 'postgres' ? sharedMb(each.pid) : undefined;
    add(usage.cpuSeconds, name, each.ticks / TICKS_PER_S);
    add(usage.memoryMb, name, shared ?? each.pages * PAGE_MB);
  }
  return usage;
}

/** Seconds that each name used between two looks; nothing where they could not be taken. */
export function cpuBetween(
  before: Usage | undefined,
  after: Usage | undefined,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after?.cpuSeconds ?? {}).map(([name, seconds]) => [
      name,
      seconds - (before?.cpuSeconds[name] ?? 0),
    ]),
  );
}

/** The sum over all names. */
export function sumOf(figures: Record<string, number>): number {
  return Object.values(figures).reduce((sum, figure) => sum + figure, 0);
}

function add(sums: Record<string, number>, name: string, value: number): void {
  sums[name] = (sums[name] ?? 0) + value;
}

/** All processes of this machine. */
export function listProcesses(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const stat = readProc(pid, 'stat');
    if (stat === undefined) return [];
    // `pid (name) state parent …`, where the name may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const children = Number(fields[13]) + Number(fields[14]);
    const ticks = ticksOf(stat) + children;
    return [{ pid: Number(pid), parent: Number(fields[1]), ticks, pages: Number(fields[21]) }];
  });
}

/** Of a line of /proc: in user mode and in the kernel, without children that have ended. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Some of them, with all their descendants. */
export function familyOf(roots: number[], all: Process[]): Process[] {
  const family = all.filter(({ pid }) => roots.includes(pid));
  const known = new Set(roots);
  // It grows while it is walked through.
  for (const member of family) {
    for (const child of all) {
      if (child.parent !== member.pid || known.has(child.pid)) continue;
      known.add(child.pid);
      family.push(child);
    }
  }
  return family;
}

/** Such as `orders` for services/orders/main.ts, `start` for dev/start.ts, or the program's name. */
export function nameOf(pid: number): string | undefined {
  const words = readProc(String(pid), 'cmdline')?.split('\0');
  if (words === undefined || words[0] === '') return undefined;
  const program = basename(words[0] as string).replace(/:.*/, '');
  if (program !== 'node') return program;
  const scripts = words.slice(1).filter((word) => /^[^-].*\.[cm]?[jt]s$/.test(word));
  // dev/run.cjs launches the system and the bench alike: what it launches names the process.
  const script = scripts.find((word) => basename(word) !== 'run.cjs') ?? '';
  return (
    /([^/]+)\/main\.ts$/.exec(script)?.[1] ?? basename(script).replace(/(-main)?\.[cm]?[jt]s$/, '')
  );
}

function sharedMb(pid: number): number | undefined {
  const kilobytes = /^Pss: *(\d+) kB/m.exec(readProc(String(pid), 'smaps_rollup') ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

/** A file of /proc, where it can be read. */
export function readProc(pid: string, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // It ended meanwhile, or is another user's.
    return undefined;
  }
}
