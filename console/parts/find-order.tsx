import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { isOrderId } from '../model/event-text.ts';
import { overview } from '../texts/overview.ts';
import { TextField } from './field.tsx';

/** Opens any order: customers who ask about one tell its number. */
export function FindOrder() {
  const texts = useTexts(overview);
  const { route } = useLocation();
  const [id, setId] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <form
      class="card find-order"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const fits = isOrderId(id.trim());
        setWrong(!fits);
        if (fits) route(`/operator/orders/${id.trim()}`);
      }}
    >
      <TextField
        label={texts.find}
        fault={wrong ? texts.findFault : null}
        value={id}
        onChange={setId}
        input={{ spellcheck: false, autoComplete: 'off' }}
      />
      <button type="submit">{texts.open}</button>
    </form>
  );
}
