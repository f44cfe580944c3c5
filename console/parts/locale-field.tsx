import { useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { customer } from '../texts/customer.ts';

/** In which language letters come. */
export function LocaleField(props: { value: Language; onChange: (locale: Language) => void }) {
  const texts = useTexts(customer);
  return (
    <fieldset class="choice">
      <legend>{texts.register.letterLanguage}</legend>
      {(['ru', 'en'] as const).map((locale) => (
        <label key={locale}>
          <input
            type="radio"
            name="letter-language"
            checked={props.value === locale}
            onChange={() => props.onChange(locale)}
          />
          <span>{texts.profile.locales[locale]}</span>
        </label>
      ))}
    </fieldset>
  );
}
