/** The step that the server answered: the handshake, a command of the envelope, or the dot. */
export type SmtpStep = 'handshake' | 'mail' | 'rcpt' | 'data' | 'dot';

/**
 * Whom a refusal is about. The last five are about us: every letter meets them, and the letters
 * wait until somebody changes it.
 */
export type RefusalSubject = 'recipient' | 'message' | OurFault;
export type OurFault = 'sender' | 'sign-in' | 'policy' | 'protocol' | 'server';

// RFC 4954: "Authentication required" and its kind.
const SIGN_IN_CODES = [530, 534, 535, 538];
// RFC 7504: a host that takes no mail at all.
const NO_MAIL_HERE = 521;
// RFC 3463 behind the code of RFC 5321; some servers write `#` before it. The class must be that of
// the code, and where they differ the code decides.
const ENHANCED = /^5\d\d[ -]#?[245]\.(\d{1,3})\.(\d{1,3})(?!\d)/m;

/**
 * Whom a 5xx answer is about. docs/reference/letters.md has the table.
 * @param reply all lines of the answer
 * @returns null for any other answer, which says nothing for good
 */
export function refusalSubject(step: SmtpStep, reply: string): RefusalSubject | null {
  const code = Number(/^5\d\d(?!\d)/.exec(reply)?.[0] ?? 0);
  if (code === 0) return null;
  const [, subject, detail] = (ENHANCED.exec(reply) ?? []).map(Number);
  if (SIGN_IN_CODES.includes(code)) return 'sign-in';
  if (subject === 7) return 'policy';
  if (code === NO_MAIL_HERE || step === 'handshake') return 'server';
  const protocol = code <= 504 && (subject === undefined || subject === 0 || subject === 5);
  // An address may be what a server cannot read.
  if (protocol && !(step === 'rcpt' && code === 501)) return 'protocol';
  if (subject === 3) return step !== 'mail' && detail === 4 ? 'message' : 'server';
  // It knows nothing but the sender yet.
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
  // Before the message, and after the recipient was accepted, only we are left. To RCPT, 554 means
  // "relay access denied", "client host rejected" and the like; for an address there is 550.
  return step === 'data' || code === 554 ? 'policy' : 'recipient';
}

/** Whether a refusal is about us, so that the letter waits. */
export function isOurFault(subject: RefusalSubject | null): subject is OurFault {
  return subject !== null && subject !== 'recipient' && subject !== 'message';
}
