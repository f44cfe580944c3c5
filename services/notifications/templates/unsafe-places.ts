// What Mustache replaces, comments, elements whose content is no HTML, tags, and quotes.
const HTML_PARTS = /\{\{[^}]*\}\}|<!--.*?-->|<\/?(script|style)\b|<(?=[a-z/!])|["'>]/gis;
// Sections and comments show nothing themselves.
const NO_VALUE = /^\{\{\s*[#^/!]/;

/** Where a part of the source is. */
interface Place {
  isTag: boolean;
  /** The quote that began the attribute's value, else empty. */
  quote: string;
  /** The element whose content is no HTML, else empty. */
  raw: string;
}

/**
 * Values where escaping as HTML does not hold them: in a tag without quotes they could begin another
 * attribute, in a script or a style they are no HTML.
 * @returns the faults, each with its line
 */
export function unsafeIn(source: string, lineOf: (position: number) => number): string[] {
  const faults: string[] = [];
  let place: Place = { isTag: false, quote: '', raw: '' };
  for (const { 0: part, 1: element = '', index } of source.matchAll(HTML_PARTS)) {
    if (!part.startsWith('{{'))
      place = placeAfter(place, part.toLowerCase(), element.toLowerCase());
    else if (!NO_VALUE.test(part))
      faults.push(...faultAt(place).map((f) => `${lineOf(index)}: ${f}`));
  }
  return faults;
}

function faultAt({ isTag, quote, raw }: Place): string[] {
  if (isTag) return quote === '' ? ['put the value of the attribute into double quotes'] : [];
  return raw === '' ? [] : [`<${raw}> can hold no values`];
}

function placeAfter(place: Place, part: string, element: string): Place {
  const { isTag, quote, raw } = place;
  if (quote !== '') return part === quote ? { ...place, quote: '' } : place;
  if (isTag) {
    if (part === '>') return { ...place, isTag: false };
    return part === '"' || part === "'" ? { ...place, quote: part } : place;
  }
  const isEnd = part === `</${raw}`;
  const isBeginning = raw === '' && part.startsWith('<') && !part.startsWith('<!--');
  if (!isEnd && !isBeginning) return place;
  return { isTag: true, quote: '', raw: part.startsWith('</') ? '' : element };
}
