/** The step that the server answered: the handshake, a command of the envelope, or the dot. */
export type SmtpStep = 'handshake' | 'mail' | 'rcpt' | 'data' | 'dot';

/**
 * The party that a refusal is about. The last five (`OurFault`) are about us: the server refuses
 * every letter so, and letters wait until an operator corrects the cause.
 */
export type RefusalSubject = 'recipient' | 'message' | OurFault;
export type OurFault = 'sender' | 'sign-in' | 'policy' | 'protocol' | 'server';

/**
 * The kind of any fault of a mail server. `connection`: not reached, silent or lost. `tls`: STARTTLS
 * or certificate. `greeting`: no SMTP, or a 4xx before the envelope. `temporary`: a later 4xx.
 */
export type MailFault = RefusalSubject | HandshakeFault | 'temporary';
export type HandshakeFault = 'connection' | 'tls' | 'greeting';

// RFC 4954: "Authentication required" and its kind.
const SIGN_IN_CODES = [530, 534, 535, 538];
// RFC 7504: a host that takes no mail at all.
const NO_MAIL_HERE = 521;
// RFC 3463 behind the code of RFC 5321; some servers write `#` before it. The class must be that of
// the code, and where they differ the code decides.
const ENHANCED = /^5\d\d[ -]#?[245]\.(\d{1,3})\.(\d{1,3})(?!\d)/m;

/**
 * Classifies a 5xx answer. docs/reference/letters.md has the table.
 * @param reply all lines of the answer
 * @returns null for any other answer, which is not final
 */
export function refusalSubject(step: SmtpStep, reply: string): RefusalSubject | null {
  const code = Number(/^5\d\d(?!\d)/.exec(reply)?.[0] ?? 0);
  if (code === 0) return null;
  const [, subject, detail] = (ENHANCED.exec(reply) ?? []).map(Number);
  if (SIGN_IN_CODES.includes(code)) return 'sign-in';
  if (subject === 7) return 'policy';
  if (code === NO_MAIL_HERE || step === 'handshake') return 'server';
  const protocol = code <= 504 && (subject === undefined || subject === 0 || subject === 5);
  // 501 to RCPT may also mean that the server cannot parse the address.
  if (protocol && !(step === 'rcpt' && code === 501)) return 'protocol';
  if (subject === 3) return step !== 'mail' && detail === 4 ? 'message' : 'server';
  // So far the server knows only the sender.
  if (step === 'mail') return 'sender';
  return byDetail(subject, detail) ?? byStep(step, code);
}

function byDetail(subject: number | undefined, detail: number | undefined): RefusalSubject | null {
  switch (subject) {
    case 1: // addresses; 7 and 8 are the sender's
      return detail === 7 || detail === 8 ? 'sender' : 'recipient';
    case 2: // the mailbox
    case 4: // the way to its domain
      return 'recipient';
    case 6:
      return 'message';
    default:
      return null;
  }
}

function byStep(step: SmtpStep, code: number): RefusalSubject {
  if (step === 'dot') return 'message';
  // At DATA the recipient is accepted and the message not sent yet, so the refusal is about us. To
  // RCPT, 554 means "relay access denied" or "client host rejected"; a bad address gets 550.
  return step === 'data' || code === 554 ? 'policy' : 'recipient';
}

/** Whether a refusal is about us, so that the letter waits. */
export function isOurFault(fault: MailFault | null): fault is OurFault {
  return fault !== null && OUR_FAULTS.has(fault);
}

const OUR_FAULTS: ReadonlySet<MailFault> = new Set<OurFault>([
  'sender',
  'sign-in',
  'policy',
  'protocol',
  'server',
]);
