import { type Command, InvalidArgumentError, Option } from 'commander';
import { PROGRAM } from '#platform/values/program.ts';
import type { ExitCode } from '../client/exit-codes.ts';
import type { Say, TextKey } from '../texts/messages.ts';
import type { CommandContext } from './command-context.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander passes what the command declares
type Parsed = any;

/** A command's work; resolves with its exit code, or nothing for 0. */
export type Handler = (
  context: CommandContext,
  options: Parsed,
  ...args: Parsed[]
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing
) => Promise<ExitCode | undefined | void>;

/** The action of a command: opens its context and records its exit code. */
export type Run = (handler: Handler) => (...args: unknown[]) => Promise<void>;

const ARGUMENTS: Record<string, TextKey> = {
  '<address>': 'argAddress',
  '<amount>': 'argAmount',
  '<customer>': 'argCustomer',
  '[customer]': 'argCustomerOrAll',
  '<delivery>': 'argDelivery',
  '<email>': 'argEmail',
  '[email]': 'argEmail',
  '<endpoint>': 'argEndpoint',
  '[id]': 'argDeadLetter',
  '<id>': 'argDeadLetter',
  '<id...>': 'argDeadLetters',
  '[file]': 'argFile',
  '<item...>': 'argItem',
  '<letter>': 'argLetter',
  '<letter...>': 'argLetters',
  '[letter...]': 'argLettersOrFilter',
  '<operation>': 'argOperation',
  '<order>': 'argOrder',
  '[order]': 'argLatestOrder',
  '<text>': 'argSearch',
};

const REASON_MAX = 200;

export interface CommandRegistrar extends ReturnType<typeof toolsOf> {
  /** A group of commands below the parent. */
  group(name: string, about: TextKey, examples: string[]): CommandRegistrar;
  /** Adds commands below one that also has work of its own. */
  below(command: Command): CommandRegistrar;
}

/** The tools to declare commands below a parent, with the texts of their help. */
export function registrarOf(parent: Command, say: Say, run: Run): CommandRegistrar {
  return {
    ...toolsOf(parent, say, run),
    group(name, about, examples) {
      const group = parent
        .command(name)
        .description(say(about))
        .helpOption('-h, --help', say('optionHelp'))
        .helpCommand('help [command]', say('commandHelp'));
      addExamples(group, say, examples);
      return registrarOf(group, say, run);
    },
    below: (command) => registrarOf(command, say, run),
  };
}

function toolsOf(parent: Command, say: Say, run: Run) {
  const option = <T = string>(flags: string, about: TextKey, parse?: (text: string) => T) => {
    const declared = new Option(flags, say(about));
    return parse === undefined ? declared : declared.argParser(parse);
  };
  return {
    say,
    option,
    /** @param usage the name, then the arguments */
    add(usage: string, about: TextKey, handler: Handler, examples: string[], options?: Option[]) {
      const [name = '', ...words] = usage.split(' ');
      const command = parent.command(name).description(say(about)).action(run(handler));
      for (const word of words) command.argument(word, say(ARGUMENTS[word] as TextKey));
      for (const declared of options ?? []) command.addOption(declared);
      return addExamples(command, say, examples);
    },
    /** An option with a few values, which its help lists. */
    choice: (flags: string, about: TextKey, choices: string[]) =>
      new Option(flags, `${say(about)}: ${choices.join(', ')}`).choices(choices),
    /** An option for a time; its value is RFC 3339. */
    moment: (flags: string, about: TextKey) =>
      option(flags, about, (text) => {
        const ms = Date.parse(text);
        if (Number.isNaN(ms)) throw new InvalidArgumentError(say('badMoment', text));
        return new Date(ms).toISOString();
      }),
    /** The reason of an action, which the audit trail keeps. */
    reason: (about: TextKey) =>
      option('--reason <text>', about, (text) => {
        const length = [...text].length;
        if (text.trim() !== '' && length <= REASON_MAX) return text;
        throw new InvalidArgumentError(say('badReason'));
      }).makeOptionMandatory(),
    /** The options of a list that can be long. */
    listOptions: () => [
      option('--all', 'optionAllPages'),
      option('--csv', 'optionCsv'),
      limit(say, option),
    ],
    limit: () => limit(say, option),
  };
}

type OptionOf = <T = string>(flags: string, about: TextKey, parse?: (text: string) => T) => Option;

function limit(say: Say, option: OptionOf): Option {
  return option('--limit <number>', 'optionLimit', (text) => {
    const given = /^\d{1,3}$/.test(text) ? Number(text) : 0;
    if (given < 1 || given > 100) throw new InvalidArgumentError(say('badLimit'));
    return given;
  });
}

/** Puts examples below the help of a command. */
export function addExamples(command: Command, say: Say, examples: string[]): Command {
  const lines = examples.map((line) => `  ${PROGRAM} ${line}`);
  return command.addHelpText('after', `\n${say('example')}\n${lines.join('\n')}`);
}
