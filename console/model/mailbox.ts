/** A letter in the list (`GET /mailbox/messages`). */
export interface MailSummary {
  id: number;
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  /** Bytes. */
  size: number;
  seen: boolean;
}

export interface MailPage {
  data: MailSummary[];
  /** `before` of the next page; null at the end. */
  next: number | null;
}

/** One letter as it was received (`GET /mailbox/messages/:id`). */
export interface Mail extends MailSummary {
  /** False: only its headers and its source can be shown. */
  displayable: boolean;
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
  attachments: { name: string; type: string; size: number }[];
  /** Null where it could not be parsed. */
  checks: MailChecks | null;
  source: string;
}

/** What some mail programs do not show. */
export interface MailChecks {
  missingText: boolean;
  images: number;
  imagesWithoutAlt: number;
  externalImages: number;
  links: number;
  insecureLinks: number;
  /** Bytes. */
  htmlBytes: number;
  clipped: boolean;
}
