import { once } from 'node:events';
import net from 'node:net';

/** Where a step takes effect. `connect` and `ehlo` are per connection, the others per message. */
export type SmtpPoint = 'connect' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot';

/**
 * Faults that replace acceptance:
 * - `reply`: answers with this line (and stays connected), for example `450 4.2.0 later`;
 *   a 421 also ends the connection, as RFC 5321 section 3.8 has it; `after` delays the answer
 * - `hang`: never answers
 * - `drop`: closes the connection without an answer; at `dot` the message was not kept
 * - `accept-and-drop` (only at `dot`): keeps the message, then closes without an answer
 */
export type SmtpStep =
  | { at: SmtpPoint; do: 'reply'; reply: string; after?: Promise<unknown> }
  | { at: SmtpPoint; do: 'hang' | 'drop' }
  | { at: 'dot'; do: 'accept-and-drop' };

export interface ReceivedMessage {
  from: string;
  to: string[];
  /** As sent, dot-unstuffed, without the final dot. */
  raw: Buffer;
}

export type TestSmtpServer = Awaited<ReturnType<typeof openSmtpServer>>;

export interface TestSmtpOptions {
  /** One step per message (or connection), in order; undefined accepts; after the last all are accepted. */
  script?: (SmtpStep | undefined)[];
  /** Chooses the step of a message that the script has none for, at its MAIL. */
  choose?: (() => SmtpStep | undefined) | undefined;
  /** Takes each accepted message, before the client gets its answer, instead of `messages`. */
  onMessage?: (message: ReceivedMessage) => unknown;
  /** How long a step that hangs does so before the connection ends; for ever when absent. */
  hangMs?: number;
  /** Any free one when absent. */
  port?: number;
  /** Lines of the EHLO answer after the first, for example `AUTH PLAIN`. */
  extensions?: string[];
  /** Text after 250 for an accepted message. */
  acceptReply?: string;
}

/**
 * A small SMTP server on 127.0.0.1 that does what its script says. Written on a bare socket,
 * because a library's server cannot misbehave on command.
 */
