import { useRef, useState } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import {
  FAULT_NAMES,
  type FaultName,
  type LabFault,
  type LabState,
  labPollMs,
} from '../model/fault-lab.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import { Choice } from '../parts/form.tsx';
import { LabOrderCard } from '../parts/lab-order.tsx';
import { Empty, Loading, Problem } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Pill } from '../parts/values.tsx';
import { faultLab } from '../texts/fault-lab.ts';

/** The switches of the fault lab, and the orders that were placed meanwhile. */
export function FaultLabPage() {
  const texts = useTexts(faultLab);
  const { config } = useConsole();
  if (config.faultLab === true) return <Lab />;
  return (
    <Page title={texts.title}>
      <div class="card lab-off">
        <h2>{texts.off.title}</h2>
        <p>{texts.off.hint}</p>
        <p>
          <code>npm start -- --lab</code>
        </p>
        <p>
          <code>npx orderbell start --lab</code>
        </p>
        <p class="quiet">{texts.off.lessons}</p>
      </div>
    </Page>
  );
}

function Lab() {
  const texts = useTexts(faultLab);
  const { api } = useConsole();
  const loaded = useLoad<LabState>(
    'fault-lab',
    async (signal) => {
      const [faults, orders] = await Promise.all([
        api.read<{ data: LabState['faults'] }>('/lab/faults', { signal }),
        api.read<{ data: LabState['orders'] }>('/lab/orders', { signal }),
      ]);
      return { faults: faults.data, orders: orders.data };
    },
    labPollMs,
  );
  const heading = useRef<HTMLHeadingElement>(null);
  const [minutes, setMinutes] = useState<Minutes>('5');
  const act = useAction(async (send: () => Promise<unknown>) => {
    await send();
    loaded.reload();
  });
  const turn = (name: FaultName, on: boolean) =>
    act.run(() =>
      api.send('PUT', `/lab/faults/${name}`, { body: { on, forS: Number(minutes) * 60 } }),
    );
  const place = async () => {
    await api.send('POST', '/lab/orders');
    // Below the cards, where a phone does not show it.
    heading.current?.scrollIntoView();
  };
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <>
          <Button look="primary" text={texts.place} run={() => act.run(place)} />
          <Button
            text={texts.allOff}
            run={() => act.run(() => api.send('DELETE', '/lab/faults'))}
          />
        </>
      }
    >
      <Problem problem={act.problem} />
      <Loading loaded={loaded}>
        {({ faults, orders }) => (
          <>
            <Duration value={minutes} onChange={setMinutes} />
            <div class="columns">
              {faults.filter(isKnown).map((fault) => (
                <FaultCard key={fault.name} fault={fault} turn={turn} />
              ))}
            </div>
            <h2 ref={heading}>{texts.orders}</h2>
            {orders.length === 0 && <Empty title={texts.none.title} hint={texts.none.hint} />}
            {orders.map((order) => (
              <LabOrderCard key={order.number} order={order} />
            ))}
          </>
        )}
      </Loading>
    </Page>
  );
}

/** A gateway of another version may have more. */
const isKnown = ({ name }: LabFault) => FAULT_NAMES.includes(name);

const MINUTES = ['1', '5', '10'] as const;
type Minutes = (typeof MINUTES)[number];

function Duration(props: { value: Minutes; onChange: (value: Minutes) => void }) {
  const texts = useTexts(faultLab);
  const options = MINUTES.map((value) => ({ value, label: texts.minutes(Number(value)) }));
  return <Choice name="lab-minutes" legend={texts.lasts} options={options} {...props} />;
}

/** Minutes and seconds, as a clock that runs down. */
const clockOf = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

function FaultCard(props: { fault: LabFault; turn: (name: FaultName, on: boolean) => void }) {
  const { name, on, endsInS, hits } = props.fault;
  const texts = useTexts(faultLab);
  const { language } = useConsole();
  const text = texts.faults[name];
  return (
    <section class="card lab-fault" aria-labelledby={`lab-${name}`}>
      <div class="section-head">
        <h2 id={`lab-${name}`}>{text.name}</h2>
        <Pill tone={on ? 'bad' : 'quiet'}>{on ? texts.on : texts.isOff}</Pill>
      </div>
      <p>{text.does}</p>
      <h3>{texts.expect}</h3>
      <p>{text.expect}</p>
      <p class="label">
        {on && endsInS !== null && texts.endsIn(clockOf(endsInS))}
        {on && hits > 0 && ` · ${texts.hits(formatNumber(hits, language))}`}
      </p>
      <Button
        text={on ? texts.turnOff : texts.turnOn}
        label={`${on ? texts.turnOff : texts.turnOn}: ${text.name}`}
        run={() => props.turn(name, !on)}
      />
    </section>
  );
}
