import type { OperatorOperation, ReversalExcess } from '#contracts/billing.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import { type ApiProblem, STEADILY } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useAction, useLoad, useUnmountSignal } from '../model/load.ts';
import { operatorLists } from '../texts/operator-lists.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { customerHref } from './customer-link.tsx';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';
import { Dialog, ReasonDialog } from './reason-dialog.tsx';
import { Fact, Id, Moment } from './values.tsx';

/** An operation with its reversal, if there is one. */
export interface OperationFound {
  operation: ListedOperation;
  reversal: ListedOperation | null;
}

/** Undoes a top-up, with the operator's reason; or says that it was undone before. */
export function ReverseTopUp(props: {
  topUp: ListedOperation;
  onCancel: () => void;
  onDone: (reversal: OperatorOperation) => void;
}) {
  const { topUp, onCancel, onDone } = props;
  const texts = useTexts(operatorWallet);
  const words = useTexts(operatorLists).operations;
  const { api, language } = useConsole();
  const open = useUnmountSignal();
  // The reversal may be on a page of the list that is not loaded.
  const found = useLoad(`operation ${topUp.id}`, (signal) =>
    api.read<OperationFound>(`/v1/operator/operations/${topUp.id}`, { signal }),
  );
  const { run, running, problem } = useAction(async (reason: string) => {
    // The API undoes a top-up at most once, so the request needs no key.
    const answer = await api.call('reverseAnyTopUp', {
      ...STEADILY,
      repeat: true,
      until: open,
      params: { customerId: topUp.customerId, operationId: topUp.id },
      body: { reason },
    });
    onDone(answer.body);
  });
  const sum = formatMoney(topUp.amount, language);
  const former = found.data?.reversal ?? null;
  if (former !== null) {
    return (
      <Dialog title={words.already} onClose={onCancel}>
        <p>
          <Moment at={former.createdAt} />
          {former.reason !== undefined && `. ${words.because(former.reason)}`}
        </p>
        <Button text={words.close} run={onCancel} />
      </Dialog>
    );
  }
  return (
    <ReasonDialog
      title={texts.undoThis(sum)}
      confirm={texts.undoThis(sum)}
      hint={texts.reasonHint}
      running={running}
      problem={<ReversalProblem problem={problem} customerId={topUp.customerId} />}
      onConfirm={run}
      onCancel={onCancel}
    >
      <dl class="facts">
        <Fact label={words.at} at={topUp.createdAt} />
        <Fact label={words.customer}>
          <Id value={topUp.customerId} />
        </Fact>
        <Fact label={words.id}>
          <Id value={topUp.id} />
        </Fact>
      </dl>
    </ReasonDialog>
  );
}

/** Why a top-up was not undone; where it was spent, what to do about it. */
function ReversalProblem(props: { problem: ApiProblem | null; customerId: string }) {
  const { problem, customerId } = props;
  const texts = useTexts(operatorWallet);
  const words = useTexts(operatorLists).operations;
  const { language } = useConsole();
  if (problem?.body.code !== 'reversal-exceeds-balance') return <Problem problem={problem} />;
  const { balance, amount } = problem.body as unknown as ReversalExcess;
  const sum = formatMoney(amount, language);
  return (
    <Notice tone="bad">
      <p>{texts.excess(formatMoney(balance, language), sum)}</p>
      <p>{words.spent(sum)}</p>
      <p>
        <a href={customerHref(customerId)}>{words.spentWhere}</a>
      </p>
    </Notice>
  );
}
