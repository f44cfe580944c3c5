import { type BackoffOptions, backoffMs } from '#platform/async/backoff.ts';
import type { HandshakeFault, OurFault } from './refusal.ts';

// Accounts are locked after five to ten failed sign-ins, so a wrong password gets few of them.
const FAULTS_MAX = 3;

export interface BreakerWaits {
  /** After refused sign-ins: each further one brings the lock of the account nearer. */
  signIn: BackoffOptions;
  other: BackoffOptions;
}

const WAITS: BreakerWaits = {
  signIn: { firstMs: 30_000, maxMs: 15 * 60_000 },
  other: { firstMs: 1_000, maxMs: 60_000 },
};

export type BreakerState = 'closed' | 'open' | 'half-open';

/** A fault that every letter would meet. */
export interface ProviderFault {
  fault: OurFault | HandshakeFault;
  /** The server's answer or the error, as one line. */
  reason: string;
  /** `handshake`: connection, TLS, greeting, sign-in. `sender`: the sender was refused. */
  at: 'handshake' | 'sender';
}

/** The permission for one attempt. Its reports count until the breaker changes its state. */
export interface Permit {
  /** The one attempt of the half-open state. */
  readonly probe: boolean;
  /** Whether the attempt may still begin. */
  valid(): boolean;
  /** The handshake succeeded. */
  connected(): void;
  /** The server accepted the sender, or answered to the letter itself. */
  accepted(): void;
  failed(fault: ProviderFault): void;
  /** The attempt ended, however. */
  ended(): void;
}

export interface BreakerOptions {
  /** Called when it opens, not for each further opening until it closes. */
  onOpen?: (fault: ProviderFault, waitMs: number) => void;
  onClose?: () => void;
  waits?: BreakerWaits | undefined;
  /** A monotonic clock. */
  nowMs?: () => number;
}

/**
 * A circuit breaker for one mail server. Faults before a letter's own data open it; then attempts wait
 * for a growing time, and one probe decides whether it closes.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #nowMs: () => number;
  #state: BreakerState = 'closed';
  #sinceMs: number;
  #retryAtMs = 0;
  /** Openings since it was closed. */
  #openings = 0;
  #lastFault: ProviderFault | null = null;
  /** Since the last success of the same step: a handshake proves nothing about the sender. */
  #faults = { handshake: 0, sender: 0 };
  #proven = false;
  // Outdates the permits of earlier states: their reports say nothing about this one.
  #generation = 0;

  constructor(options: BreakerOptions = {}) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#sinceMs = this.#nowMs();
  }

  /** Whether the last handshake succeeded; until then they run one by one. */
  get proven(): boolean {
    return this.#proven;
  }

  /** `one`: a probe may run, `none`: no attempt may. */
  readiness(): 'all' | 'one' | 'none' {
    if (this.#state === 'closed') return 'all';
    return this.#state === 'open' && this.#nowMs() >= this.#retryAtMs ? 'one' : 'none';
  }

  /** @returns null while no attempt may run */
  admit(): Permit | null {
    const ready = this.readiness();
    if (ready === 'none') return null;
    if (ready === 'one') this.#enter('half-open');
    return this.#createPermit(ready === 'one');
  }

  /** Times in milliseconds from now. `fault` is the last one while it is not closed. */
  view() {
    const state = this.#state;
    return {
      state,
      sinceMs: this.#nowMs() - this.#sinceMs,
      retryInMs: state === 'open' ? Math.max(0, this.#retryAtMs - this.#nowMs()) : null,
      fault: state === 'closed' ? null : this.#lastFault,
    };
  }

  #createPermit(probe: boolean): Permit {
    const generation = this.#generation;
    const valid = () => generation === this.#generation;
    let connected = false;
    return {
      probe,
      valid,
      connected: () => {
        if (!valid()) return;
        connected = true;
        this.#proven = true;
        this.#faults.handshake = 0;
      },
      accepted: () => {
        if (!valid()) return;
        this.#faults.sender = 0;
        if (probe) this.#close();
      },
      failed: (fault) => {
        if (valid()) this.#fail(fault);
      },
      ended: () => {
        if (!probe || !valid()) return;
        // A probe that connected and learnt nothing more shows no fault. One that did not connect
        // leaves its turn to the next.
        if (connected) this.#close();
        else this.#enter('open');
      },
    };
  }

  #fail(fault: ProviderFault): void {
    this.#lastFault = fault;
    if (fault.at === 'handshake') this.#proven = false;
    this.#faults[fault.at] += 1;
    const tooMany = this.#faults[fault.at] >= FAULTS_MAX;
    if (this.#state === 'half-open' || tooMany) this.#open(fault);
  }

  #open(fault: ProviderFault): void {
    const first = this.#state === 'closed';
    const { onOpen, waits = WAITS } = this.#options;
    if (first) this.#sinceMs = this.#nowMs();
    this.#enter('open');
    this.#openings += 1;
    const wait = fault.fault === 'sign-in' ? waits.signIn : waits.other;
    const waitMs = backoffMs(this.#openings, wait);
    this.#retryAtMs = this.#nowMs() + waitMs;
    if (first) onOpen?.(fault, waitMs);
  }

  #close(): void {
    this.#sinceMs = this.#nowMs();
    this.#enter('closed');
    this.#openings = 0;
    this.#faults = { handshake: 0, sender: 0 };
    this.#options.onClose?.();
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#generation += 1;
  }
}
