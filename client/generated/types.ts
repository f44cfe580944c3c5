// Generated from the published contracts: `npm run client:types`.

export interface AuditEntry {
  service: 'billing' | 'identity' | 'notifications' | 'orders' | 'profiles' | 'webhooks';
  /** UUID (RFC 9562). */
  id: string;
  /** RFC 3339, UTC. */
  at: string;
  /** The operator's customer id; null where the system itself acted. */
  actor: string | null;
  action: string;
  /** Ids by their kind. */
  subject: Record<string, string>;
  reason: string | null;
  before: Record<string, string | number | boolean | Money | null> | null;
  after: Record<string, string | number | boolean | Money | null> | null;
  /** The trace of the request, as in logs. */
  traceId: string | null;
}

export interface DeadLetter {
  /** UUID (RFC 9562). */
  id: string;
  state: 'dead' | 'redriven' | 'discarded';
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  headers: {
    name: string;
    value: string;
  }[];
  /** Why it could not, at the last try. */
  error: string;
  /** Times that it was tried again. */
  redrives: number;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  redrivenAt: string | null;
  discarded?: {
    /** RFC 3339, UTC. */
    at: string;
    actor: string;
    reason: string;
  } | null;
}

export interface Erasure {
  customerId: string;
  /** RFC 3339, UTC. */
  requestedAt: string;
  requestedBy: string;
  reason: string | null;
  waitsFor: 'orders' | 'letters' | 'services' | null;
  /** RFC 3339, UTC. */
  doneAt: string | null;
  state: 'pending' | 'done';
}

export interface Journey {
  order: Order;
  /** The trace that ended the order, as in logs; null while it is Pending. */
  traceId: string | null;
  steps: JourneyStep[];
  payment: {
    decision: 'captured' | 'declined' | 'voided';
    /** RFC 3339, UTC. */
    decidedAt: string;
    amount: Money;
    /** What the wallet held when it was decided; null where that is not known any more: the decision was recorded again after a restore. */
    balanceSeen: Money | null;
    operation: WalletOperation | null;
  } | null;
  recovery: {
    /** Times that recovery tried it. */
    attempts: number;
    /** RFC 3339, UTC. */
    triedAt: string | null;
    /** Why the last try did not end it. */
    error: string | null;
  };
  event: OrderEvent | null;
  letter: Letter | null;
  deadLetter: {
    /** UUID (RFC 9562). */
    id: string;
    state: 'dead' | 'redriven' | 'discarded';
    error: string;
    /** RFC 3339, UTC. */
    createdAt: string;
  } | null;
  /** From the stored order to its recorded end, which is nearly all that the client waited. Null while it is Pending, and where recovery ended it. */
  waitedMs?: number | null;
  /** `open`: something will happen by itself. `failed`: a letter or its event failed, and waits for an operator. `discarded`: an operator decided that nothing follows. `expired`: past the retention, so that nobody knows. */
  ending?: 'open' | 'delivered' | 'failed' | 'discarded' | 'expired';
  /** What happens next by itself; null where nothing does. */
  next?: {
    kind: 'decide' | 'record' | 'recover' | 'publish' | 'receive' | 'send' | 'confirm';
    /** Null: at once, or when others act. */
    at: string | null;
  } | null;
  resends?: {
    /** RFC 3339, UTC. */
    at: string;
    by: 'operator' | 'customer';
    /** The operator's customer id; only operators see it. */
    actor?: string | null;
  }[];
  /** Nothing more will happen by itself: the order ended, and its letter too. */
  complete: boolean;
  /** Services that did not answer; their part is missing. */
  unavailable: ('billing' | 'notifications')[];
}

export interface JourneyStep {
  kind: 'request' | 'create' | 'recover' | 'decide' | 'record' | 'answer' | 'publish' | 'receive' | 'contact' | 'send' | 'reply';
  from: 'client' | 'gateway' | 'orders' | 'billing' | 'broker' | 'notifications' | 'profiles' | 'smtp';
  to: 'client' | 'gateway' | 'orders' | 'billing' | 'broker' | 'notifications' | 'profiles' | 'smtp';
  /** When it was recorded; null where no service records this moment. */
  at: string | null;
  /** `refused` by the rules (no money, voided), `failed` by a fault, `unknown` where the outcome could not be learnt, `waiting` what has not happened yet. */
  outcome: 'done' | 'refused' | 'failed' | 'unknown' | 'waiting';
  /** The decision, the status, the answer’s status code, the place in the topic (`0/17` is partition 0, offset 17), the mail server’s answer or the fault. */
  detail: string | null;
  /** The letter’s attempt it is of. */
  attempt: number | null;
  /** How long it took; null where not recorded. */
  durationMs?: number | null;
}

export interface LedgerReport {
  /** No difference in what was checked. */
  ok: boolean;
  /** All of it was checked; else go on with nextCursor. */
  complete: boolean;
  nextCursor: string | null;
  checked: {
    orders: number;
    letters: number;
    wallets: number;
    events: number;
  };
  waiting: {
    pendingOrders: number;
    unpublishedEvents: number;
    unreadEvents: number;
    unsentLetters: number;
  };
  failedLetters: number;
  /** Differences that an operator recorded as known; they do not count as such. */
  acknowledged: number;
  differences: {
    relation: 'balance-operations' | 'operation-decision' | 'decision-order' | 'order-event' | 'event-letter';
    /** The order; for balance-operations the customer; the event where it belongs to no order. */
    id: string;
    detail: string;
    remedy: 'charge-again' | 'record-decision' | 'reverse-charge' | 'publish-again' | 'acknowledge' | 'write-off' | 'wait' | 'by-hand';
    /** What the remedy does, in the reader's language. */
    remedyText: string;
  }[];
}

