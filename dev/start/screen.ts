import { relative } from 'node:path';

interface ScreenFacts {
  url: string;
  home: string;
  operator: string;
  /** Null when an earlier start has shown it. */
  password: string | null;
  mailbox: string;
  /** Whether the fault lab runs. */
  lab: boolean;
  /** About the network, where other machines reach the system. */
  warning: string[];
  /** Unusual events of this start. */
  notices: string[];
}

/** The text that `npm start` prints when the system is ready. */
export function screen(facts: ScreenFacts): string {
  const { url, home, operator, password, mailbox, lab, warning, notices } = facts;
  // Since the start of the process, including the runtime's own.
  const seconds = (performance.now() / 1000).toFixed(1);
  const folder = relative(process.cwd(), home) || '.';
  const credentials =
    password === null
      ? `${operator}  (password in ${folder}/operator-password)`
      : `${operator}  ${password}  (kept in ${folder}/operator-password)`;
  return `${warning.map((line) => `\n${line}`).join('')}
Orderbell is ready (${seconds} s). Ctrl-C stops it; the data stay in ${folder}.
${notices.map((line) => `${line}\n`).join('')}
  Console    ${url}/
  API        ${url}/v1
  API docs   ${url}/docs
  Mailbox    ${mailbox}
${lab ? `  Fault lab  ${url}/operator/fault-lab\n` : ''}  Operator   ${credentials}

Your first order, in the console or by hand:

  API=${url}/v1; JSON='content-type: application/json'
  curl -s $API/registrations -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse","name":"Анна"}'
  TOKEN=$(curl -s $API/sessions -H "$JSON" -d '{"email":"anna@example.com","password":"correct horse"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s $API/wallet/top-ups -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"amount":{"amount":100000,"currency":"RUB"}}'
  curl -s $API/orders -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"items":[{"name":"Книга","quantity":1,"unitPrice":{"amount":50000,"currency":"RUB"}}]}'
`;
}

/**
 * Where letters go, for the screen.
 * @param isOwn false where they go to another mail server
 */
export function mailboxText(isOwn: boolean, closed: string[], url: string): string {
  if (!isOwn) return 'letters go to SMTP_URL';
  return closed.includes('mailbox') ? 'closed: other machines reach this one' : `${url}/mailbox`;
}
