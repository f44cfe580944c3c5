import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OperatorOperation, ReversalExcess } from '#contracts/billing.ts';
import type { ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { repeatedly } from '../model/orders.ts';
import { useUnmountSignal } from '../model/use-unmount-signal.ts';
import { customer } from '../texts/customer.ts';
import { operator } from '../texts/operator.ts';
import { TextField } from './field.tsx';
import { Notice, Problem } from './notices.tsx';
import { Id, Moment, Money } from './values.tsx';

/** Operations of a customer's wallet; a top-up can be undone, with a reason. */
export function OperatorOperations(props: {
  customerId: string;
  operations: OperatorOperation[];
  onUndone: () => void;
}) {
  const { customerId, operations, onUndone } = props;
  const texts = useTexts(operator).wallets;
  const names = useTexts(customer).wallet;
  const { language } = useConsole();
  const [undoing, setUndoing] = useState<OperatorOperation | null>(null);
  const [reversal, setReversal] = useState<OperatorOperation | null>(null);
  // A reversal is newer than what it undoes, so it is on this page or on one before it.
  const undone = new Set(operations.map(({ reversesOperationId }) => reversesOperationId));
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
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{names.what}</th>
            <th scope="col">{names.when}</th>
            <th scope="col" class="number">
              {names.sum}
            </th>
            <th scope="col" class="number">
              {names.balanceAfter}
            </th>
            <th scope="col">
              <span class="unseen">{texts.undo}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <tr key={operation.id}>
              <td>
                <OperationName operation={operation} />
              </td>
              <td data-label={names.when}>
                <Moment at={operation.createdAt} />
              </td>
              <td class="number" data-label={names.sum}>
                <Money value={operation.amount} sign />
              </td>
              <td class="number" data-label={names.balanceAfter}>
                <Money value={operation.balanceAfter} />
              </td>
              <td>
                {operation.type === 'top_up' && undone.has(operation.id) && (
                  <span class="quiet">{texts.isUndone}</span>
                )}
                {operation.type === 'top_up' && !undone.has(operation.id) && (
                  <button
                    type="button"
                    class="plain"
                    aria-label={texts.undoThis(formatMoney(operation.amount, language))}
                    onClick={() => {
                      setReversal(null);
                      setUndoing(operation);
                    }}
                  >
                    {texts.undo}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function OperationName({ operation }: { operation: OperatorOperation }) {
  const texts = useTexts(operator).wallets;
  const { because, types } = useTexts(customer).wallet;
  const { madeBy, orderId, reason, type } = operation;
  return (
    <>
      {orderId === null ? types[type] : <a href={`/operator/orders/${orderId}`}>{types[type]}</a>}
      {reason !== undefined && <p class="quiet">{because(reason)}</p>}
      {madeBy !== undefined && (
        <p class="quiet">
          {texts.madeBy} <Id value={madeBy} />
        </p>
      )}
    </>
  );
}

/** A reversal's amount is negative. */
function takenBy({ amount }: OperatorOperation) {
  return { ...amount, amount: -amount.amount };
}

// As the API takes it: one line of plain text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const REASON = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,200}$/;

function UndoForm(props: {
  customerId: string;
  topUp: OperatorOperation;
  onCancel: () => void;
  onDone: (reversal: OperatorOperation) => void;
}) {
  const { customerId, topUp, onCancel, onDone } = props;
  const texts = useTexts(operator).wallets;
  const { api, language } = useConsole();
  const open = useUnmountSignal();
  const [reason, setReason] = useState('');
  const [checked, setChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);
  const fits = REASON.test(reason.trim());
  const { run, running, problem } = useAction(async () => {
    // Undone at most once, so it needs no key of its own.
    const path = `/v1/operator/wallets/${encodeURIComponent(customerId)}/operations/${topUp.id}`;
    const ask = () =>
      api.send<OperatorOperation>('POST', `${path}/reversal`, { body: { reason: reason.trim() } });
    onDone((await repeatedly(ask, { signal: open })).body);
  });
  const sum = formatMoney(topUp.amount, language);
  return (
    <form
      ref={form}
      class="card form"
      aria-label={texts.undoThis(sum)}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        if (fits) run();
      }}
    >
      {problem !== null && <UndoProblem problem={problem} />}
      <p>{texts.undoAsk(sum)}</p>
      <TextField
        label={texts.reason}
        hint={texts.reasonHint}
        fault={checked && !fits ? texts.reasonFault : null}
        value={reason}
        onChange={setReason}
        input={{ maxLength: 200 }}
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={running}>
          {texts.undoThis(sum)}
        </button>
        <button type="button" disabled={running} onClick={onCancel}>
          {texts.cancel}
        </button>
      </div>
    </form>
  );
}

function UndoProblem({ problem }: { problem: ApiProblem }) {
  const texts = useTexts(operator).wallets;
  const { language } = useConsole();
  if (problem.body.code !== 'reversal-exceeds-balance') return <Problem problem={problem} />;
  const { balance, amount } = problem.body as unknown as ReversalExcess;
  return (
    <Notice tone="bad">
      {texts.excess(formatMoney(balance, language), formatMoney(amount, language))}
    </Notice>
  );
}
