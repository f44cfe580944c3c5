import type { LedgerReport, Overview } from '#contracts/operator.ts';
import type { Screen } from '../terminal/screen.ts';
import { facts } from '../terminal/table.ts';

/** The state of the system. */
export function overviewText(screen: Screen, overview: Overview): string {
  return facts(screen, [
    ['Orderbell', screen.moment(overview.at)],
    ...ordersRows(screen, overview),
    ...notificationsRows(screen, overview.notifications),
  ]);
}

type Row = [name: string, value: string];

function ordersRows(screen: Screen, { notifications, orders }: Overview): Row[] {
  const { say } = screen;
  if (orders === null) return [['orders', say('noAnswerFrom')]];
  const { latest, outbox, pending, rates } = orders;
  const sent = notifications?.sentPerSecond ?? 0;
  const perSecond = [rates.placed, rates.paid, rates.cancelled, sent].map((rate) =>
    rate.toFixed(1),
  );
  return [
    [
      say('latestOrders'),
      say('ordersByStatus', latest.counted, latest.paid, latest.cancelled, latest.pending),
    ],
    [say('perSecond'), say('rates', ...perSecond)],
    [say('pendingOrders'), waitingText(screen, pending.total, pending.oldestMs)],
    [
      say('outbox'),
      outbox === null ? say('elsewhere') : waitingText(screen, outbox.unpublished, outbox.oldestMs),
    ],
  ];
}

function notificationsRows(screen: Screen, notifications: Overview['notifications']): Row[] {
  const { say } = screen;
  if (notifications === null) return [['notifications', say('noAnswerFrom')]];
  const { deadLetters, lag, letters, mail, refusals = [], unacknowledged } = notifications;
  const paused = mail?.providers.filter(({ state }) => state !== 'closed') ?? [];
  const unread = lag?.reduce((sum, partition) => sum + partition.lag, 0);
  return [
    [say('lag'), unread === undefined ? say('noAnswerFrom') : String(unread)],
    [
      say('allLetters'),
      say('lettersByState', letters.sent, letters.queued, letters.sending, letters.failed),
    ],
    // Absent from a gateway of an older version.
    ...(unacknowledged === undefined
      ? []
      : [[say('unacknowledgedCount'), String(unacknowledged)] satisfies Row]),
    [say('deadCount'), String(deadLetters)],
    ...paused.map(
      ({ fault, nextAttemptAt, provider, since }): Row => [
        screen.paint('red', say('mailPaused')),
        // While a probe runs there is no next attempt yet.
        `${provider}  ${screen.moment(since)} → ${nextAttemptAt === null ? '…' : screen.moment(nextAttemptAt)}  ${fault?.text ?? ''}`,
      ],
    ),
    ...refusals.map(
      ({ at, response }): Row => [
        screen.paint('red', say('mailRefused')),
        `${screen.moment(at)}  ${response}`,
      ],
    ),
  ];
}

function waitingText(screen: Screen, count: number, oldestMs: number): string {
  return count === 0 ? '0' : screen.say('oldest', count, screen.duration(oldestMs));
}

const CHECKED = ['orders', 'events', 'letters', 'wallets'] as const;
const WAITING = ['pendingOrders', 'unpublishedEvents', 'unreadEvents', 'unsentLetters'] as const;

/** The result of a reconciliation, all its parts together. */
export function ledgerText(screen: Screen, reports: LedgerReport[]): string {
  const { paint, say } = screen;
  const sum = (count: (report: LedgerReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  const differences = reports.flatMap((report) => report.differences);
  const verdict = reports.every(({ ok }) => ok)
    ? paint('green', say('noDifferences'))
    : paint('red', say('differencesFound', differences.length));
  const counts = facts(screen, [
    [say('checked'), say('checkedCounts', ...CHECKED.map((name) => sum((r) => r.checked[name])))],
    [say('onTheWay'), say('onTheWayCounts', ...WAITING.map((name) => sum((r) => r.waiting[name])))],
    [say('undelivered'), String(sum(({ failedLetters }) => failedLetters))],
    // Absent from a gateway of an older version.
    [say('acknowledgedCount'), String(sum(({ acknowledged = 0 }) => acknowledged))],
  ]);
  const lines = differences.map(
    ({ detail, id, relation, remedyText = '' }) => `${relation}  ${id}  ${detail}\n  ${remedyText}`,
  );
  return [verdict, counts, ...lines].join('\n');
}
