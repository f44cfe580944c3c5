import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { DeadLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { orderIdIn, prettyJson } from '../model/event-text.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import { Fact } from '../parts/fact.tsx';
import { HeadersTable } from '../parts/headers-table.tsx';
import { PlainText } from '../parts/letter-tabs.tsx';
import { Loading, Notice, Problem } from '../parts/notices.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Id, Moment } from '../parts/values.tsx';
import { journey } from '../texts/journey.ts';
import { operator } from '../texts/operator.ts';
import { DeadLetterPill } from './dead-letters.tsx';

/** One event that could not become a letter: its place in the topic, the error, its content. */
export function DeadLetterPage() {
  const texts = useTexts(operator).deadLetters;
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  const address = `/v1/operator/dead-letters/${encodeURIComponent(id)}`;
  const letter = useLoad(id, (signal) => api.read<DeadLetter>(address, { signal }));
  const [redriven, setRedriven] = useState<DeadLetter | null>(null);
  const { run, running, problem } = useAction(async () => {
    setRedriven(null);
    const answer = await api.send<DeadLetter>('POST', `${address}/redrive`);
    setRedriven(answer.body);
    letter.reload();
  });
  return (
    <Page title={texts.one}>
      <Loading loaded={letter}>
        {(data) => (
          <>
            <Summary letter={data} />
            {redriven === null && data.state === 'dead' && (
              <Notice tone="bad">
                {texts.error}: {data.error}
              </Notice>
            )}
            <Problem problem={problem} />
            {redriven !== null && (
              <Notice tone={redriven.state === 'dead' ? 'bad' : 'good'}>
                {redriven.state === 'dead' ? texts.refused(redriven.error) : texts.became}
              </Notice>
            )}
            {data.state === 'dead' && (
              <p>
                <button type="button" class="primary" disabled={running} onClick={run}>
                  {texts.redrive}
                </button>
              </p>
            )}
            <Content letter={data} />
          </>
        )}
      </Loading>
    </Page>
  );
}

function Summary({ letter }: { letter: DeadLetter }) {
  const texts = useTexts(operator).deadLetters;
  const { placeOf } = useTexts(journey);
  const { language } = useConsole();
  const orderId = orderIdIn(letter.value);
  return (
    <section class="card" aria-label={texts.one}>
      <dl class="facts">
        <Fact label={texts.state} quietLabel>
          <DeadLetterPill state={letter.state} />
        </Fact>
        <Fact label={texts.place}>
          <code>{letter.topic}</code>, {placeOf(letter.partition, letter.offset)}
        </Fact>
        <Fact label={texts.key}>
          {letter.key === null ? texts.noKey : <code>{letter.key}</code>}
        </Fact>
        <Fact label={texts.arrived}>
          <Moment at={letter.createdAt} />
        </Fact>
        <Fact label={texts.redrives}>{formatNumber(letter.redrives, language)}</Fact>
        {letter.redrivenAt !== null && (
          <Fact label={texts.redrivenAt}>
            <Moment at={letter.redrivenAt} />
          </Fact>
        )}
        {orderId !== null && (
          <Fact label={texts.order}>
            <a href={`/operator/orders/${orderId}`}>
              <Id value={orderId} />
            </a>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Content({ letter }: { letter: DeadLetter }) {
  const texts = useTexts(operator).deadLetters;
  return (
    <div class="columns">
      <Card id="dead-value" title={texts.value}>
        {letter.value === null ? (
          <p class="quiet">{texts.noValue}</p>
        ) : (
          <PlainText text={prettyJson(letter.value)} />
        )}
      </Card>
      <Card id="dead-headers" title={texts.headers}>
        {letter.headers.length === 0 ? (
          <p class="quiet">{texts.noHeaders}</p>
        ) : (
          <HeadersTable label={texts.headers} headers={letter.headers} />
        )}
      </Card>
    </div>
  );
}
