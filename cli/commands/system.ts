import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { IS_PACKAGE, PROGRAM_FOLDER } from '#platform/values/program.ts';
import { addExamples } from '../terminal/command-registrar.ts';
import type { Say, TextKey } from '../texts/messages.ts';

/** Commands of the npm package that run a system; dev/package/orderbell.cjs starts them. */
const COMMANDS: [name: string, about: TextKey, example: string][] = [
  ['start', 'systemStart', 'start --new-secrets'],
  ['demo', 'systemDemo', 'demo --customers 20 --orders 500'],
  ['kafka', 'systemKafka', 'kafka'],
  ['database-roles', 'systemRoles', 'database-roles > roles.sql'],
];

/** Declares them for the help, where there are no npm scripts. */
export function addSystemCommands(program: Command, say: Say): void {
  if (!IS_PACKAGE) return;
  for (const [name, about, example] of COMMANDS) {
    const command = program.command(name).description(say(about));
    addExamples(command.helpOption('-h, --help', say('optionHelp')), say, [example]);
  }
}

/** For reports of faults: our version, and the Node that runs it. */
export function versionLine(): string {
  const text = readFileSync(join(PROGRAM_FOLDER, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return `orderbell ${version} (Node ${process.versions.node})`;
}
