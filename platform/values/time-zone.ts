/**
 * Whether this machine knows an IANA time zone. Takes names and their former names in any case, as
 * `Intl` does, and no offsets such as `+05:00`, which know no summer time.
 */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
