import type { CompletedCommand } from './completion.ts';

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const about = (text: string): string => (text === '' ? '' : ` -d ${quoted(text)}`);

/** The script for fish: a file in `~/.config/fish/completions`. */
export function fishScript(commands: CompletedCommand[]): string {
  const paths = commands.map(({ at }) => at).filter(Boolean);
  const lines = commands.flatMap(({ at, commands: below, options, takesFile, values }) => {
    const complete = `complete -c orderbell -n ${quoted(`__orderbell_at ${quoted(at)}`)}`;
    const names = [...below, ...values.map((name) => ({ name, about: '' }))];
    return [
      ...names.map((word) => `${complete} -a ${quoted(word.name)}${about(word.about)}`),
      ...options.map((option) => {
        const of = option.values.length === 0 ? '' : ` -a ${joined(option.values)}`;
        const value = option.takesValue ? ` -x${of}` : '';
        return `${complete} -l ${option.name.slice(2)}${value}${about(option.about)}`;
      }),
      ...(takesFile ? [`${complete} -F`] : []),
    ];
  });
  return `# Completion of orderbell for fish.
function __orderbell_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${paths.map(quoted).join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c orderbell -e
complete -c orderbell -f
${lines.join('\n')}`;
}

const joined = (names: string[]): string => quoted(names.join(' '));
