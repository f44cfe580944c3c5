import { useEffect, useRef, useState } from 'preact/hooks';
import type { LedgerDifference } from '#contracts/operator.ts';
import { STEADILY } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { addReport, byRelation, type LedgerSums, NOTHING_CHECKED } from '../model/ledger.ts';
import { useAction } from '../model/load.ts';
import { Notice, Problem } from '../parts/notices.tsx';
import { Button, Card, Page } from '../parts/page.tsx';
import { common } from '../texts/common.ts';
import { ledger } from '../texts/ledger.ts';

// The gateway answers after the first part that ends later than 20 s.
const ANSWER_TIMEOUT_MS = 60_000;

/** The reconciliation: one part after the other until all are compared. */
export function LedgerPage() {
  const texts = useTexts(ledger);
  const { retrying } = useTexts(common);
  const { sums, running, repeating, problem, start, stop } = useCheck();
  const goesOn = sums !== null && sums.nextCursor !== null;
  return (
    <Page title={texts.title} lead={texts.lead}>
      <div class="actions">
        {running ? (
          <Button text={texts.stop} run={stop} />
        ) : (
          <>
            {goesOn && <Button look="primary" text={texts.goOn} run={() => start(sums)} />}
            <Button
              look={goesOn ? undefined : 'primary'}
              text={sums === null ? texts.start : texts.again}
              run={() => start(NOTHING_CHECKED)}
            />
          </>
        )}
      </div>
      {running && (
        <p class="checking" role="status">
          <progress aria-label={texts.running} /> {repeating ? retrying : texts.running}
        </p>
      )}
      <Problem problem={problem} />
      {sums !== null && !running && <Verdict sums={sums} />}
      {sums !== null && <Sums sums={sums} />}
      {sums !== null && sums.differenceCount > 0 && <Differences sums={sums} />}
    </Page>
  );
}

/** Requests one part after the other; leaving the page stops it. */
function useCheck() {
  const { api } = useConsole();
  const [sums, setSums] = useState<LedgerSums | null>(null);
  const [repeating, setRepeating] = useState(false);
  const stopper = useRef<AbortController | null>(null);
  const { run, running, problem } = useAction(async (from: LedgerSums) => {
    const controller = new AbortController();
    const { signal } = controller;
    stopper.current = controller;
    let total = from;
    setSums(total);
    setRepeating(false);
    const onRepeat = () => setRepeating(true);
    try {
      do {
        const cursor = total.nextCursor ?? undefined;
        const { body } = await api.call('verifyLedger', {
          ...STEADILY,
          query: { cursor },
          signal,
          onRepeat,
          timeoutMs: ANSWER_TIMEOUT_MS,
        });
        total = addReport(total, body);
        setRepeating(false);
        setSums(total);
      } while (total.nextCursor !== null);
    } catch (error) {
      // Stopped by the person: the result so far stays.
      if (!signal.aborted) throw error;
    }
  });
  const stop = () => stopper.current?.abort();
  useEffect(() => stop, []);
  return { sums, running, repeating, problem, start: run, stop };
}

function Verdict({ sums }: { sums: LedgerSums }) {
  const { verdict } = useTexts(ledger);
  const { complete, differenceCount } = sums;
  if (differenceCount > 0) {
    return <Notice tone="bad">{complete ? verdict.differ : verdict.differSoFar}</Notice>;
  }
  return (
    <Notice tone={complete ? 'good' : 'wait'}>
      {complete ? verdict.agree : verdict.agreeSoFar}
    </Notice>
  );
}

function Sums({ sums }: { sums: LedgerSums }) {
  const texts = useTexts(ledger);
  const { acknowledged, failedLetters, waiting } = sums;
  return (
    <div class="columns">
      <Card id="ledger-checked" title={texts.checked}>
        <Counts counts={sums.checked} names={texts.checkedNames} />
      </Card>
      <Card id="ledger-waiting" title={texts.waiting}>
        <Counts counts={{ ...waiting, failedLetters, acknowledged }} names={texts.waitingNames} />
        <p class="label">{texts.waitingHint}</p>
      </Card>
    </div>
  );
}

function Counts<N extends string>(props: { counts: Record<N, number>; names: Record<N, string> }) {
  const { language } = useConsole();
  const { counts, names } = props;
  return (
    <dl class="counts">
      {(Object.keys(names) as N[]).map((name) => (
        <div key={name} class="count">
          <dt>{names[name]}</dt>
          <dd class="number">{formatNumber(counts[name], language)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Differences({ sums }: { sums: LedgerSums }) {
  const texts = useTexts(ledger);
  const { config, language } = useConsole();
  const { commandLine = 'npm run orderbell --' } = config;
  const { differences, differenceCount } = sums;
  const unseen = differenceCount - differences.length;
  return (
    <>
      <h2>
        {texts.differences} ({formatNumber(differenceCount, language)})
      </h2>
      {byRelation(differences).map(([relation, found]) => (
        <section key={relation} class="card" aria-labelledby={`ledger-${relation}`}>
          <h3 id={`ledger-${relation}`}>{texts.relations[relation]}</h3>
          <ul class="differences">
            {found.map((difference, index) => (
              <Difference key={index} difference={difference} />
            ))}
          </ul>
        </section>
      ))}
      <p class="label">
        {texts.repair} <code>{commandLine} operator repair</code>
      </p>
      {unseen > 0 && <p class="quiet">{texts.more(formatNumber(unseen, language))}</p>}
    </>
  );
}

function Difference({ difference }: { difference: LedgerDifference }) {
  const { relation, id, detail, remedyText } = difference;
  // A wallet has no journey.
  const href = relation === 'balance-operations' ? null : `/operator/orders/${id}`;
  return (
    <li>
      {href === null ? (
        <code>{id}</code>
      ) : (
        <a href={href}>
          <code>{id}</code>
        </a>
      )}
      <p class="quiet">{detail}</p>
      <p>{remedyText}</p>
    </li>
  );
}