export interface Letter {
  /** UUID (RFC 9562). */
  id: string;
  /** UUID (RFC 9562). */
  orderId: string;
  kind: 'happiness' | 'grief';
  state: 'queued' | 'sending' | 'sent' | 'failed';
  /** Why it failed or is late. */
  reason: string | null;
  waitsFor?: 'confirmation';
  subject: string | null;
  text: string | null;
  html: string | null;
  /** As they were sent, decoded. */
  headers: {
    name: string;
    value: string;
  }[] | null;
  to: string | null;
  messageId: string;
  /** Times it was sent again although a former try may have arrived. */
  unknownOutcomes: number;
  /** The latest 50. */
  attempts: {
    number: number;
    /** RFC 3339, UTC. */
    startedAt: string;
    durationMs: number;
    /** Until profiles had answered; null where it was not asked or did not answer. */
    contactMs: number | null;
    outcome: 'sent' | 'transient' | 'permanent' | 'unknown';
    /** The SMTP server's answer. */
    response: string | null;
    error: string | null;
    /** The trace that it belongs to, as in logs. */
    traceId?: string | null;
  }[];
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  sentAt: string | null;
}

export interface Money {
  /** Minor units (kopecks for RUB). */
  amount: number;
  /** ISO 4217 code. */
  currency: string;
}

export interface NewOrder {
  customerId?: string;
  items: {
    name: string;
    sku?: string;
    quantity: number;
    unitPrice: {
      /** Minor units (kopecks for RUB). */
      amount: number;
      /** ISO 4217 code. */
      currency: string;
    };
  }[];
}

export interface OperatorCustomer {
  customerId: string;
  name: string;
  email: string;
  locale: 'ru' | 'en';
  /** Null while billing does not answer. */
  balance: Money | null;
}

export interface OperatorLetter {
  /** UUID (RFC 9562). */
  id: string;
  /** UUID (RFC 9562). */
  orderId: string;
  kind: 'happiness' | 'grief';
  state: 'queued' | 'sending' | 'sent' | 'failed';
  /** Why it failed or is late. */
  reason: string | null;
  waitsFor?: 'confirmation';
  subject: string | null;
  text: string | null;
  html: string | null;
  /** As they were sent, decoded. */
  headers: {
    name: string;
    value: string;
  }[] | null;
  to: string | null;
  messageId: string;
  /** Times it was sent again although a former try may have arrived. */
  unknownOutcomes: number;
  /** The latest 50. */
  attempts: {
    number: number;
    /** RFC 3339, UTC. */
    startedAt: string;
    durationMs: number;
    /** Until profiles had answered; null where it was not asked or did not answer. */
    contactMs: number | null;
    outcome: 'sent' | 'transient' | 'permanent' | 'unknown';
    /** The SMTP server's answer. */
    response: string | null;
    error: string | null;
    /** The trace that it belongs to, as in logs. */
    traceId?: string | null;
  }[];
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  sentAt: string | null;
  customerId: string;
  total?: Money;
  /** Why the order was cancelled; null for a paid one. */
  orderReason?: string | null;
  /** Where the last attempt sent it, masked. */
  address?: string | null;
  /** RFC 3339, UTC. */
  failedAt?: string | null;
  /** Only while it is queued. */
  nextAttemptAt?: string | null;
  acknowledged?: {
    /** RFC 3339, UTC. */
    at: string;
    actor: string;
    reason: string;
  } | null;
}

export interface OperatorOperation {
  /** UUID (RFC 9562). */
  id: string;
  type: 'top_up' | 'charge' | 'reversal';
  amount: Money;
  balanceAfter: Money;
  /** UUID (RFC 9562). */
  orderId: string | null;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** UUID (RFC 9562). */
  reversesOperationId?: string;
  reason?: string;
  madeBy?: string;
}

export interface Order {
  /** UUID (RFC 9562). */
  id: string;
  customerId: string;
  status: 'Pending' | 'Paid' | 'Cancelled';
  statusReason: 'insufficient-funds' | 'voided' | null;
  items: OrderItem[];
  total: Money;
  payment: {
    /** UUID (RFC 9562). */
    operationId: string;
  } | null;
  version: number;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  updatedAt: string;
  statusLabel: string;
}

export interface OrderEvent {
  /** UUID (RFC 9562). */
  id: string;
  topic: string;
  key: string;
  headers: {
    name: string;
    value: string;
  }[];
  /** JSON text, as published. */
  value: string | null;
  /** RFC 3339, UTC. */
  createdAt: string | null;
  /** RFC 3339, UTC. */
  publishedAt: string | null;
  partition: number | null;
  offset: number | null;
}

export interface OrderItem {
  name: string;
  sku?: string;
  quantity: number;
  unitPrice: {
    /** Minor units (kopecks for RUB). */
    amount: number;
    /** ISO 4217 code. */
    currency: string;
  };
}

