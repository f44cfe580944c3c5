import type { CompletedCommand, Word } from './completion.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** As `_describe` reads it: a colon ends the name. */
const described = (words: Word[]): string =>
  words
    .map(({ about, name }) => quoted(`${name.replaceAll(':', '\\:')}${about && `:${about}`}`))
    .join(' ');

/** The script for zsh: `source` reads it, or a folder of `fpath` has it as `_orderbell`. */
export function zshScript(commands: CompletedCommand[]): string {
  const paths = commands.map(({ at }) => at).filter(Boolean);
  const values = commands.flatMap(({ at, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ name, values: of }) => {
        const add = of.length === 0 ? '' : `compadd -- ${of.map(quoted).join(' ')}; `;
        return `    ${quoted(`${at} ${name}`)}) ${add}return ;;`;
      }),
  );
  const words = commands.map(({ at, commands: below, options, takesFile, values: of }) => {
    const names = [...below, ...of.map((name) => ({ name, about: '' }))];
    const files = takesFile ? ' files=1' : '';
    return `    ${quoted(at)}) names=(${described(names)}) flags=(${described(options)})${files} ;;`;
  });
  return `#compdef orderbell
# Completion of orderbell for zsh.
_orderbell() {
  local at='' word files=''
  local -a names flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${paths.map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option flags
  elif [[ -n $files ]]; then
    _files
  elif (( $#names )); then
    _describe command names
  fi
}
if [[ $funcstack[1] == _orderbell ]]; then _orderbell "$@"; else compdef _orderbell orderbell; fi`;
}
