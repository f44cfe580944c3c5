import { useState } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { type CsvValue, csvOf } from '../model/csv.ts';
import { download } from '../model/download.ts';
import { EXPORT_ROWS_MAX, readAllRows } from '../model/export-rows.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useUnmountSignal } from '../model/load.ts';
import type { ListQuery } from '../model/records.ts';
import { records } from '../texts/records.ts';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';

/** A column of the file. */
export interface CsvColumn<T> {
  label: string;
  value: (row: T) => CsvValue;
}

/** Saves all rows that match the filters as a CSV file, up to the limit of one file. */
export function RecordExport<T>(props: {
  /** Begins the file's name. */
  name: string;
  path: string;
  query: ListQuery;
  columns: CsvColumn<T>[];
}) {
  const { name, path, query, columns } = props;
  const texts = useTexts(records);
  const { api, language } = useConsole();
  const open = useUnmountSignal();
  const [count, setCount] = useState(0);
  const [stop, setStop] = useState<AbortController | null>(null);
  const { run, running, problem, result } = useAction(async () => {
    const controller = new AbortController();
    setStop(controller);
    setCount(0);
    const signal = AbortSignal.any([controller.signal, open]);
    try {
      const read = await readAllRows<T>(api, path, query, { signal, onRows: setCount });
      const rows = read.rows.map((row) => columns.map(({ value }) => value(row)));
      const text = csvOf(
        columns.map(({ label }) => label),
        rows,
        language,
      );
      const day = new Date().toISOString().slice(0, 10);
      download(`orderbell-${name}-${day}.csv`, 'text/csv;charset=utf-8', text);
      return { count: rows.length, cut: read.cut };
    } catch (error) {
      if (controller.signal.aborted) return 'cancelled' as const;
      throw error;
    }
  });
  const number = (value: number) => formatNumber(value, language);
  if (running) {
    return (
      <div class="exporting" role="status">
        <progress max={EXPORT_ROWS_MAX} value={count} aria-label={texts.export} />
        <span>{texts.exporting(number(count))}</span>
        <Button text={texts.cancel} run={() => stop?.abort()} />
      </div>
    );
  }
  return (
    <div class="exporting">
      <Button text={texts.export} run={run} />
      <Problem problem={problem} />
      {result === 'cancelled' && <Notice tone="quiet">{texts.cancelled}</Notice>}
      {result !== null && result !== 'cancelled' && (
        <Notice tone={result.cut ? 'wait' : 'good'}>
          {(result.cut ? texts.cut : texts.exported)(number(result.count))}
        </Notice>
      )}
    </div>
  );
}
