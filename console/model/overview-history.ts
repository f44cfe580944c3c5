import { useEffect, useRef, useState } from 'preact/hooks';
import type { Overview, OverviewHistory } from '#contracts/operator.ts';
import { useConsole } from './context.ts';
import { type Loaded, useLoad } from './load.ts';
import { type KnownParts, knownWith, lagOf, NOTHING_KNOWN, waitingOf } from './overview.ts';
import { joined, type Sample, withSample } from './samples.ts';

const SERIES = ['placed', 'outbox', 'lag', 'waiting'] as const;
type Series = (typeof SERIES)[number];
export type Charts = Record<Series, Sample[]>;

const NO_SAMPLES: Charts = { placed: [], outbox: [], lag: [], waiting: [] };

function seriesOf(of: (name: Series) => Sample[]): Charts {
  return Object.fromEntries(SERIES.map((name) => [name, of(name)])) as Charts;
}

// What the page reads itself covers the time between.
const HISTORY_REFRESH_MS = 60_000;

/** The samples of each figure in the last hour: those that the services recorded, then ours. */
export function useCharts(data: Overview | null): Charts {
  const { api } = useConsole();
  const recorded = useLoad(
    'overview-history',
    (signal) => api.read<OverviewHistory>('/v1/operator/overview/history', { signal }),
    HISTORY_REFRESH_MS,
  );
  const [live, setLive] = useState(NO_SAMPLES);
  useEffect(() => {
    if (data === null) return;
    const { orders, notifications } = data;
    const values: Record<Series, number | null> = {
      placed: orders?.rates.placed ?? null,
      outbox: orders?.outbox?.unpublished ?? null,
      lag: notifications && lagOf(notifications),
      waiting: notifications && waitingOf(notifications).count,
    };
    const at = Date.parse(data.at);
    setLive((last) => seriesOf((name) => withSample(last[name], { at, value: values[name] })));
  }, [data]);
  const past = recordedSeries(recorded.data);
  return seriesOf((name) => joined(past[name], live[name]));
}

/** The recorded samples by figure. */
export function recordedSeries(history: OverviewHistory | null): Charts {
  const { orders = null, notifications = null } = history ?? {};
  const samples = <T extends { at: string }>(
    rows: T[] | null,
    figureOf: (row: T) => number | null,
  ) => (rows ?? []).map((row) => ({ at: Date.parse(row.at), value: figureOf(row) }));
  return {
    placed: samples(orders, ({ placed }) => placed),
    outbox: samples(orders, ({ unpublished }) => unpublished),
    lag: samples(notifications, ({ lag }) => lag),
    waiting: samples(notifications, ({ waiting }) => waiting),
  };
}

/** The last known figures of each part. */
export function useKnownParts(data: Overview | null): KnownParts {
  const known = useRef(NOTHING_KNOWN);
  const counted = useRef<Overview | null>(null);
  if (data !== null && counted.current !== data) {
    counted.current = data;
    known.current = knownWith(known.current, data);
  }
  return known.current;
}

// The clock of this page: without answers nothing else draws it again.
const TICK_MS = 1_000;
const REFRESHES_MISSED = 3;

/** Whether no answer came for longer than about three refreshes. */
export function useIsOutdated<T>({ data }: Loaded<T>, refreshMs: number): boolean {
  const [outdated, setOutdated] = useState(false);
  useEffect(() => {
    const readAt = performance.now();
    setOutdated(false);
    const timer = setInterval(
      () => setOutdated(performance.now() - readAt > REFRESHES_MISSED * refreshMs),
      TICK_MS,
    );
    return () => clearInterval(timer);
  }, [data, refreshMs]);
  return outdated && data !== null;
}
