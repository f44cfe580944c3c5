import { type Static, Type } from 'typebox';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Bounds of the mailbox: any program on this machine may send mail to it. */
export const MailboxSettings = Type.Object({
  MAILBOX_MESSAGES_MAX: Type.Integer({
    default: 1_000_000,
    minimum: 1,
    maximum: 100_000_000,
    description: 'Messages that the mailbox keeps; the oldest ones are removed.',
  }),
  MAILBOX_BYTES_MAX: Type.Integer({
    // A million of our letters, which are about 5 KB each.
    default: 5 * GIB,
    minimum: MIB,
    maximum: 1024 * GIB,
    description: 'Bytes of the messages that the mailbox keeps; the oldest ones are removed.',
  }),
  MAILBOX_MESSAGE_BYTES_MAX: Type.Integer({
    default: MIB,
    minimum: 64 * 1024,
    maximum: 25 * MIB,
    description: 'Bytes of one message; the mailbox refuses larger ones.',
  }),
  MAILBOX_CONNECTIONS_MAX: Type.Integer({
    default: 64,
    minimum: 32,
    maximum: 10_000,
    description: 'SMTP connections of the mailbox; one more ends the one that was idle longest.',
  }),
});
export type MailboxSettings = Static<typeof MailboxSettings>;
