import { useState } from 'preact/hooks';
import type { PublicOrder } from '#contracts/gateway.ts';
import { STEADILY } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useUnmountSignal } from '../model/load.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { Notice, Problem } from './notices.tsx';
import { nameOfOrder } from './order-number.tsx';
import { Button } from './page.tsx';
import { ReasonDialog } from './reason-dialog.tsx';

/** The button that opens the dialog. */
export function SettleButton({ id, run }: { id: string; run: () => void }) {
  const texts = useTexts(operatorLists).settle;
  const { language } = useConsole();
  return <Button text={texts.button} label={texts.this(nameOfOrder(id, language))} run={run} />;
}

/** Ends a pending order now, with the operator's reason. */
export function SettleDialog(props: {
  id: string;
  onCancel: () => void;
  onDone: (order: PublicOrder) => void;
}) {
  const { id, onCancel, onDone } = props;
  const texts = useTexts(operatorLists).settle;
  const { api, language } = useConsole();
  const open = useUnmountSignal();
  const { run, running, problem } = useAction(async (reason: string) => {
    // An ended order stays as it is, so the request needs no key.
    const answer = await api.call('settleOrder', {
      ...STEADILY,
      repeat: true,
      until: open,
      deadlineMs: SETTLE_DEADLINE_MS,
      params: { orderId: id },
      body: { reason },
    });
    onDone(answer.body as PublicOrder);
  });
  return (
    <ReasonDialog
      title={texts.this(nameOfOrder(id, language))}
      confirm={texts.button}
      hint={texts.hint}
      running={running}
      problem={<Problem problem={problem} />}
      onConfirm={run}
      onCancel={onCancel}
    >
      <p>{texts.lead}</p>
    </ReasonDialog>
  );
}

// Billing may be the reason why the order is pending: then the person learns it soon.
const SETTLE_DEADLINE_MS = 10_000;

/** What became of an order. */
export function SettleOutcome({ order }: { order: PublicOrder }) {
  const texts = useTexts(operatorLists).settle;
  const { language } = useConsole();
  const { id, status } = order;
  return (
    <Notice tone={status === 'Pending' ? 'bad' : 'good'}>
      {texts.outcomes[status](nameOfOrder(id, language))}{' '}
    </Notice>
  );
}

/** Button, dialog and outcome, for the page of one order. */
export function SettleOrder({ order, onDone }: { order: PublicOrder; onDone: () => void }) {
  const [asks, setAsks] = useState(false);
  const [settled, setSettled] = useState<PublicOrder | null>(null);
  return (
    <>
      {settled !== null && <SettleOutcome order={settled} />}
      {order.status === 'Pending' && (
        <p>
          <SettleButton id={order.id} run={() => setAsks(true)} />
        </p>
      )}
      {asks && (
        <SettleDialog
          id={order.id}
          onCancel={() => setAsks(false)}
          onDone={(ended) => {
            setAsks(false);
            setSettled(ended);
            onDone();
          }}
        />
      )}
    </>
  );
}
