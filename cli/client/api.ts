// client/: the API's client, sessions and exit codes. It needs no other room of cli/.

import {
  type Answer,
  type AnswerOf,
  createClient,
  NoAnswerError,
  type OperationId,
  OutcomeUnknownError,
  ProblemError,
  type RequestOf,
} from '#client/client.ts';
import { ApiError, CliError, EXIT, type Problem } from './exit-codes.ts';

export type { Answer, AnswerOf, ItemOf, OperationId, PagedId, RequestOf } from '#client/client.ts';

export interface Api {
  /**
   * Calls an operation of the public API. Texts of the body have no escape characters, so that what
   * is printed has those of our own styles only; `text` is the body as it came, for `--json`.
   * @throws ApiError for a problem document; CliError without an answer or a session
   */
  call<I extends OperationId>(operation: I, ...request: RequestOf<I>): Promise<Answer<AnswerOf<I>>>;
}

interface ApiOptions {
  url: string;
  language: 'ru' | 'en';
  /** @throws CliError without a session */
  token: () => string | Promise<string>;
  /** Called before the first repetition. */
  onRepeat: () => void;
  /** The text for a URL that does not answer. */
  unreachable: (cause: string) => string;
  unexpected: (status: number) => string;
  /** The hint for a write without a key that may have been carried out; null without one. */
  maybeDone: (operation: OperationId) => string | null;
}

/** How long a read is repeated. Commands say it for requests with a key; others are sent once. */
const READ_WAIT_MS = 2_000;
/** Statuses of a gateway or proxy without a working system behind it. */
const AWAY = [502, 503, 504];

/** The client of the public API, with the errors of a command line. */
export function createApi(options: ApiOptions): Api {
  const client = createClient({
    baseUrl: options.url,
    language: options.language,
    getAccessToken: () => options.token(),
    deadlineMs: READ_WAIT_MS,
  });
  return {
    async call(operation, ...[request]) {
      let repeated = false;
      const onRepeat = () => {
        if (!repeated) options.onRepeat();
        repeated = true;
      };
      try {
        const answer = await client.call(operation, ...([{ ...request, onRepeat }] as never));
        const { text } = answer;
        return text === '' ? answer : { ...answer, body: JSON.parse(text, withoutEscapes) };
      } catch (error) {
        const shown = cliErrorOf(options, error);
        // With a key the command adds a more precise hint.
        const isHinted = error instanceof OutcomeUnknownError && error.key === undefined;
        const hint = isHinted ? options.maybeDone(operation) : null;
        if (hint !== null && shown instanceof CliError) shown.hints.push(hint);
        throw shown;
      }
    },
  };
}

function cliErrorOf(options: ApiOptions, error: unknown): unknown {
  if (error instanceof OutcomeUnknownError) {
    const cause = cliErrorOf(options, error.cause);
    if (cause instanceof ApiError || !(cause instanceof CliError)) return opened(cause);
    // A read leaves no unknown outcome.
    if (cause.exitCode === EXIT.refused) cause.exitCode = EXIT.noAnswer;
    return opened(cause);
  }
  if (error instanceof ProblemError) {
    const problem = JSON.parse(JSON.stringify(error.problem), withoutEscapes) as Problem;
    return new ApiError(problem, error.text);
  }
  if (!(error instanceof NoAnswerError)) return error;
  const { message, reason, status } = error;
  if (reason === 'foreign' && !AWAY.includes(status)) {
    return new CliError(EXIT.refused, options.unexpected(status));
  }
  return new CliError(EXIT.noAnswer, options.unreachable(message));
}

function opened(error: unknown): unknown {
  if (error instanceof CliError) error.open = true;
  return error;
}

/** Texts of others may contain escape sequences; output.ts makes all other characters visible. */
function withoutEscapes(_name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replaceAll('\u001b', '\\u001b');
}