export async function openSmtpServer(options: TestSmtpOptions = {}) {
  const sockets = new Set<net.Socket>();
  const points = new Map<SmtpPoint, PromiseWithResolvers<void>>();
  const context = {
    options,
    script: [...(options.script ?? [])],
    /** Messages the server answers for, in order. */
    messages: [] as ReceivedMessage[],
    /** Every line a client sent outside message bodies. */
    commands: [] as string[],
    /** Connections taken so far. */
    connections: 0,
    /** Final dots seen, with any answer. */
    dots: 0,
    pointOf: (point: SmtpPoint) =>
      points.getOrInsertComputed(point, () => Promise.withResolvers<void>()),
  };
  const server = net.createServer((socket) => {
    context.connections += 1;
    sockets.add(socket);
    socket.setNoDelay(true); // else answers to pipelined commands wait for the client's ACK
    socket.on('error', () => {}); // a client that gives up resets the connection
    socket.on('close', () => sockets.delete(socket));
    new Conversation(socket, context).start();
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  /** Resolves when no client is connected. */
  async function disconnected(): Promise<void> {
    await Promise.all([...sockets].map((socket) => once(socket, 'close')));
  }
  /** Ends every open connection, as a restart of the server would. */
  async function dropConnections(): Promise<void> {
    const closed = disconnected();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  return Object.assign(context, {
    url: `smtp://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    /** Resolves when a step was performed at this point (or was before this call). */
    reached: (point: SmtpPoint) => context.pointOf(point).promise,
    disconnected,
    dropConnections,
    async close(): Promise<void> {
      server.close();
      await dropConnections();
    },
  });
}

interface ConversationContext {
  options: TestSmtpOptions;
  script: (SmtpStep | undefined)[];
  messages: ReceivedMessage[];
  commands: string[];
  dots: number;
  pointOf(point: SmtpPoint): PromiseWithResolvers<void>;
}

const END_OF_DATA = '\r\n.\r\n';

class Conversation {
  readonly #socket: net.Socket;
  readonly #context: ConversationContext;
  #input = '';
  #inBody = false;
  /** The step of the message (or connection) at hand. */
  #step: SmtpStep | undefined;
  #message: { from: string; to: string[] } = { from: '', to: [] };

  constructor(socket: net.Socket, context: ConversationContext) {
    this.#socket = socket;
    this.#context = context;
  }

  start(): void {
    const next = this.#context.script[0]?.at;
    if (next === 'connect' || next === 'ehlo' || next === 'auth') {
      this.#step = this.#context.script.shift();
    }
    this.#answer('connect', '220 test ESMTP');
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => {
      this.#input += chunk;
      while (this.#takeOne());
    });
  }

  /** Handles one line or one whole body. @returns false when more input is needed */
  #takeOne(): boolean {
    if (this.#inBody) {
      if (this.#step?.at === 'body') {
        this.#inBody = false;
        this.#answer('body', '');
        return false;
      }
      const end = `\r\n${this.#input}`.indexOf(END_OF_DATA);
      if (end < 0) return false;
      const body = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + END_OF_DATA.length - 2);
      this.#inBody = false;
      this.#takeMessage(body);
      return true;
    }
    const end = this.#input.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#input.slice(0, end);
    this.#input = this.#input.slice(end + 2);
    this.#context.commands.push(line);
    this.#takeCommand(line);
    return true;
  }

  #takeCommand(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') {
      const lines = ['test', ...(this.#context.options.extensions ?? [])];
      const answer = lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`);
      this.#answer('ehlo', answer.join('\r\n'));
    } else if (verb === 'AUTH') {
      this.#answer('auth', '235 2.7.0 welcome');
    } else if (verb === 'MAIL') {
      const { script, options } = this.#context;
      this.#step = script.length > 0 ? script.shift() : options.choose?.();
      this.#message = { from: line.slice('MAIL FROM:<'.length, line.indexOf('>')), to: [] };
      this.#answer('mail', '250 2.1.0 ok');
    } else if (verb === 'RCPT') {
      if (this.#answer('rcpt', '250 2.1.5 ok')) {
        this.#message.to.push(line.slice('RCPT TO:<'.length, line.indexOf('>')));
      }
    } else if (verb === 'DATA') {
      this.#takeData();
    } else if (verb === 'QUIT') {
      this.#socket.end('221 bye\r\n');
    } else {
      this.#write(verb === 'RSET' || verb === 'NOOP' ? '250 ok' : '502 not known');
    }
  }

  #takeData(): void {
    if (this.#message.to.length === 0 && this.#step?.at !== 'rcpt') this.#write('503 no RCPT');
    else if (this.#step?.at === 'rcpt') this.#write('503 5.5.1 no valid recipients');
    else this.#inBody = this.#answer('data', '354 go on');
  }

  #takeMessage(body: string): void {
    this.#context.dots += 1;
    // Before the answer: a server that dies between the two has the message.
    if (this.#step?.at !== 'dot' || this.#step.do === 'accept-and-drop') {
      const raw = Buffer.from(body.replace(/^\.\./gm, '.'), 'latin1');
      const { options, messages } = this.#context;
      const { onMessage = (kept) => messages.push(kept) } = options;
      onMessage({ ...this.#message, raw });
    }
    this.#answer('dot', `250 ${this.#context.options.acceptReply ?? '2.0.0 queued'}`);
  }

  /** Answers, unless the script has something else for this point. @returns true when it answered */
  #answer(point: SmtpPoint, reply: string): boolean {
    const step = this.#step;
    if (step?.at !== point) {
      this.#write(reply);
      return true;
    }
    if (step.do === 'reply') {
      if (step.after === undefined) this.#refuse(step.reply);
      else void step.after.then(() => this.#refuse(step.reply));
    } else if (step.do !== 'hang') {
      this.#socket.end();
    } else if (this.#context.options.hangMs !== undefined) {
      setTimeout(() => this.#socket.destroy(), this.#context.options.hangMs).unref();
    }
    this.#context.pointOf(point).resolve();
    return false;
  }

  #refuse(reply: string): void {
    this.#write(reply);
    if (reply.startsWith('421')) this.#socket.end();
  }

  #write(line: string): void {
    if (line !== '' && this.#socket.writable) this.#socket.write(`${line}\r\n`);
  }
}
