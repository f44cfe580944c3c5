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
}

export interface MailPage {
  data: MailSummary[];
  /** `before` of the next page; null at the end. */
  next: number | null;
}

/** One letter as it was received (`GET /mailbox/messages/:id`). */
export interface Mail extends MailSummary {
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
  source: string;
}

/** The address of a letter or, for null, of the list, with the same search and page. */
export function mailAddress(id: number | null, query: Record<string, string>): string {
  const { search = '', before = '' } = query;
  const parameters = new URLSearchParams({ ...(search && { search }), ...(before && { before }) });
  const path = id === null ? '/mailbox' : `/mailbox/${id}`;
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}
