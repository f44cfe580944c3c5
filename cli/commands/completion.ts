import { Argument, type Command, type Option } from 'commander';
import { addExamples } from '../terminal/command-registrar.ts';
import { print } from '../terminal/output.ts';
import type { Say } from '../texts/messages.ts';
import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';

// Completion for shells. The scripts are made of the commands' definitions, so they name every one.

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
type Shell = keyof typeof SCRIPTS;

/** A name with its description. */
export interface Word {
  name: string;
  about: string;
}

export interface CompletedOption extends Word {
  takesValue: boolean;
  /** The values that it takes, where they are few. */
  values: string[];
}

/** A command and all that may follow its name. */
export interface CompletedCommand {
  /** Names from the program to the command, each after a space: `' operator overview'`. */
  at: string;
  commands: Word[];
  options: CompletedOption[];
  /** The values of its arguments, where they are few. */
  values: string[];
  takesFile: boolean;
}

/** `completion <shell>` prints the script; it needs no system. */
export function addCompletionCommand(program: Command, say: Say): void {
  const command = program
    .command('completion')
    .description(say('completion'))
    .helpOption('-h, --help', say('optionHelp'))
    .addArgument(new Argument('<shell>', say('argShell')).choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) => print(completionScript(program, shell)));
  addExamples(command, say, ['completion bash > ~/.orderbell-completion']);
}

/** The script of a shell for the command `orderbell`. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](commandsOf(program, '', []));
}

function commandsOf(command: Command, at: string, inherited: Option[]): CompletedCommand[] {
  const options = [...inherited, ...command.options.filter(({ hidden }) => !hidden)];
  const globals =
    at === '' ? command.options.filter(({ long }) => long !== '--version') : inherited;
  const names = command.commands.flatMap((each) =>
    [each.name(), ...each.aliases()].map((name) => ({ each, name })),
  );
  const one: CompletedCommand = {
    at,
    commands: names.map(({ each, name }) => ({ name, about: each.description() })),
    options: [...options.map(optionOf), HELP],
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => argument.name() === 'file'),
  };
  return [one, ...names.flatMap(({ each, name }) => commandsOf(each, `${at} ${name}`, globals))];
}

const HELP: CompletedOption = { name: '--help', about: '', takesValue: false, values: [] };

function optionOf({ argChoices, description, long, optional, required }: Option): CompletedOption {
  return {
    name: long as string,
    about: description,
    takesValue: required || optional,
    values: argChoices ?? [],
  };
}