export interface Overview {
  /** RFC 3339, UTC. */
  at: string;
  orders: {
    latest: {
      counted: number;
      max: number;
      pending: number;
      paid: number;
      cancelled: number;
    };
    rates: {
      placed: number;
      paid: number;
      cancelled: number;
    };
    pending: {
      total: number;
      oldestMs: number;
      byAge: {
        fromMs: number;
        toMs: number | null;
        count: number;
      }[];
    };
    outbox: {
      unpublished: number;
      oldestMs: number;
    } | null;
  } | null;
  notifications: {
    letters: {
      max: number;
      queued: number;
      sending: number;
      sent: number;
      failed: number;
    };
    oldestWaitingMs: number;
    sentPerSecond: number;
    deadLetters: number;
    unacknowledged?: number;
    refusals?: {
      fault: 'sender' | 'sign-in' | 'policy' | 'protocol' | 'server';
      /** The mail server's answer, addresses masked. */
      response: string;
      /** RFC 3339, UTC. */
      at: string;
    }[];
    waitingForConfirmation?: number;
    accountLetters?: {
      waiting: number;
      failed: number;
    };
    mail?: {
      providers: {
        /** host:port. */
        provider: string;
        state: 'closed' | 'open' | 'half-open';
        /** RFC 3339, UTC. */
        since: string;
        /** RFC 3339, UTC. */
        nextAttemptAt: string | null;
        fault: {
          kind: 'sender' | 'sign-in' | 'policy' | 'protocol' | 'server' | 'connection' | 'tls' | 'greeting';
          /** The mail server's answer or the error, masked. */
          text: string;
        } | null;
      }[];
    };
    lag: {
      partition: number;
      position: number;
      end: number;
      lag: number;
    }[] | null;
  } | null;
  gateway?: {
    /** RFC 3339, UTC. */
    since: string;
    contactFaults: {
      claim: 'email' | 'name';
      fault: 'missing' | 'type' | 'length' | 'form';
      customers: number;
      /** RFC 3339, UTC. */
      latestAt: string;
    }[];
  };
}

export interface PendingOrder {
  /** UUID (RFC 9562). */
  id: string;
  customerId: string;
  status: 'Pending' | 'Paid' | 'Cancelled';
  statusReason: 'insufficient-funds' | 'voided' | null;
  items: OrderItem[];
  total: Money;
  payment: {
    /** UUID (RFC 9562). */
    operationId: string;
  } | null;
  version: number;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  updatedAt: string;
  /** Milliseconds since it was placed. */
  ageMs: number;
  recovery: {
    /** Times that recovery tried it. */
    attempts: number;
    /** RFC 3339, UTC. */
    triedAt: string | null;
    /** Why the last try did not end it. */
    error: string | null;
  };
  statusLabel: string;
}

export interface Problem {
  /** Names the kind of problem. At the public API the page about it, relative to the request. */
  type: string;
  /** The kind of problem, in the reader's language. */
  title: string;
  /** The status of the answer. */
  status: number;
  /** What happened and what to do, in the reader's language. */
  detail: string;
  /** Path of the request, without its query. */
  instance: string;
  /** Identifies the problem for programs. Treat an unknown one by its status. */
  code: 'balance-limit' | 'body-too-large' | 'confirmation-link-invalid' | 'confirmation-not-needed' | 'customer-erased' | 'customer-not-found' | 'email-taken' | 'forbidden' | 'foreign-customer' | 'idempotency-key-reused' | 'insufficient-funds' | 'internal' | 'invalid-request' | 'letter-sent' | 'method-not-allowed' | 'no-contact' | 'not-found' | 'not-reversible' | 'operator-account' | 'order-cancelled' | 'overloaded' | 'password-in-settings' | 'profile-changed' | 'reset-link-invalid' | 'reversal-exceeds-balance' | 'self-top-up-off' | 'session-ended' | 'sign-in-failed' | 'template-unknown' | 'too-many-requests' | 'unauthenticated' | 'unavailable' | 'unknown-host' | 'unsupported-media-type' | 'uri-too-long' | 'webhook-address-refused' | 'webhook-endpoint-disabled' | 'webhook-endpoint-limit' | 'wrong-password';
  /** The faults of the input, up to 100. */
  errors?: {
    /** JSON pointer into the body; at the public API as a URI fragment, `#/items/0` (RFC 6901). */
    pointer?: string;
    /** Query, path or header parameter. */
    parameter?: string;
    /** The rule that is broken, a JSON Schema keyword or our own. */
    rule: string;
    /** What the rule demands. */
    expected?: string;
    /** What is wrong, in the reader's language. */
    detail: string;
  }[];
  /** The trace of the request, as in logs. */
  traceId: string;
  /** Whether the same request may succeed later. */
  retryable: boolean;
}

export interface Profile {
  customerId: string;
  email: string;
  name: string;
  locale: 'ru' | 'en';
  /** IANA time zone of the moments in letters. Absent: UTC; in a change: as it was. */
  timeZone?: string;
  /** Whether the address is confirmed; absent where none needs a confirmation. */
  emailConfirmed?: boolean;
}

