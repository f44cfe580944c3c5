import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import type { AttemptStage, LetterAttempt } from '#contracts/notifications.ts';
import { describeError } from '#platform/errors.ts';
import { tlsFaultOf } from '#platform/tls-fault.ts';
import {
  type HandshakeFault,
  isOurFault,
  type MailFault,
  type OurFault,
  refusalSubject,
  type SmtpStep,
} from './refusal.ts';

/** How one attempt to send a letter ended: of the SMTP session, of the sending and of the record. */
export interface AttemptResult {
  /**
   * `transient` is tried again. `unknown` too: the final dot was sent, so the server may have the
   * letter. `permanent`: the server, or the address itself, says that it never will. `withheld`:
   * `beforeDot` said no, so the server has nothing and there is nothing to record. `paused`: every
   * circuit breaker is open, so there was no attempt.
   */
  outcome: LetterAttempt['outcome'] | 'withheld' | 'paused';
  /** The last step that it reached; null where it is unknown. */
  stage: AttemptStage | null;
  /** The server's answer as one line, at most 500 characters; null without one. */
  response: string | null;
  error: string | null;
  /** The kind of fault; absent when the letter was sent, and for a fault of this process. */
  fault?: MailFault;
  /** The mail server (host:port) that the fault is about; absent for a fault of the settings. */
  provider?: string;
  /** The customer is erased, so that no attempt can succeed. */
  erased?: boolean;
  /** Set when it came before the letter's own data: every other letter would meet it too. */
  blocking?: OurFault | HandshakeFault;
}

/** A fault of this process, which says nothing about the mail server. */
export class OwnFault extends Error {}

/** The steps of a transmission. Before `after-dot` the server cannot have accepted the message. */
export type SmtpPhase = Extract<AttemptStage, 'envelope' | 'body' | 'after-dot'>;

/** The server accepted the message. */
export function accepted(response: string): AttemptResult {
  return { outcome: 'sent', stage: 'after-dot', response: oneLine(response), error: null };
}

/** The meaning of an SMTP client's error for the letter. */
export function failed(error: SMTPError, stage: SmtpPhase | 'handshake'): AttemptResult {
  const step = stepOf(error, stage);
  const subject = refusalSubject(step, error.response ?? '');
  const response = error.response === undefined ? null : oneLine(error.response);
  const result = { stage, response, error: oneLine(describeError(error)) };
  if (subject !== null && !isOurFault(subject)) {
    return { ...result, outcome: 'permanent', fault: subject };
  }
  const code = error.responseCode ?? 0;
  // A 4xx or 5xx says for certain that the letter was not accepted, also after the dot.
  const unknown = stage === 'after-dot' && !(code >= 400 && code < 600);
  const outcome = unknown ? 'unknown' : 'transient';
  if (error instanceof OwnFault) return { ...result, outcome };
  // All letters have the same sender, so a 5xx to it is about all of them.
  if (step === 'handshake') {
    const fault = handshakeFault(error, subject);
    return { ...result, outcome, fault, blocking: fault };
  }
  if (subject !== null) {
    return { ...result, outcome, fault: subject, ...(step === 'mail' && { blocking: subject }) };
  }
  return { ...result, outcome, fault: code === 0 ? 'connection' : 'temporary' };
}

// Of the library, and of Node for plain text where TLS was expected.
const isOfTls = (code: string) => ['ETLS', 'EPROTO'].includes(code) || tlsFaultOf(code) !== null;

function handshakeFault(error: SMTPError, subject: OurFault | null): OurFault | HandshakeFault {
  const {
    code = '',
    command,
    originalCode = '',
    responseCode,
  } = error as SMTPError & {
    originalCode?: string;
  };
  if (command === 'STARTTLS' || isOfTls(code) || isOfTls(originalCode)) return 'tls';
  if (code === 'EAUTH') return 'sign-in';
  if (subject !== null) return subject;
  return responseCode !== undefined || code === 'EPROTOCOL' ? 'greeting' : 'connection';
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
