import * as audit from '#contracts/letter-audit.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { RepairStep } from '#contracts/repairs.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { insertRepair, listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findLetter } from '../api/letter-list-store.ts';
import { findDeletedThrough } from '../privacy/retention-store.ts';
import { auditLetters } from './audit-store.ts';

interface OperationsDeps {
  database: Database;
  broker: Broker;
  /** The group that reads the orders topic into the inbox. */
  group: string;
}

/** Notifications' part of the reconciliation, and of the repair after a restore. */
export function serveOperations(
  api: InternalApi,
  { database, broker, group }: OperationsDeps,
): void {
  api.serve(audit.auditLetters, async ({ query }) => {
    return { status: 200, body: { data: await auditLetters(database, query) } };
  });

  api.serve(audit.auditPositions, async () => {
    // The topic before the positions: if it is recreated in between, the new positions go with the
    // old identity, and no event of the new topic counts as read.
    const topic = await broker.endOffsets(ORDERS_TOPIC);
    const lag = await broker.lag(ORDERS_TOPIC, group);
    const data = lag.map(({ partition, position, end }) => ({
      partition,
      position: Number(position),
      end: Number(end),
    }));
    const deletedThrough = await findDeletedThrough(database);
    const body = {
      topicId: topic?.topicId ?? null,
      data,
      ...(deletedThrough !== null && { deletedThrough }),
    };
    return { status: 200, body };
  });

  api.serve(audit.acknowledgeLetter, async ({ params, body }) => {
    const letter = await findLetter(database, params.letterId);
    if (letter === null) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId}`);
    }
    const detail = { orderId: letter.order_id };
    const audit = {
      subject: { letterId: letter.id, orderId: letter.order_id, customerId: letter.customer_id },
      before: { acknowledged: false },
      after: { acknowledged: true },
    };
    const step = { step: 'acknowledge', subject: letter.id, detail, audit, ...body };
    const done = await database.transaction((tx) => insertRepair(tx, step));
    return { status: 200, body: { state: done ? 'done' : 'already' } };
  });

  api.serve(audit.listLetterRepairs, async ({ query }) => {
    const rows = await listRepairs<RepairStep>(database, query);
    const data = rows.map(({ subject: letterId, detail, ...row }) => ({
      ...row,
      letterId,
      orderId: detail.orderId as string,
    }));
    return { status: 200, body: { data } };
  });
}
