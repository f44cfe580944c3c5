import { useEffect, useRef, useState } from 'preact/hooks';
import type { LedgerDifference, LedgerReport } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { addReport, byRelation, type LedgerSums, NOTHING_CHECKED } from '../model/ledger.ts';
import { useAction } from '../model/load.ts';
import { repeatedly } from '../model/orders.ts';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { operator } from '../texts/operator.ts';
import { shell } from '../texts/shell.ts';

// One answer takes up to 20 s and the part it has begun.
const ANSWER_TIMEOUT_MS = 60_000;

/** The check of the books: part after part until all of them were compared. */
export function LedgerPage() {
  const texts = useTexts(operator).ledger;
  const { retrying } = useTexts(shell);
  const { sums, running, repeating, problem, start, stop } = useCheck();
  const goesOn = sums !== null && sums.nextCursor !== null;
  return (
    <Page title={texts.title} lead={texts.lead}>
      <div class="actions">
        {running ? (
          <button type="button" onClick={stop}>
            {texts.stop}
          </button>
        ) : (
          <>
            {goesOn && (
              <button type="button" class="primary" onClick={() => start(sums)}>
                {texts.goOn}
              </button>
            )}
            <button
              type="button"
              class={goesOn ? undefined : 'primary'}
              onClick={() => start(NOTHING_CHECKED)}
            >
              {sums === null ? texts.start : texts.again}
            </button>
          </>
        )}
      </div>
      {running && (
        <p class="checking" role="status">
          <progress aria-label={texts.running} /> {repeating ? retrying : texts.running}
        </p>
      )}
      {problem !== null && <Problem problem={problem} />}
      {sums !== null && !running && <Verdict sums={sums} />}
      {sums !== null && <Sums sums={sums} />}
      {sums !== null && sums.differenceCount > 0 && <Differences sums={sums} />}
    </Page>
  );
}

/** Follows one check from answer to answer; it ends with the page. */
function useCheck() {
  const { api } = useConsole();
  const [sums, setSums] = useState<LedgerSums | null>(null);
  const [repeating, setRepeating] = useState(false);
  const stopper = useRef<AbortController | null>(null);
  const { run, running, problem } = useAction(async (from: LedgerSums) => {
    const controller = new AbortController();
    const { signal } = controller;
    stopper.current = controller;
    let so = from;
    setSums(so);
    setRepeating(false);
    const onRepeat = () => setRepeating(true);
    try {
      do {
        const cursor = so.nextCursor ?? undefined;
        const ask = () =>
          api.send<LedgerReport>('GET', '/v1/operator/ledger/verify', {
            query: { cursor },
            signal,
            timeoutMs: ANSWER_TIMEOUT_MS,
          });
        so = addReport(so, (await repeatedly(ask, { signal, onRepeat })).body);
        setRepeating(false);
        setSums(so);
      } while (so.nextCursor !== null);
    } catch (error) {
      // Somebody stopped it: what was checked so far counts.
      if (!signal.aborted) throw error;
    }
  });
  const stop = () => stopper.current?.abort();
  useEffect(() => stop, []);
  return { sums, running, repeating, problem, start: run, stop };
}

function Verdict({ sums }: { sums: LedgerSums }) {
  const { verdict } = useTexts(operator).ledger;
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
  const texts = useTexts(operator).ledger;
  const { acknowledged, failedLetters } = sums;
  const waiting = { ...sums.waiting, failedLetters, acknowledged };
  const waitingNames = {
    ...texts.waitingNames,
    failedLetters: texts.failedLetters,
    acknowledged: texts.acknowledged,
  };
  return (
    <div class="columns">
      <section class="card" aria-labelledby="ledger-checked">
        <h2 id="ledger-checked">{texts.checked}</h2>
        <Counts counts={sums.checked} names={texts.checkedNames} />
      </section>
      <section class="card" aria-labelledby="ledger-waiting">
        <h2 id="ledger-waiting">{texts.waiting}</h2>
        <Counts counts={waiting} names={waitingNames} />
        <p class="label">{texts.waitingHint}</p>
      </section>
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
  const texts = useTexts(operator).ledger;
  const { language } = useConsole();
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
        {texts.repair} <code>npm run orderbell -- operator repair</code>
      </p>
      {unseen > 0 && <p class="quiet">{texts.more(formatNumber(unseen, language))}</p>}
    </>
  );
}

function Difference({ difference }: { difference: LedgerDifference }) {
  const { relation, id, detail, remedyText } = difference;
  // Of a wallet there is no journey.
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
