// Currencies: how many digits their minor units have, and money as text. Browsers load this module
// too, so it imports nothing.

/** The largest price, total or top-up, in minor units: exact in a double with room for sums. */
export const AMOUNT_MAX = 10 ** 15;

/**
 * ISO 4217, list one: every active code that has a minor unit, by the number of its digits.
 * Source: the maintenance agency (SIX), published on 2026-01-01; the latest change is the end of
 * BGN. Codes without a minor unit (XAU, XDR, XTS …) are absent: no wallet can hold them.
 */
const CODES: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD ' +
    'CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS ' +
    'GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD ' +
    'LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB ' +
    'PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP ' +
    'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ' +
    'ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const DIGITS = new Map(
  Object.entries(CODES).flatMap(([digits, codes]) =>
    codes.split(' ').map((code): [string, number] => [code, Number(digits)]),
  ),
);

export const currencyCodes: readonly string[] = [...DIGITS.keys()].sort();

/**
 * How many digits the minor unit of a currency has: 2 for RUB, 0 for JPY. Never asked of `Intl`,
 * whose answer differs between engines (HUF 0 or 2, IQD 0 or 3).
 * @returns undefined for a code that is not in ISO 4217
 */
export function minorUnitDigits(currency: string): number | undefined {
  return DIGITS.get(currency);
}

/** The error in the setting CURRENCY; null when it is valid. */
export function currencySettingFault(code: string): string | null {
  if (DIGITS.has(code)) return null;
  // The error does not quote longer texts: they may be a secret in the wrong setting.
  const given = /^[A-Za-z]{3}$/.test(code) ? `, not ${code}` : '';
  return `must be the ISO 4217 code of a currency with a minor unit, such as RUB${given}`;
}

/** Minor units as a decimal text with a point. A double would lose digits of 10^15. */
export function decimalOf(amount: number, digits: number): string {
  const padded = String(Math.abs(amount)).padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits);
  return `${amount < 0 ? '-' : ''}${whole}${digits === 0 ? '' : `.${padded.slice(-digits)}`}`;
}

/** How people read amounts on screens and in letters: `500 ₽`, `500,50 ₽`, `£500`. */
export const MONEY_LOCALES = { ru: 'ru-RU', en: 'en-GB' } as const;
export const MONEY_LOOK = {
  currencyDisplay: 'narrowSymbol',
  trailingZeroDisplay: 'stripIfInteger',
} as const;

/**
 * Writes amounts of one currency for people.
 * @param options of `Intl.NumberFormat`, except the number of digits, which this table decides
 * @returns a function of minor units. For an unknown code it shows the bare minor units, since a
 *   guessed decimal point would show another amount.
 */
export function moneyFormat(
  locale: string,
  currency: string,
  options: Intl.NumberFormatOptions = {},
): (amount: number) => string {
  const digits = minorUnitDigits(currency);
  if (digits === undefined) {
    const units = locale.startsWith('ru') ? 'минимальных единиц' : 'minor units';
    return (amount) => `${amount} ${currency} (${units})`;
  }
  const format = new Intl.NumberFormat(locale, {
    ...options,
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return (amount) => format.format(decimalOf(amount, digits) as Intl.StringNumericLiteral);
}
