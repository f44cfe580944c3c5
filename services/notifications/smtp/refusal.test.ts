import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RefusalSubject, refusalSubject, type SmtpStep } from './refusal.ts';

const EVERYWHERE = ['handshake', 'mail', 'rcpt', 'data', 'dot'] as const;
const AFTER_MAIL = ['rcpt', 'data', 'dot'] as const;

const table: [steps: readonly SmtpStep[], reply: string, subject: RefusalSubject | null][] = [
  // Not for good.
  [EVERYWHERE, '421 4.3.2 closing', null],
  [EVERYWHERE, '450 4.7.1 greylisted', null],
  [EVERYWHERE, '451 5.7.1 the code decides', null],
  [EVERYWHERE, '250 2.0.0 ok', null],
  [EVERYWHERE, '', null],
  // About us at every step.
  [EVERYWHERE, '550 5.7.1 blocked by a list', 'policy'],
  [
    EVERYWHERE,
    '550-5.7.26 unauthenticated mail\n550-5.7.26 is not accepted\n550 5.7.26 x',
    'policy',
  ],
  [EVERYWHERE, '550-This message was refused.\r\n550 5.7.23 SPF', 'policy'],
  [EVERYWHERE, '554 #5.7.1 reputation', 'policy'],
  [EVERYWHERE, '550 4.7.1 the class must be that of the code', 'policy'],
  [EVERYWHERE, '530 5.7.0 sign in first', 'sign-in'],
  [EVERYWHERE, '535 wrong password', 'sign-in'],
  [EVERYWHERE, '521 host does not accept mail', 'server'],
  // Before the envelope.
  [['handshake'], '554 No SMTP service here', 'server'],
  [['handshake'], '502 STARTTLS not known', 'server'],
  // The sender.
  [['mail'], '553 sender not owned', 'sender'],
  [['mail'], '550 5.1.1 no such user', 'sender'],
  [['mail'], '550 5.1.0 sender rejected', 'sender'],
  [['mail'], '552 mailbox over quota', 'sender'],
  [['mail'], '501 5.1.7 bad sender address', 'sender'],
  [AFTER_MAIL, '553 5.1.8 sender domain does not exist', 'sender'],
  [AFTER_MAIL, '550 5.1.7 sender rejected', 'sender'],
  // The recipient.
  [AFTER_MAIL, '550 5.1.1 no such user', 'recipient'],
  [AFTER_MAIL, '550 5.1.2 no such domain', 'recipient'],
  [AFTER_MAIL, '501 5.1.3 bad address', 'recipient'],
  [AFTER_MAIL, '551 5.1.6 mailbox has moved', 'recipient'],
  [AFTER_MAIL, '556 5.1.10 null MX', 'recipient'],
  [AFTER_MAIL, '550 5.2.1 mailbox disabled', 'recipient'],
  [AFTER_MAIL, '552 5.2.2 mailbox full', 'recipient'],
  [AFTER_MAIL, '550 5.4.1 recipient address rejected', 'recipient'],
  [['rcpt'], '550 no such user', 'recipient'],
  [['rcpt'], '550 5.0.0 no', 'recipient'],
  [['rcpt'], '550 5.5.0 mailbox unavailable', 'recipient'],
  [['rcpt'], '551 user not local', 'recipient'],
  [['rcpt'], '552 mailbox full', 'recipient'],
  [['rcpt'], '553 mailbox name not allowed', 'recipient'],
  [['rcpt'], '501 syntax of the address', 'recipient'],
  [['rcpt'], '550 5.71.1 there is no such subject', 'recipient'],
  // The message.
  [['dot'], '554 transaction failed', 'message'],
  [['dot'], '550 refused', 'message'],
  [['dot'], '552 too much', 'message'],
  [AFTER_MAIL, '554 5.6.0 content', 'message'],
  [AFTER_MAIL, '552 5.3.4 message too big', 'message'],
  // The server and what is spoken with it.
  [['mail', ...AFTER_MAIL], '550 5.3.2 not accepting messages', 'server'],
  [['mail', ...AFTER_MAIL], '554 5.3.5 configuration', 'server'],
  [['mail', ...AFTER_MAIL], '503 5.5.1 bad sequence', 'protocol'],
  [['mail', ...AFTER_MAIL], '502 not implemented', 'protocol'],
  [['data'], '501 5.5.4 arguments', 'protocol'],
  // The recipient was accepted and the message not seen, so the refusal is about neither.
  [['data'], '554 refused', 'policy'],
  [['data'], '550 refused', 'policy'],
  [['rcpt'], '554 relay access denied', 'policy'],
];

test('whom a refusal is about, by step, code and enhanced code', () => {
  for (const [steps, reply, subject] of table) {
    for (const step of steps) {
      assert.equal(refusalSubject(step, reply), subject, `${step}: ${reply}`);
    }
  }
});
