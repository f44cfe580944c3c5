import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OperatorOperation, ReversalExcess } from '#contracts/billing.ts';
import { REASON_MAX, VISIBLE_TEXT } from '#contracts/patterns.ts';
import { type ApiProblem, STEADILY } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useAction, useUnmountSignal } from '../model/load.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { Form, TextField } from './form.tsx';
import { Notice, Problem } from './notices.tsx';
import { OperationsTable } from './operations-table.tsx';
import { Button } from './page.tsx';
import { Id } from './values.tsx';

/** Operations of a customer's wallet; a top-up can be undone, with a reason. */
export function OperatorOperations(props: {
  customerId: string;
  operations: OperatorOperation[];
  onUndone: () => void;
}) {
  const { customerId, operations, onUndone } = props;
  const texts = useTexts(operatorWallet);
  const { language } = useConsole();
  const [undoing, setUndoing] = useState<OperatorOperation | null>(null);
  const [reversal, setReversal] = useState<OperatorOperation | null>(null);
  // A reversal is newer than the operation that it undoes, so it is on this page or an earlier one.
  const undone = new Set(operations.map(({ reversesOperationId }) => reversesOperationId));
  const undoAction = (operation: OperatorOperation) => {
    if (operation.type !== 'top_up') return null;
    if (undone.has(operation.id)) return <span class="quiet">{texts.isUndone}</span>;
    const start = () => {
      setReversal(null);
      setUndoing(operation);
    };
    const label = texts.undoThis(formatMoney(operation.amount, language));
    return <Button look="plain" text={texts.undo} label={label} run={start} />;
  };
  return (
    <>
      {reversal !== null && (
        <Notice tone="good">
          {texts.undone(
            formatMoney(takenBy(reversal), language),
            formatMoney(reversal.balanceAfter, language),
          )}
        </Notice>
      )}
      {undoing !== null && (
        <UndoForm
          key={undoing.id}
          customerId={customerId}
          topUp={undoing}
          onCancel={() => setUndoing(null)}
          onDone={(made) => {
            setUndoing(null);
            setReversal(made);
            onUndone();
          }}
        />
      )}
      <OperationsTable
        operations={operations}
        orderHref={(orderId) => `/operator/orders/${orderId}`}
        note={({ madeBy }) =>
          madeBy !== undefined && (
            <p class="quiet">
              {texts.madeBy} <Id value={madeBy} />
            </p>
          )
        }
        action={{ label: texts.undo, of: undoAction }}
      />
    </>
  );
}

/** A reversal's amount is negative. */
function takenBy({ amount }: OperatorOperation) {
  return { ...amount, amount: -amount.amount };
}

const REASON = new RegExp(VISIBLE_TEXT, 'u');

function UndoForm(props: {
  customerId: string;
  topUp: OperatorOperation;
  onCancel: () => void;
  onDone: (reversal: OperatorOperation) => void;
}) {
  const { customerId, topUp, onCancel, onDone } = props;
  const texts = useTexts(operatorWallet);
  const { api, language } = useConsole();
  const open = useUnmountSignal();
  const [reason, setReason] = useState('');
  const [checked, setChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);
  const valid = REASON.test(reason.trim()) && reason.trim().length <= REASON_MAX;
  const { run, running, problem } = useAction(async () => {
    // The API undoes a top-up at most once, so the request needs no key.
    const answer = await api.call('reverseAnyTopUp', {
      ...STEADILY,
      repeat: true,
      until: open,
      params: { customerId, operationId: topUp.id },
      body: { reason: reason.trim() },
    });
    onDone(answer.body);
  });
  const sum = formatMoney(topUp.amount, language);
  const submit = () => {
    setChecked(true);
    if (valid) run();
  };
  return (
    <Form form={form} label={texts.undoThis(sum)} onSubmit={submit}>
      <UndoProblem problem={problem} />
      <p>{texts.undoAsk(sum)}</p>
      <TextField
        label={texts.reason}
        hint={texts.reasonHint}
        violation={checked && !valid ? texts.reasonViolation : null}
        value={reason}
        onChange={setReason}
        input={{ maxLength: 200 }}
      />
      <div class="actions">
        <Button look="primary" text={texts.undoThis(sum)} disabled={running} />
        <Button text={texts.cancel} disabled={running} run={onCancel} />
      </div>
    </Form>
  );
}

function UndoProblem({ problem }: { problem: ApiProblem | null }) {
  const texts = useTexts(operatorWallet);
  const { language } = useConsole();
  if (problem?.body.code !== 'reversal-exceeds-balance') return <Problem problem={problem} />;
  const { balance, amount } = problem.body as unknown as ReversalExcess;
  return (
    <Notice tone="bad">
      {texts.excess(formatMoney(balance, language), formatMoney(amount, language))}
    </Notice>
  );
}
