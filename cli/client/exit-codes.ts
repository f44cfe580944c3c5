import type { Problem } from './problem.ts';

/** Exit codes of commands; documented in the help and in docs/reference/command-line.md. */
export const EXIT = {
  done: 0,
  /** Refused by the API, or something unexpected. */
  refused: 1,
  usage: 2,
  /** The order was cancelled: the wallet held too little, or it was voided. */
  cancelled: 3,
  /** The order is still Pending. */
  pending: 4,
  /** Nobody answered, or the outcome is unknown, also after repetitions. */
  noAnswer: 5,
  /** Not signed in, or the token has expired. */
  signedOut: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a text on standard error. */
export class CliError extends Error {
  exitCode: ExitCode;
  /** Whether what was asked for may have been done all the same. */
  open = false;
  /** What to do about it, below the message. */
  readonly hints: string[];

  constructor(exitCode: ExitCode, message: string, hints: string[] = []) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hints = hints;
  }
}

/** The API's answer was a problem document. */
export class ApiError extends CliError {
  readonly problem: Problem;
  /** The answer as it came. */
  readonly text: string;

  constructor(problem: Problem, text: string) {
    super(exitCodeOf(problem), `${problem.title}. ${problem.detail}`);
    this.name = 'ApiError';
    this.problem = problem;
    this.text = text;
  }
}

function exitCodeOf({ code, status }: Problem): ExitCode {
  if (code === 'insufficient-funds' || code === 'order-cancelled') return EXIT.cancelled;
  if (code === 'unauthenticated') return EXIT.signedOut;
  return status === 503 ? EXIT.noAnswer : EXIT.refused;
}