export interface Repair {
  /** UUID (RFC 9562). */
  id: string;
  step: 'charge-again' | 'record-decision' | 'reverse-charge' | 'publish-again' | 'acknowledge' | 'write-off';
  /** UUID (RFC 9562). */
  orderId: string;
  /** UUID (RFC 9562). */
  letterId?: string;
  /** UUID (RFC 9562). */
  operationId?: string;
  customerId?: string;
  amount?: Money;
  reason: string;
  madeBy: string;
  /** RFC 3339, UTC. */
  at: string;
}

export interface RepairReport {
  /** All books were compared; else go on with nextCursor. */
  complete: boolean;
  nextCursor: string | null;
  steps: RepairedDifference[];
}

export interface RepairedDifference {
  relation: 'balance-operations' | 'operation-decision' | 'decision-order' | 'order-event' | 'event-letter';
  /** The order; for balance-operations the customer; the event where it belongs to no order. */
  id: string;
  detail: string;
  remedy: 'charge-again' | 'record-decision' | 'reverse-charge' | 'publish-again' | 'acknowledge' | 'write-off' | 'wait' | 'by-hand';
  /** What the remedy does, in the reader's language. */
  remedyText: string;
  state: 'planned' | 'done' | 'refused' | 'left';
  /** The state or the refusal, in the reader's language. */
  stateText: string;
  refusal: 'insufficient-funds' | 'dead-letter' | 'changed' | null;
  customerId: string | null;
  money: Money | null;
  balance: Money | null;
  /** The customer may get a letter a second time. */
  letter: boolean;
}

export interface SearchHit {
  kind: 'order' | 'customer' | 'letter' | 'operation';
  /** Of the thing itself. */
  id: string;
  /** As what the text was read. */
  matched: 'order-id' | 'order-number' | 'customer-id' | 'email' | 'operation-id' | 'letter-id' | 'message-id' | 'trace-id';
  /** UUID (RFC 9562). */
  orderId: string | null;
  customerId: string | null;
  /** RFC 3339, UTC. */
  at: string | null;
  /** Status of an order, state of a letter, type of an operation. */
  state: string | null;
  amount: Money | null;
}

export interface Wallet {
  customerId: string;
  balance: {
    /** Minor units (kopecks for RUB). */
    amount: number;
    /** ISO 4217 code. */
    currency: string;
  };
}

export interface WalletOperation {
  /** UUID (RFC 9562). */
  id: string;
  type: 'top_up' | 'charge' | 'reversal';
  amount: Money;
  balanceAfter: Money;
  /** UUID (RFC 9562). */
  orderId: string | null;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** UUID (RFC 9562). */
  reversesOperationId?: string;
  reason?: string;
}

export interface WebhookDelivery {
  /** UUID (RFC 9562). */
  id: string;
  /** UUID (RFC 9562). */
  endpointId: string;
  /** The header `webhook-id`, the same on each repeat. */
  eventId: string;
  type: 'order.paid' | 'order.cancelled' | 'webhook.test';
  /** Null for a test. */
  orderId: string | null;
  state: 'queued' | 'delivering' | 'delivered' | 'dead';
  /** Attempts since it was queued last. */
  attemptCount: number;
  /** The latest 50. */
  attempts: {
    number: number;
    /** RFC 3339, UTC. */
    startedAt: string;
    durationMs: number;
    /** HTTP status; null without answer. */
    status: number | null;
    /** Why it failed; null for one that succeeded. */
    error: string | null;
  }[];
  /** Null unless it is queued. */
  nextAttemptAt: string | null;
  /** Why the latest attempt failed. */
  reason: string | null;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** RFC 3339, UTC. */
  deliveredAt: string | null;
}

export interface WebhookEndpoint {
  /** UUID (RFC 9562). */
  id: string;
  /** An https address that is public; without user name and fragment. */
  url: string;
  description: string;
  /** Only orders that end in one of these become webhooks. */
  statuses: ('Paid' | 'Cancelled')[];
  state: 'enabled' | 'disabled';
  /** `gone`: the receiver answered 410. Null while it is enabled. */
  disabledReason: 'operator' | 'gone' | null;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** Until when the secret before the latest rotation signs too. */
  previousSecretUntil: string | null;
}

