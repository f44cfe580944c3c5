import { useTexts } from '../model/context.ts';
import { timeZone as texts } from '../texts/time-zone.ts';
import { Field } from './form.tsx';

/** The zone of this browser; undefined where it does not say. */
export function ownTimeZone(): string | undefined {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Every zone that this browser knows. */
const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** A time zone. @param props.none text of the empty choice, absent where there is none */
export function TimeZoneField(props: {
  value: string;
  onChange: (zone: string) => void;
  violation?: string | null;
  none?: string;
}) {
  const { value, onChange, violation, none } = props;
  const { label, hint } = useTexts(texts);
  // A zone under a former name, or one that this browser does not know, stays selected.
  const zones = value === '' || ZONES.includes(value) ? ZONES : [value, ...ZONES];
  return (
    <Field label={label} hint={none === undefined ? hint : undefined} violation={violation}>
      {(ties) => (
        <select {...ties} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {none !== undefined && <option value="">{none}</option>}
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zone.replaceAll('_', ' ')}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
