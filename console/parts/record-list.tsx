import { useLayoutEffect, useRef } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { type LoadedRecords, type Records, ROWS_MAX } from '../model/records.ts';
import { records } from '../texts/records.ts';
import { Empty, Loading, Problem } from './notices.tsx';
import { Button } from './page.tsx';
import { type Column, RecordTable } from './record-table.tsx';

/** The rows of a list that are loaded, and the way to older ones. */
export function RecordList<T>(props: {
  label: string;
  list: LoadedRecords<T>;
  columns: Column<T>[];
  keyOf: (row: T) => string;
  none: string;
  noneHint?: string | undefined;
}) {
  const { label, list, columns, keyOf, none, noneHint } = props;
  const texts = useTexts(records);
  return (
    <Loading loaded={list.loaded}>
      {(found) => (
        <>
          {found.rows.length > 0 ? (
            <RecordTable label={label} columns={columns} records={found} keyOf={keyOf} />
          ) : (
            <Empty
              title={found.more ? texts.noneYet : none}
              hint={found.more ? undefined : noneHint}
            />
          )}
          <Older list={list} found={found} />
        </>
      )}
    </Loading>
  );
}

/** How many rows are shown, and the button that adds older ones. */
function Older<T>({ list, found }: { list: LoadedRecords<T>; found: Records<T> }) {
  const texts = useTexts(records);
  const { language } = useConsole();
  const status = useRef<HTMLParagraphElement>(null);
  const count = formatNumber(found.rows.length, language);
  const isFull = found.rows.length >= ROWS_MAX;
  const isLast = !found.more || isFull;
  const pressed = useRef(false);
  // The pressed button disappears, and the focus would be lost with it.
  useLayoutEffect(() => {
    if (isLast && pressed.current) status.current?.focus({ preventScroll: true });
    pressed.current = false;
  }, [isLast]);
  const press = () => {
    pressed.current = true;
    list.older();
  };
  return (
    <div class="older">
      <p class="quiet" role="status" tabIndex={-1} ref={status}>
        {list.olderRuns && texts.looking}
        {!list.olderRuns && found.rows.length > 0 && !(isFull && found.more) && texts.shown(count)}
        {!list.olderRuns && isFull && found.more && texts.full(count)}
        {!list.olderRuns && found.rows.length > 0 && !found.more && ` ${texts.all}`}
      </p>
      <Problem problem={list.olderProblem} />
      {!isLast && (
        // Not disabled while it runs: the focus would leave it.
        <Button text={found.rows.length > 0 ? texts.older : texts.lookOn} run={press} />
      )}
    </div>
  );
}
