import type { ComponentChildren } from 'preact';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import type { Selection } from '../model/selection.ts';
import { letterRepair } from '../texts/letter-repair.ts';

/** Above a list: chooses all its rows, says how many are chosen, and holds what is done to them. */
export function SelectionBar(props: { selection: Selection; children: ComponentChildren }) {
  const texts = useTexts(letterRepair);
  const { language } = useConsole();
  const { ids, all, toggleAll } = props.selection;
  const some = ids.length > 0 && !all;
  return (
    <div class="card selection-bar">
      <label>
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box !== null) box.indeterminate = some;
          }}
          onChange={toggleAll}
        />
        <span>{texts.selectAll}</span>
      </label>
      <p class="quiet" role="status">
        {ids.length > 0 && texts.selected(formatNumber(ids.length, language))}
      </p>
      {ids.length > 0 && <div class="actions">{props.children}</div>}
    </div>
  );
}

/** The box of one row. */
export function SelectBox(props: { selection: Selection; id: string; label: string }) {
  const { selection, id, label } = props;
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={selection.has(id)}
      onChange={() => selection.toggle(id)}
    />
  );
}
