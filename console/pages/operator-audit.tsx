import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { AuditPage, PublicAuditEntry } from '#contracts/audit.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney, type Language } from '../model/format.ts';
import { Form, TextField } from '../parts/form.tsx';
import { addressOf, ListPage, usePageOf } from '../parts/list.tsx';
import { Notice } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Id, Moment } from '../parts/values.tsx';
import { audit } from '../texts/audit.ts';

const PATH = '/operator/audit';

/** Actions of operators and lock-outs in all services. */
export function OperatorAuditPage() {
  const texts = useTexts(audit);
  const { subject } = useLocation().query;
  const entries = usePageOf<PublicAuditEntry>('/v1/operator/audit', { subject });
  const unanswered = (entries.data as AuditPage | null)?.unanswered ?? [];
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Search key={subject} subject={subject} />
      {unanswered.length > 0 && (
        <Notice tone="bad">
          {texts.unanswered(unanswered.map((service) => texts.services[service]).join(', '))}
        </Notice>
      )}
      <ListPage
        loaded={entries}
        none={texts.none}
        noneHint={subject === undefined ? undefined : texts.noneHint}
      >
        {(data) => <Entries entries={data} />}
      </ListPage>
    </Page>
  );
}

function Search({ subject = '' }: { subject: string | undefined }) {
  const texts = useTexts(audit);
  const { route } = useLocation();
  const [value, setValue] = useState(subject);
  const submit = () => {
    const id = value.trim();
    route(addressOf(PATH, id === '' ? {} : { subject: id }));
  };
  return (
    <Form onSubmit={submit}>
      <TextField
        label={texts.search}
        value={value}
        onChange={setValue}
        input={{ type: 'search', autoComplete: 'off', maxLength: 255, spellcheck: false }}
      />
      <div class="actions">
        <Button text={texts.find} />
        {subject !== '' && <a href={PATH}>{texts.all}</a>}
      </div>
    </Form>
  );
}

function Entries({ entries }: { entries: PublicAuditEntry[] }) {
  const texts = useTexts(audit);
  return (
    <table class="table">
      <thead>
        <tr>
          {[texts.what, texts.when, texts.who, texts.change].map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

function Entry({ entry }: { entry: PublicAuditEntry }) {
  const texts = useTexts(audit);
  const { language } = useConsole();
  const { action, actor, at, reason, service, subject, traceId } = entry;
  return (
    <tr>
      <td>
        <div>
          {texts.actions[action] ?? action}
          <p class="quiet">{texts.services[service]}</p>
          {Object.entries(subject).map(([name, id]) => (
            <p key={name} class="quiet">
              {name}: <a href={addressOf(PATH, { subject: id })}>{<Id value={id} />}</a>
            </p>
          ))}
          {reason !== null && <p class="quiet">{texts.because(reason)}</p>}
        </div>
      </td>
      <td data-label={texts.when}>
        <Moment at={at} />
      </td>
      <td data-label={texts.who}>{actor === null ? texts.system : <Id value={actor} />}</td>
      <td data-label={texts.change}>
        <div>
          {changesOf(entry, language, texts).map((line) => (
            <p key={line}>{line}</p>
          ))}
          {traceId !== null && (
            <p class="quiet">
              {texts.trace}: <Id value={traceId} />
            </p>
          )}
        </div>
      </td>
    </tr>
  );
}

/** A line for each member of the state that the entry names. */
function changesOf(
  { before, after }: PublicAuditEntry,
  language: Language,
  texts: (typeof audit)[Language],
): string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => {
    const [was, is] = [before?.[name], after?.[name]].map((value) => textOf(value, language));
    if (is === undefined || was === is) return texts.to(name, was ?? is ?? '');
    return was === undefined ? texts.to(name, is) : texts.from(name, was, is);
  });
}

function textOf(value: unknown, language: Language): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return '–';
  return typeof value === 'object' ? formatMoney(value as MoneyValue, language) : String(value);
}