/** Every operation of the public API, by its id. */
export interface Operations {
  /** Record that nothing is to be done about failed letters, with the reason */
  acknowledgeLetters: {
    body: {
      letterIds: string[];
      reason: string;
    };
    answer: {
      acknowledged: number;
      /** Unknown, not failed, or acknowledged before. */
      refused: number;
    };
  };
  /** Add an address that receives webhooks; the answer shows its secret, once */
  addWebhookEndpoint: {
    body: {
      /** An https address that is public; without user name and fragment. */
      url: string;
      description: string;
      /** Only orders that end in one of these become webhooks. */
      statuses: ('Paid' | 'Cancelled')[];
    };
    answer: {
      /** UUID (RFC 9562). */
      id: string;
      /** An https address that is public; without user name and fragment. */
      url: string;
      description: string;
      /** Only orders that end in one of these become webhooks. */
      statuses: ('Paid' | 'Cancelled')[];
      state: 'enabled' | 'disabled';
      /** `gone`: the receiver answered 410. Null while it is enabled. */
      disabledReason: 'operator' | 'gone' | null;
      /** RFC 3339, UTC. */
      createdAt: string;
      /** Until when the secret before the latest rotation signs too. */
      previousSecretUntil: string | null;
      /** `whsec_` and base64; shown only once. */
      secret: string;
    };
  };
  /** Change the own password; all other sessions end */
  changePassword: {
    body: {
      currentPassword: string;
      newPassword: string;
    };
    answer: null;
  };
  /** Change, enable or disable an endpoint */
  changeWebhookEndpoint: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    body: {
      /** An https address that is public; without user name and fragment. */
      url: string;
      description: string;
      /** Only orders that end in one of these become webhooks. */
      statuses: ('Paid' | 'Cancelled')[];
      state: 'enabled' | 'disabled';
    };
    answer: WebhookEndpoint;
  };
  /** Confirm the address of the letter that the token came by */
  confirmByLink: {
    body: {
      token: string;
    };
    answer: {
      email: string;
      emailConfirmed: true;
    };
  };
  /** Record that messages will never become letters, with the reason; the rows stay */
  discardMany: {
    body: {
      deadLetterIds: string[];
      reason: string;
    };
    answer: {
      discarded: number;
      /** Unknown, or not dead. */
      refused: number;
    };
  };
  /** Erase the own personal data for ever; orders and payments stay without names */
  eraseAccount: {
    body: {
      confirm: 'erase my data';
      /** The present password; required unless an external issuer keeps the account. */
      password?: string | undefined;
    };
    answer: {
      customerId: string;
      state: 'pending' | 'done';
      /** RFC 3339, UTC. */
      requestedAt: string;
    };
  };
  /** All own data as one document */
  exportAccount: {
    answer: {
      format: 'orderbell-export-1';
      customerId: string;
      /** RFC 3339, UTC. */
      exportedAt: string;
      profile: Profile | null;
      /** Null where an external issuer keeps the account. */
      account: {
        email: string;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** RFC 3339, UTC. */
        changedAt: string;
        /** The latest 100. */
        sessions: {
          /** RFC 3339, UTC. */
          startedAt: string;
          /** RFC 3339, UTC. */
          endsAt: string | null;
        }[];
      } | null;
      balance: Money;
      operations: WalletOperation[];
      orders: {
        /** UUID (RFC 9562). */
        id: string;
        customerId: string;
        status: 'Pending' | 'Paid' | 'Cancelled';
        statusReason: 'insufficient-funds' | 'voided' | null;
        items: OrderItem[];
        total: Money;
        payment: {
          /** UUID (RFC 9562). */
          operationId: string;
        } | null;
        version: number;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** RFC 3339, UTC. */
        updatedAt: string;
      }[];
      /** With their attempts. */
      letters: Letter[];
      /** What is kept and not part of this document. */
      leftOut: string[];
      complete: true;
    };
  };
  /** All data of a customer as one document, addresses included, to answer a request */
  exportCustomer: {
    params: {
      customerId: string;
    };
    answer: {
      format: 'orderbell-export-1';
      customerId: string;
      /** RFC 3339, UTC. */
      exportedAt: string;
      profile: Profile | null;
      /** Null where an external issuer keeps the account. */
      account: {
        email: string;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** RFC 3339, UTC. */
        changedAt: string;
        /** The latest 100. */
        sessions: {
          /** RFC 3339, UTC. */
          startedAt: string;
          /** RFC 3339, UTC. */
          endsAt: string | null;
        }[];
      } | null;
      balance: Money;
      operations: WalletOperation[];
      orders: {
        /** UUID (RFC 9562). */
        id: string;
        customerId: string;
        status: 'Pending' | 'Paid' | 'Cancelled';
        statusReason: 'insufficient-funds' | 'voided' | null;
        items: OrderItem[];
        total: Money;
        payment: {
          /** UUID (RFC 9562). */
          operationId: string;
        } | null;
        version: number;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** RFC 3339, UTC. */
        updatedAt: string;
      }[];
      /** With their attempts. */
      letters: Letter[];
      /** What is kept and not part of this document. */
      leftOut: string[];
      complete: true;
    };
  };
  /** Customers: all, or those of one id or of one address (in any case) */
  findCustomers: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      customerId?: string | undefined;
      email?: string | undefined;
      locale?: 'ru' | 'en' | undefined;
      confirmed?: boolean | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: OperatorCustomer[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: OperatorCustomer;
  };
  /** Add money to a customer's wallet */
  operatorTopUp: {
    params: {
      customerId: string;
    };
    body: {
      amount: {
        /** Minor units (kopecks for RUB). */
        amount: number;
        /** ISO 4217 code. */
        currency: string;
      };
    };
    keyed: true;
    answer: WalletOperation;
  };
  /** Order and pay from the wallet; the answer tells the outcome */
  placeOrder: {
    body: NewOrder;
    keyed: true;
    answer: Order;
  };
  /** The letter as it would go out now */
  previewAnyLetter: {
    params: {
      /** UUID (RFC 9562). */
      letterId: string;
    };
    query?: {
      /** Absent: the version it has. */
      templateVersion?: number | undefined;
      /** Absent: the customer's. */
      locale?: 'ru' | 'en' | undefined;
      /** IANA time zone. Absent: the customer's. */
      timeZone?: string | undefined;
    };
    answer: {
      /** Masked. */
      to: string;
      locale: 'ru' | 'en';
      templateVersion?: number;
      subject: string;
      text: string;
      html: string;
    };
  };
  /** Letters of all customers, newest first; addresses are masked */
  readAllLetters: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      state?: 'queued' | 'sending' | 'sent' | 'failed' | undefined;
      customerId?: string | undefined;
      /** UUID (RFC 9562). */
      orderId?: string | undefined;
      /** Failed letters that an operator acknowledged, or did not. */
      acknowledged?: boolean | undefined;
      /** RFC 3339. */
      from?: string | undefined;
      /** RFC 3339; not that moment itself. */
      until?: string | undefined;
      /** Minor units. */
      minAmount?: number | undefined;
      /** Minor units. */
      maxAmount?: number | undefined;
      /** RFC 3339. */
      failedSince?: string | undefined;
      /** RFC 3339; not that moment itself. */
      failedUntil?: string | undefined;
      /** Text within the reason as it is shown, in capital or small letters alike. */
      failure?: string | undefined;
      kind?: 'happiness' | 'grief' | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: OperatorLetter[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: OperatorLetter;
  };
  /** Operations of all wallets, newest first */
  readAllOperations: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      type?: 'top_up' | 'charge' | 'reversal' | undefined;
      customerId?: string | undefined;
      /** RFC 3339. */
      from?: string | undefined;
      /** RFC 3339; not that moment itself. */
      until?: string | undefined;
      /** Minor units. */
      minAmount?: number | undefined;
      /** Minor units. */
      maxAmount?: number | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: {
        customerId: string;
        /** UUID (RFC 9562). */
        id: string;
        type: 'top_up' | 'charge' | 'reversal';
        amount: Money;
        balanceAfter: Money;
        /** UUID (RFC 9562). */
        orderId: string | null;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** UUID (RFC 9562). */
        reversesOperationId?: string;
        reason?: string;
        madeBy?: string;
      }[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: {
      customerId: string;
      /** UUID (RFC 9562). */
      id: string;
      type: 'top_up' | 'charge' | 'reversal';
      amount: Money;
      balanceAfter: Money;
      /** UUID (RFC 9562). */
      orderId: string | null;
      /** RFC 3339, UTC. */
      createdAt: string;
      /** UUID (RFC 9562). */
      reversesOperationId?: string;
      reason?: string;
      madeBy?: string;
    };
  };
  /** Orders of all customers, newest first */
  readAllOrders: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      status?: 'Pending' | 'Paid' | 'Cancelled' | undefined;
      reason?: 'insufficient-funds' | 'voided' | undefined;
      customerId?: string | undefined;
      /** RFC 3339. */
      from?: string | undefined;
      /** RFC 3339; not that moment itself. */
      until?: string | undefined;
      /** Minor units. */
      minAmount?: number | undefined;
      /** Minor units. */
      maxAmount?: number | undefined;
      sort?: 'newest' | 'oldest' | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: Order[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: Order;
  };
  /** The journey of any order; addresses are masked */
  readAnyJourney: {
    params: {
      /** UUID (RFC 9562). */
      orderId: string;
    };
    answer: Journey;
  };
  /** One letter of any customer */
  readAnyLetter: {
    params: {
      /** UUID (RFC 9562). */
      letterId: string;
    };
    answer: OperatorLetter;
  };
  /** One operation of any wallet, with its reversal if there is one */
  readAnyOperation: {
    params: {
      /** UUID (RFC 9562). */
      operationId: string;
    };
    answer: {
      operation: {
        customerId: string;
        /** UUID (RFC 9562). */
        id: string;
        type: 'top_up' | 'charge' | 'reversal';
        amount: Money;
        balanceAfter: Money;
        /** UUID (RFC 9562). */
        orderId: string | null;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** UUID (RFC 9562). */
        reversesOperationId?: string;
        reason?: string;
        madeBy?: string;
      };
      reversal: {
        customerId: string;
        /** UUID (RFC 9562). */
        id: string;
        type: 'top_up' | 'charge' | 'reversal';
        amount: Money;
        balanceAfter: Money;
        /** UUID (RFC 9562). */
        orderId: string | null;
        /** RFC 3339, UTC. */
        createdAt: string;
        /** UUID (RFC 9562). */
        reversesOperationId?: string;
        reason?: string;
        madeBy?: string;
      } | null;
    };
  };
  /** The operations of any customer's wallet, newest first */
  readAnyOperations: {
    params: {
      customerId: string;
    };
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: OperatorOperation[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: OperatorOperation;
  };
  /** Who did what, when and why: actions of operators and lock-outs, newest first */
  readAuditTrail: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      actor?: string | undefined;
      action?: string | undefined;
      /** Any id of the subject. */
      subject?: string | undefined;
    };
    answer: {
      data: AuditEntry[];
      nextCursor: string | null;
      /** Services that did not answer: their entries are missing in this page. */
      unanswered: ('billing' | 'identity' | 'notifications' | 'orders' | 'profiles' | 'webhooks')[];
    };
    item: AuditEntry;
  };
  /** How far a customer's erasure has come */
  readCustomerErasure: {
    params: {
      customerId: string;
    };
    answer: Erasure;
  };
  /** One message that could not become a letter */
  readDeadLetter: {
    params: {
      /** UUID (RFC 9562). */
      deadLetterId: string;
    };
    answer: DeadLetter;
  };
  /** Messages that could not become letters, newest first */
  readDeadLetters: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      state?: 'dead' | 'redriven' | 'discarded' | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: DeadLetter[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: DeadLetter;
  };
  /** What each service recorded of an order, as one timeline */
  readJourney: {
    params: {
      /** UUID (RFC 9562). */
      orderId: string;
    };
    answer: Journey;
  };
  /** One own letter */
  readLetter: {
    params: {
      /** UUID (RFC 9562). */
      letterId: string;
    };
    answer: Letter;
  };
  /** The versions of the letters' texts */
  readLetterTemplates: {
    answer: {
      data: {
        version: number;
        /** `own`: of the folder LETTER_TEMPLATES. */
        source: 'built-in' | 'own';
        /** Whether new letters get it. */
        current: boolean;
      }[];
    };
  };
  /** Own letters, newest first */
  readLetters: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      /** UUID (RFC 9562). */
      orderId?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: Letter[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: Letter;
  };
  /** Own wallet operations, newest first */
  readOperations: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: WalletOperation[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: WalletOperation;
  };
  /** One own order */
  readOrder: {
    params: {
      /** UUID (RFC 9562). */
      orderId: string;
    };
    answer: Order;
  };
  /** Own orders, newest first */
  readOrders: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      status?: 'Pending' | 'Paid' | 'Cancelled' | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: Order[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: Order;
  };
  /** Orders by status, pending by age, outbox backlog, consumer lag, letters, dead letters */
  readOverview: {
    answer: Overview;
  };
  /** The figures of the last hour, oldest first, for charts */
  readOverviewHistory: {
    answer: {
      /** RFC 3339, UTC. */
      at: string;
      /** Between two samples. */
      stepMs: number;
      orders: {
        /** RFC 3339, UTC. */
        at: string;
        placed: number;
        paid: number;
        cancelled: number;
        pending: number;
        unpublished: number | null;
      }[] | null;
      notifications: {
        /** RFC 3339, UTC. */
        at: string;
        sentPerSecond: number;
        waiting: number;
        unacknowledged: number;
        deadLetters: number;
        lag: number | null;
      }[] | null;
    };
  };
  /** Orders that have not ended, newest first, with age and the last error of recovery */
  readPendingOrders: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      minAgeMs?: number | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: PendingOrder[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: PendingOrder;
  };
  /** Own contact data, with an ETag */
  readProfile: {
    answer: Profile;
  };
  /** Steps of repairs that were done, newest first, with who did them and why */
  readRepairs: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: Repair[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: Repair;
  };
  /** Own balance */
  readWallet: {
    answer: Wallet;
  };
  /** Deliveries to all endpoints, newest first */
  readWebhookDeliveries: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
      /** UUID (RFC 9562). */
      endpointId?: string | undefined;
      state?: 'queued' | 'delivering' | 'delivered' | 'dead' | undefined;
      /** UUID (RFC 9562). */
      orderId?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: WebhookDelivery[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: WebhookDelivery;
  };
  /** One delivery with its attempts */
  readWebhookDelivery: {
    params: {
      /** UUID (RFC 9562). */
      deliveryId: string;
    };
    answer: WebhookDelivery;
  };
  /** One address that receives webhooks */
  readWebhookEndpoint: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    answer: WebhookEndpoint;
  };
  /** Addresses that receive webhooks, newest first */
  readWebhookEndpoints: {
    query?: {
      limit?: number | undefined;
      cursor?: string | undefined;
    };
    answer: {
      /** At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on. */
      data: WebhookEndpoint[];
      /** Of the next page; null on the last one. */
      nextCursor: string | null;
    };
    item: WebhookEndpoint;
  };
  /** Set a new password by the token of a letter; all sessions end */
  redeemPasswordReset: {
    body: {
      token: string;
      newPassword: string;
    };
    answer: null;
  };
  /** Send a webhook now, also one that was delivered; its webhook-id stays */
  redeliverOne: {
    params: {
      /** UUID (RFC 9562). */
      deliveryId: string;
    };
    answer: WebhookDelivery;
  };
  /** The same for up to 100 of them, least recently tried first */
  redriveMany: {
    answer: {
      redriven: number;
      refused: number;
      dead: number;
    };
  };
  /** Read the message again; the answer says whether it became a letter */
  redriveOne: {
    params: {
      /** UUID (RFC 9562). */
      deadLetterId: string;
    };
    answer: DeadLetter;
  };
  /** Create an account and its profile */
  register: {
    body: {
      email: string;
      password: string;
      name: string;
      locale?: 'ru' | 'en' | undefined;
      /** IANA time zone. */
      timeZone?: string | undefined;
    };
    answer: Profile;
  };
  /** Remove an endpoint with its deliveries */
  removeWebhookEndpoint: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    answer: null;
  };
  /** Exchange the refresh token for new tokens; each is used once */
  renewSession: {
    body: {
      refreshToken: string;
    };
    answer: {
      accessToken: string;
      tokenType: 'Bearer';
      /** Seconds. */
      expiresIn: number;
      /** Renews the session, once. */
      refreshToken?: string;
    };
  };
  /** Repair the differences that a restore left: say what would be done, or do it */
  repairBooks: {
    body: {
      /** False: only say what would be done. */
      apply: boolean;
      reason?: string | undefined;
      /** Paid orders to write off, whose payment is lost for good. */
      writeOff?: string[] | undefined;
      cursor?: string | undefined;
    };
    answer: RepairReport;
  };
  /** Change where letters go; the sign-in address stays */
  replaceProfile: {
    body: {
      email: string;
      name: string;
      locale: 'ru' | 'en';
      /** IANA time zone of the moments in letters. Absent: UTC; in a change: as it was. */
      timeZone?: string | undefined;
    };
    answer: Profile;
  };
  /** Send all events since a moment to an endpoint again, with their former webhook-id */
  replayWebhooks: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    body: {
      /** RFC 3339. */
      since: string;
    };
    answer: {
      /** Webhooks that are sent because of this call. */
      queued: number;
      /** From when on; later than asked for where older events are deleted. */
      since: string;
      /** Since when to call again; null when no event is left. */
      next: string | null;
    };
  };
  /** Send the letter with the confirmation link again, at most three an hour */
  requestConfirmation: {
    answer: {
      email: string;
    };
  };
  /** Erase a customer's personal data for ever, with the reason */
  requestCustomerErasure: {
    params: {
      customerId: string;
    };
    body: {
      reason: string;
    };
    answer: Erasure;
  };
  /** Ask for a letter that resets the password; answered alike for every address */
  requestPasswordReset: {
    body: {
      email: string;
    };
    answer: Record<string, unknown>;
  };
  /** Try a failed or waiting letter now, with the contact data of today */
  resendAnyLetter: {
    params: {
      /** UUID (RFC 9562). */
      letterId: string;
    };
    answer: OperatorLetter;
  };
  /** Try failed letters now by why and when they failed; with dryRun count them */
  resendFailedLetters: {
    body: {
      /** Only these; other filters apply too. */
      letterIds?: string[] | undefined;
      /** RFC 3339. */
      failedSince?: string | undefined;
      /** RFC 3339; not that moment itself. */
      failedUntil?: string | undefined;
      /** Text within the reason as it is shown, in capital or small letters alike. */
      failure?: string | undefined;
      kind?: 'happiness' | 'grief' | undefined;
      /** Most letters of one answer. */
      limit?: number | undefined;
      cursor?: string | undefined;
      /** Only counts those that match. */
      dryRun?: boolean | undefined;
    };
    answer: {
      matched: number;
      resent: number;
      /** Where the next part begins, null when all were looked at. */
      nextCursor: string | null;
    };
  };
  /** Undo a top-up by an operation of the opposite amount, once, with the reason */
  reverseAnyTopUp: {
    params: {
      customerId: string;
      /** UUID (RFC 9562). */
      operationId: string;
    };
    body: {
      reason: string;
    };
    answer: OperatorOperation;
  };
  /** Give an endpoint a new secret; the former one signs too for 24 hours */
  rotateEndpointSecret: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    answer: {
      /** UUID (RFC 9562). */
      id: string;
      /** An https address that is public; without user name and fragment. */
      url: string;
      description: string;
      /** Only orders that end in one of these become webhooks. */
      statuses: ('Paid' | 'Cancelled')[];
      state: 'enabled' | 'disabled';
      /** `gone`: the receiver answered 410. Null while it is enabled. */
      disabledReason: 'operator' | 'gone' | null;
      /** RFC 3339, UTC. */
      createdAt: string;
      /** Until when the secret before the latest rotation signs too. */
      previousSecretUntil: string | null;
      /** `whsec_` and base64; shown only once. */
      secret: string;
    };
  };
  /** Finds orders, customers, letters and wallet operations by any of their ids */
  search: {
    query: {
      q: string;
    };
    answer: {
      data: SearchHit[];
      /** Services that did not answer; what they know is missing. */
      unavailable: ('orders' | 'billing' | 'profiles' | 'notifications')[];
    };
  };
  /** Queue a webhook of type webhook.test with invented data */
  sendTestWebhook: {
    params: {
      /** UUID (RFC 9562). */
      endpointId: string;
    };
    answer: WebhookDelivery;
  };
  /** End a pending order now, as recovery does; an ended order stays as it is */
  settleOrder: {
    params: {
      /** UUID (RFC 9562). */
      orderId: string;
    };
    body: {
      reason: string;
    };
    answer: Order;
  };
  /** Begin a session with e-mail and password: an access token and a refresh token */
  signIn: {
    body: {
      email: string;
      password: string;
    };
    answer: {
      accessToken: string;
      tokenType: 'Bearer';
      /** Seconds. */
      expiresIn: number;
      /** Renews the session, once. */
      refreshToken?: string;
    };
  };
  /** End the session of the access token, with all its tokens */
  signOut: {
    answer: null;
  };
  /** Add money to the own wallet, where the set-up allows it */
  topUp: {
    body: {
      amount: {
        /** Minor units (kopecks for RUB). */
        amount: number;
        /** ISO 4217 code. */
        currency: string;
      };
    };
    keyed: true;
    answer: WalletOperation;
  };
  /** Compare balances, operations, decisions, orders, events and letters; name what differs */
  verifyLedger: {
    query?: {
      cursor?: string | undefined;
    };
    answer: LedgerReport;
  };
}
