import type { ProblemBody } from '#contracts/answers.ts';
import type { Shortage } from '#contracts/billing.ts';
import type { PublicOrder } from '#contracts/gateway.ts';

/** The exit codes of commands, as documented in the help. */
export const EXIT = {
  done: 0,
  /** Refused by the API, or an unexpected error. */
  refused: 1,
  usage: 2,
  /** The order was cancelled: the wallet held too little, or it was voided. */
  cancelled: 3,
  /** The order is still Pending. */
  pending: 4,
  /** No answer or an unknown outcome, even after repetitions. */
  noAnswer: 5,
  /** Not signed in, or the token has expired. */
  signedOut: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A problem document; the 406 of an order adds the shortage. */
export type Problem = ProblemBody & Partial<Shortage> & { order?: PublicOrder | null };

/** Ends the command with a text on standard error. */
export class CliError extends Error {
  exitCode: ExitCode;
  /** Whether the request may have been carried out nevertheless. */
  open = false;
  /** What to do next; printed below the message. */
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
  /** The body as it came, for `--json`. */
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
