import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { LetterPreview, LetterTemplate, OperatorLetter } from '#contracts/notifications.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoment, type Language } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import { findLetters } from '../model/studio-letters.ts';
import { Choice, Field, Form, TextField } from '../parts/form.tsx';
import { LetterFrame, PlainText } from '../parts/letter-tabs.tsx';
import { Empty, Loading } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { TimeZoneField } from '../parts/time-zone-field.tsx';
import { common } from '../texts/common.ts';
import { customer } from '../texts/customer.ts';
import { letterStudio } from '../texts/letter-studio.ts';

const SIDES = [1, 2] as const;

/** Every template against a past letter, two versions side by side. */
export function LetterStudioPage() {
  const texts = useTexts(letterStudio);
  const { api } = useConsole();
  const { query, route } = useLocation();
  const asked = query.order ?? '';
  const [typed, setTyped] = useState(asked);
  const letters = useLoad(`letters ${asked}`, (signal) => findLetters(api, asked, signal));
  const templates = useLoad('letter templates', (signal) =>
    api.read<{ data: LetterTemplate[] }>('/v1/operator/letter-templates', { signal }),
  );
  const submit = () => {
    const text = typed.trim();
    route(`/operator/letter-studio${text === '' ? '' : `?order=${encodeURIComponent(text)}`}`);
  };
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Form class="studio-find" label={texts.submit} onSubmit={submit}>
        <TextField
          label={texts.find}
          hint={texts.findHint}
          value={typed}
          onChange={setTyped}
          input={{ type: 'search', autoComplete: 'off', spellcheck: false, maxLength: 200 }}
        />
        <Button text={texts.submit} />
      </Form>
      <Loading loaded={letters}>
        {(found) =>
          found.length === 0 ? (
            <Empty title={asked === '' ? texts.noLetters : texts.notFound(asked)} />
          ) : (
            <Loading loaded={templates}>
              {({ data }) => <Studio key={asked} letters={found} templates={data} />}
            </Loading>
          )
        }
      </Loading>
    </Page>
  );
}

function Studio(props: { letters: OperatorLetter[]; templates: LetterTemplate[] }) {
  const { letters, templates } = props;
  const texts = useTexts(letterStudio);
  const { kinds } = useTexts(customer).letters;
  const { language } = useConsole();
  const [id, setId] = useState(letters[0]?.id ?? '');
  const [zone, setZone] = useState('');
  const [form, setForm] = useState<'html' | 'text'>('html');
  const nameOf = ({ kind, orderId, createdAt }: OperatorLetter) =>
    texts.letterName(
      kinds[kind],
      orderNumberOf(orderId) ?? orderId,
      formatMoment(createdAt, language, Date.now()),
    );
  const forms = (['html', 'text'] as const).map((value) => ({ value, label: texts[value] }));
  return (
    <>
      <div class="studio-choices">
        <Select
          label={texts.letter}
          value={id}
          onChange={setId}
          options={letters.map((letter) => [letter.id, nameOf(letter)])}
        />
        <TimeZoneField value={zone} onChange={setZone} none={texts.customerZone} />
        <Choice
          name="studio-form"
          legend={texts.form}
          options={forms}
          value={form}
          onChange={setForm}
        />
      </div>
      <div class="studio-sides">
        {SIDES.map((side) => (
          <Side key={side} side={side} id={id} zone={zone} form={form} templates={templates} />
        ))}
      </div>
    </>
  );
}

/** One version in one language. The first side begins with the oldest version, the other with new. */
function Side(props: {
  side: (typeof SIDES)[number];
  id: string;
  zone: string;
  form: 'html' | 'text';
  templates: LetterTemplate[];
}) {
  const { side, id, zone, form, templates } = props;
  const texts = useTexts(letterStudio);
  const { languages } = useTexts(common);
  const { api, language } = useConsole();
  const first = side === 1 ? templates[0] : templates.at(-1);
  const [version, setVersion] = useState(String(first?.version ?? 1));
  const [locale, setLocale] = useState<Language>(language);
  const preview = useLoad([id, version, locale, zone].join(' '), (signal) =>
    api.read<LetterPreview>(`/v1/operator/letters/${encodeURIComponent(id)}/preview`, {
      query: { templateVersion: version, locale, timeZone: zone === '' ? undefined : zone },
      signal,
    }),
  );
  return (
    <section class="card letter" aria-label={texts.side(side)}>
      <h2>{texts.side(side)}</h2>
      <div class="studio-choices">
        <Select
          label={texts.version}
          value={version}
          onChange={setVersion}
          options={templates.map(({ version, source, current }) => [
            String(version),
            texts.versionName(version, source === 'own', current),
          ])}
        />
        <Select
          label={texts.language}
          value={locale}
          onChange={(value) => setLocale(value as Language)}
          options={(['ru', 'en'] as const).map((each) => [each, languages[each]])}
        />
      </div>
      <Loading loaded={preview}>
        {({ subject, text, html }) => (
          <>
            <p class="letter-subject" lang={locale}>
              <bdi>{subject}</bdi>
            </p>
            {form === 'html' ? (
              <LetterFrame html={html} title={texts.frame(side)} />
            ) : (
              <PlainText text={text} />
            )}
          </>
        )}
      </Loading>
    </section>
  );
}

function Select(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: [value: string, label: string][];
}) {
  return (
    <Field label={props.label}>
      {(ties) => (
        <select
          {...ties}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          {props.options.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
