import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { isOrderId } from '../model/event-text.ts';
import { overview } from '../texts/overview.ts';
import { TextField } from './field.tsx';
import { Form } from './form.tsx';

/** Opens any order by its id. */
export function FindOrder() {
  const texts = useTexts(overview);
  const { route } = useLocation();
  const [id, setId] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = () => {
    const valid = isOrderId(id.trim());
    setWrong(!valid);
    if (valid) route(`/operator/orders/${id.trim()}`);
  };
  return (
    <Form class="card find-order" onSubmit={submit}>
      <TextField
        label={texts.find}
        violation={wrong ? texts.findViolation : null}
        value={id}
        onChange={setId}
        input={{ spellcheck: false, autoComplete: 'off' }}
      />
      <button type="submit">{texts.open}</button>
    </Form>
  );
}
