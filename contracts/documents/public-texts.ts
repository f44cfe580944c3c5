/** What a client of the public API has to know before its first call, in Markdown. */
export const PUBLIC_DESCRIPTION = `Charges each order to the customer's wallet while the customer \
waits, and e-mails the result.

**Sign in.** \`POST /v1/sessions\` answers an access token for 15 minutes. Send it as \
\`Authorization: Bearer <token>\`.

**Repeat safely.** Orders and top-ups take an \`Idempotency-Key\`. After a timeout, a lost connection, \
429 or 503 send the same request with the same key: it is done once, and the answer tells the outcome. \
Every other key is a new order.

**Money** is a whole number of minor units: \`{ "amount": 45000, "currency": "RUB" }\` is 450 roubles.

**Lists** are newest first. \`nextCursor\`, and the header \`Link\`, lead to the next page.

**Errors** are problem documents (RFC 9457). Programs read \`code\`, people \`title\` and \`detail\`. \
\`retryable\` says whether the same request may succeed later.

**Languages.** Texts for people are in Russian or English, by \`Accept-Language\`; without it in Russian. \
The examples here are answers to \`Accept-Language: en\`.

**Compatibility.** Within /v1 answers only gain members, and enumerations of codes may grow: ignore what \
you do not know. Requests are strict: an unknown member is refused.`;

/** The tags of the public API, in the order in which they are shown. */
export const publicTags: Record<string, string> = {
  account:
    'Registration, sessions, contact data and personal data. Operations of passwords and sessions ' +
    'answer 404 where an external issuer keeps the accounts.',
  wallet: "The customer's own balance and its movements.",
  orders: 'Place orders, and follow them until their letter is sent.',
  letters: 'The letters of happiness and grief that were sent to the customer.',
  operator: 'For staff: these operations need a token with the scope `operator`.',
};
