import type { PublicAuditEntry } from '#contracts/audit.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import type { Screen } from '../terminal/screen.ts';
import { type Column, table } from '../terminal/table.ts';
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
    const entries = bodies.flatMap(({ data }) => data);
    const lines = [
      entries.length === 0 ? context.say('nothing') : table(context, columns, entries),
    ];
    if (bodies.at(-1)?.nextCursor !== null) lines.push(context.say('moreByLimit'));
    const unanswered = [...new Set(bodies.flatMap((body) => body.unanswered))];
    if (unanswered.length > 0) {
      lines.push(context.paint('red', context.say('auditUnanswered', unanswered.join(', '))));
    }
    return lines.join('\n');
  });
}

const columns: Column<PublicAuditEntry>[] = [
  { head: 'headAt', cell: ({ moment }, { at }) => moment(at) },
  { head: 'headAction', cell: (_, { action }) => action },
  { head: 'reason', cell: (_, { reason }) => reason ?? '', fit: 'cut' },
  { head: 'headActor', cell: ({ say }, { actor }) => actor ?? say('auditSystem'), fit: 'below' },
  { head: 'headSubject', cell: (_, { subject }) => subjectOf(subject), fit: 'below' },
  {
    head: 'headChange',
    cell: (screen, { after, before }) => changeOf(screen, before, after),
    fit: 'below',
  },
];

const subjectOf = (subject: PublicAuditEntry['subject']): string =>
  Object.entries(subject)
    .map(([name, id]) => `${name}=${id}`)
    .join(' ');

type State = PublicAuditEntry['before'];

function changeOf(screen: Screen, before: State, after: State): string {
  const textOf = (value: NonNullable<State>[string] | undefined) =>
    value !== null && typeof value === 'object' ? screen.money(value) : String(value ?? '–');
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
