import type { PublicAuditEntry } from '#contracts/audit.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import type { Cell } from '../terminal/screen.ts';
import { table } from '../terminal/screen.ts';
import { readAll } from '../views/list.ts';

interface Options {
  limit?: number;
  actor?: string;
  action?: string;
  subject?: string;
  all?: true;
}

/** The audit trail of all services. */
export function addAuditCommand({ add, limit, option }: CommandRegistrar): void {
  const examples = ['operator audit', `operator audit --subject ${SOME_ID} --all`];
  add('audit', 'audit', audit, examples, [
    option('--actor <customer>', 'optionAuditActor'),
    option('--action <action>', 'optionAuditAction'),
    option('--subject <id>', 'optionAuditSubject'),
    option('--all', 'optionAuditAll'),
    limit(),
  ]);
}

async function audit(context: CommandContext, { all, ...query }: Options) {
  const read = (cursor: string | undefined) =>
    context.call('readAuditTrail', { query: { ...query, cursor } });
  const first = all === true ? null : await read(undefined);
  const { bodies, json } =
    first === null ? await readAll(read) : { bodies: [first.body], json: first.text };
  context.show(json, () => {
    const rows = bodies.flatMap(({ data }) => data).map((entry) => rowOf(context, entry));
    const lines = [rows.length === 0 ? context.say('nothing') : table(context, rows)];
    if (bodies.at(-1)?.nextCursor !== null) lines.push(context.say('moreByLimit'));
    const unanswered = [...new Set(bodies.flatMap((body) => body.unanswered))];
    if (unanswered.length > 0) {
      lines.push(context.paint('red', context.say('auditUnanswered', unanswered.join(', '))));
    }
    return lines.join('\n');
  });
}

function rowOf(
  context: CommandContext,
  { at, action, actor, subject, before, after, reason }: PublicAuditEntry,
): Cell[] {
  return [
    context.moment(at),
    action,
    actor ?? context.say('auditSystem'),
    Object.entries(subject)
      .map(([name, id]) => `${name}=${id}`)
      .join(' '),
    changeOf(context, before, after),
    reason ?? '',
  ];
}

type State = PublicAuditEntry['before'];

function changeOf(context: CommandContext, before: State, after: State): string {
  const textOf = (value: NonNullable<State>[string] | undefined) =>
    value !== null && typeof value === 'object' ? context.money(value) : String(value ?? '–');
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name) => {
      const [was, is] = [textOf(before?.[name]), textOf(after?.[name] ?? before?.[name])];
      return before?.[name] === undefined || was === is
        ? `${name}: ${is}`
        : `${name}: ${was} → ${is}`;
    })
    .join(', ');
}
