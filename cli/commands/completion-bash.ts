import type { CompletedCommand } from './completion.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const joined = (names: string[]): string => quoted(names.join(' '));

/** The script for bash: `source` reads it. */
export function bashScript(commands: CompletedCommand[]): string {
  const paths = commands.map(({ at }) => at).filter(Boolean);
  const values = commands.flatMap(({ at, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ name, values: of }) => `    ${quoted(`${at} ${name}`)}) words=${joined(of)} ;;`),
  );
  const words = commands.map(({ at, commands: below, options, takesFile, values: of }) => {
    const names = joined([...below.map(({ name }) => name), ...of]);
    const flags = joined(options.map(({ name }) => name));
    return `        ${quoted(at)}) words=${names} options=${flags}${takesFile ? ' files=1' : ''} ;;`;
  });
  return `# Completion of orderbell for bash.
_orderbell() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local at='' words='' options='' files='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${paths.map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${values.join('\n')}
    *)
      case "$at" in
${words.join('\n')}
      esac
      if [[ $current == -* ]]; then words=$options; fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files && $current != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _orderbell orderbell`;
}
