import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import type { AttemptStage, LetterAttempt } from '#contracts/notifications.ts';
import { describeError } from '#platform/errors.ts';
import { isOurFault, type OurFault, refusalSubject, type SmtpStep } from './refusal.ts';

/** How one attempt to send a letter ended: of the SMTP session, of the sending and of the record. */
export interface AttemptResult {
  /**
   * `transient` is tried again. `unknown` too: the final dot was sent, so the server may have the
   * letter. `permanent`: the server, or the address itself, says that it never will. `withheld`:
   * `beforeDot` said no, so the server has nothing and there is nothing to record.
   */
  outcome: LetterAttempt['outcome'] | 'withheld';
  /** The last step that it reached; null where it is unknown. */
  stage: AttemptStage | null;
  /** The server's answer as one line, at most 500 characters; null without one. */
  response: string | null;
  error: string | null;
  /** Set when the server refused us and not this letter: it does until somebody changes it. */
  ourFault?: OurFault;
}

/** The steps of a transmission. Before `after-dot` the server cannot have accepted the message. */
export type SmtpPhase = Extract<AttemptStage, 'envelope' | 'body' | 'after-dot'>;

/** The server accepted the message. */
export function accepted(response: string): AttemptResult {
  return { outcome: 'sent', stage: 'after-dot', response: oneLine(response), error: null };
}

/** The meaning of an SMTP client's error for the letter. */
export function failed(error: SMTPError, stage: SmtpPhase | 'handshake'): AttemptResult {
  const subject = refusalSubject(stepOf(error, stage), error.response ?? '');
  const response = error.response === undefined ? null : oneLine(error.response);
  const result = { stage, response, error: oneLine(describeError(error)) };
  if (subject !== null && !isOurFault(subject)) return { ...result, outcome: 'permanent' };
  const code = error.responseCode ?? 0;
  // A 4xx or 5xx says for certain that the letter was not accepted, also after the dot.
  const unknown = stage === 'after-dot' && !(code >= 400 && code < 600);
  return {
    ...result,
    outcome: unknown ? 'unknown' : 'transient',
    ...(subject !== null && { ourFault: subject }),
  };
}

function stepOf({ command }: SMTPError, stage: SmtpPhase | 'handshake'): SmtpStep {
  if (stage === 'handshake') return stage;
  if (stage !== 'envelope') return 'dot';
  if (command === 'MAIL FROM') return 'mail';
  return command === 'RCPT TO' ? 'rcpt' : 'data';
}

// It is stored with the attempt and shown: PostgreSQL takes no NUL, people read no megabyte.
const LINE_MAX = 500;

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.slice(0, LINE_MAX).toWellFormed();
}
