import { useTexts } from '../model/context.ts';
import type { Language } from '../model/format.ts';
import { account } from '../texts/account.ts';
import { common } from '../texts/common.ts';
import { Choice } from './choice.tsx';

/** The language of letters. */
export function LocaleField(props: { value: Language; onChange: (locale: Language) => void }) {
  const { languages } = useTexts(common);
  const legend = useTexts(account).register.letterLanguage;
  const options = (['ru', 'en'] as const).map((value) => ({ value, label: languages[value] }));
  return <Choice name="letter-language" legend={legend} options={options} {...props} />;
}
