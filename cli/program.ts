import { Command, CommanderError, Option } from 'commander';
import { PROGRAM } from '#platform/values/program.ts';
import { ApiError, CliError, EXIT, type ExitCode } from './client/exit-codes.ts';
import { defaultUrl } from './client/running-system.ts';
import { addAccountCommands } from './commands/account.ts';
import { addAccountDataCommands } from './commands/account-data.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addOrderCommands } from './commands/order.ts';
import { addSystemCommands, versionLine } from './commands/system.ts';
import { addWalletCommands } from './commands/wallet.ts';
import {
  type CommandContext,
  type CommonOptions,
  openContext,
} from './terminal/command-context.ts';
import { type Run, registrarOf } from './terminal/command-registrar.ts';
import { print, printError, printJson } from './terminal/output.ts';
import { type Language, languageOfEnvironment, textsIn } from './texts/messages.ts';

/** The parent of the operator's commands. */
const OPERATOR = 'operator';

/**
 * Runs one command and prints its result.
 * @param words the arguments without Node's own
 * @returns the exit code
 */
export async function runProgram(words: string[]): Promise<ExitCode> {
  const language = languageOf(words);
  let code: ExitCode = EXIT.done;
  let context: CommandContext | undefined;
  const program = await createProgram(language, words, (handler) => async (...args) => {
    const command = args.pop() as Command;
    const options = args.pop() as { operator?: true };
    const forOperator = options.operator === true || isBelow(command, OPERATOR);
    const role = forOperator ? 'operator' : 'customer';
    context = await openContext(command.optsWithGlobals<CommonOptions>(), role);
    code = (await handler(context, options, ...args)) ?? EXIT.done;
  });
  try {
    if (words.length === 0) print(textsIn(language)('tour', PROGRAM));
    else await program.parseAsync(withHelpOption(words), { from: 'user' });
    return code;
  } catch (error) {
    return report(error, context);
  }
}

/** `help operator settle` is `operator settle --help`: commander's own reads only the first name. */
function withHelpOption(words: string[]): string[] {
  const [first, ...names] = words;
  return first === 'help' && names.length > 1 ? [...names, '--help'] : words;
}

/** Whether a command is in a group, or in a group of it. */
function isBelow({ parent }: Command, name: string): boolean {
  return parent !== null && (parent.name() === name || isBelow(parent, name));
}

/**
 * Declares the commands with their help. The operator's, which are most of them, take time to load:
 * only calls that name them have them.
 */
export async function createProgram(
  language: Language,
  words: string[],
  run: Run,
): Promise<Command> {
  const say = textsIn(language);
  const program = new Command()
    .name(PROGRAM)
    .description(say('about'))
    .exitOverride()
    .version(versionLine(), '--version', say('optionVersion'))
    .helpOption('-h, --help', say('optionHelp'))
    .helpCommand('help [command]', say('commandHelp'))
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => titleIn(language, title),
      // Without commander's English remarks on values and defaults: the descriptions name them.
      optionDescription: ({ description }) => description,
      // Names of commands are long: descriptions wrap in what is left of 80 columns.
      minWidthToWrap: 20,
    })
    .configureOutput({
      outputError: (text) => printError(errorIn(language, text.trim())),
      // It repeats arguments.
      writeErr: (text) => printError(text.trimEnd()),
    })
    .option('--url <url>', `${say('optionUrl')} (${defaultUrl()})`, defaultUrl())
    .addOption(
      new Option('--lang <language>', say('optionLang')).choices(['ru', 'en']).default(language),
    )
    .option('--json', say('optionJson'));
  addSystemCommands(program, say);
  const registrar = registrarOf(program, say, run);
  addAccountCommands(registrar);
  addWalletCommands(registrar);
  addOrderCommands(registrar);
  const { group } = registrar;
  addAccountDataCommands(group('account', 'accountData', ['account export', 'account erase']));
  const examples = ['login --operator', 'operator overview'];
  const operator = group(OPERATOR, 'operator', examples);
  if (words.includes(OPERATOR) || words.includes('completion')) {
    const { addOperatorCommands } = await import('./commands/operator.ts');
    addOperatorCommands(operator);
  }
  addCompletionCommand(program, say);
  return program.addHelpText('after', `\n${say('ending')}`);
}

/** Read before parsing, because the help is in this language, too. */
function languageOf(words: string[]): Language {
  const at = words.findLastIndex((word) => word === '--lang' || word.startsWith('--lang='));
  const given = words[at]?.includes('=') ? words[at]?.slice('--lang='.length) : words[at + 1];
  if (at !== -1 && (given === 'ru' || given === 'en')) return given;
  return languageOfEnvironment(process.env);
}

/** Prints an error to standard error; with `--json`, the API's answer goes to standard output. */
function report(error: unknown, context: CommandContext | undefined): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof CliError)) {
    printError(error instanceof Error ? error.message : String(error));
    return EXIT.refused;
  }
  const lines = [error.message];
  if (error instanceof ApiError) {
    if (context?.json) printJson(error.text);
    for (const { pointer, parameter, detail } of error.problem.errors ?? []) {
      lines.push(`  ${pointer ?? parameter ?? ''}: ${detail}`);
    }
  }
  printError([...lines, ...error.hints].join('\n'));
  return error.exitCode;
}

const TITLES: Record<string, string> = {
  'Usage:': 'Вызов:',
  'Arguments:': 'Аргументы:',
  'Options:': 'Параметры:',
  'Global Options:': 'Общие параметры:',
  'Commands:': 'Команды:',
};

function titleIn(language: Language, title: string): string {
  return language === 'ru' ? (TITLES[title] ?? title) : title;
}

// Commander's texts; those that are not listed stay English.
const ERRORS: [RegExp, string][] = [
  [/^error: unknown command '(.*)'/m, "ошибка: неизвестная команда '$1'"],
  [/^error: unknown option '(.*)'/m, "ошибка: неизвестный параметр '$1'"],
  [/^error: missing required argument '(.*)'/m, "ошибка: не указан аргумент '$1'"],
  [/^error: required option '(.*)' not specified/m, "ошибка: не указан параметр '$1'"],
  [/^error: option '(.*)' argument missing/m, "ошибка: не указано значение параметра '$1'"],
  [/^error: too many arguments.*$/m, 'ошибка: лишние аргументы'],
  [
    /^error: option '(.*)' cannot be used with option '(.*)'/m,
    "ошибка: '$1' и '$2' нельзя указать вместе. Уберите один из них.",
  ],
  [/^error: option '(.*)' argument '(.*)' is invalid\./m, "ошибка: '$2' не подходит для '$1'."],
  [
    /^error: command-argument value '(.*)' is invalid for argument '(.*)'\./m,
    "ошибка: '$1' не подходит для '$2'.",
  ],
  [/Allowed choices are (.*)\./, 'Допустимо: $1.'],
  [/\(Did you mean one of (.*)\?\)/, '(может быть, одно из: $1?)'],
  [/\(Did you mean (.*)\?\)/, '(может быть, $1?)'],
];

function errorIn(language: Language, text: string): string {
  if (language !== 'ru') return text;
  return ERRORS.reduce((result, [pattern, russian]) => result.replace(pattern, russian), text);
}
