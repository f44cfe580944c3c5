/** What the mailbox lists of a letter (`GET /mailbox/messages`). */
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
  /** `before` of the next page; null at the end. A search may find nothing before it. */
  next: number | null;
}

/** One letter as it came (`GET /mailbox/messages/:id`). */
export interface Mail extends MailSummary {
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
  source: string;
}

/** The address of a letter, or without one of the list, at the same place of the same search. */
export function mailAddress(id: number | null, query: Record<string, string>): string {
  const { search = '', before = '' } = query;
  const kept = new URLSearchParams({ ...(search && { search }), ...(before && { before }) });
  const place = id === null ? '/mailbox' : `/mailbox/${id}`;
  return kept.size === 0 ? place : `${place}?${kept}`;
}
