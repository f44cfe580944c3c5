// What a mail should have to be read everywhere. Simple checks by its text, without a browser.

/** Longer HTML is cut by Gmail, which then hides its end behind a link. */
const CLIPPED_BYTES = 102 * 1024;

export interface MailChecks {
  /** HTML without a plain text next to it. */
  missingText: boolean;
  images: number;
  imagesWithoutAlt: number;
  /** Images of other hosts, which mail programs hide at first. */
  externalImages: number;
  links: number;
  /** Links that are not encrypted, or lead nowhere. */
  insecureLinks: number;
  htmlBytes: number;
  /** The HTML is longer than what Gmail shows. */
  clipped: boolean;
}

export function checkMail(text: string | null, html: string | null): MailChecks {
  const tags = tagsOf(html ?? '');
  const images = tags.filter((tag) => /^<img/i.test(tag));
  const links = tags.flatMap((tag) => (/^<a/i.test(tag) ? (attribute(tag, 'href') ?? []) : []));
  const htmlBytes = Buffer.byteLength(html ?? '');
  return {
    missingText: html !== null && (text ?? '').trim() === '',
    images: images.length,
    imagesWithoutAlt: images.filter((tag) => attribute(tag, 'alt') === null).length,
    externalImages: images.filter((tag) => /^(?:https?:)?\/\//i.test(attribute(tag, 'src') ?? ''))
      .length,
    links: links.length,
    insecureLinks: links.filter((href) => !/^(?:https:|mailto:|tel:)/i.test(href)).length,
    htmlBytes,
    clipped: htmlBytes > CLIPPED_BYTES,
  };
}

// Longer tags are not checked.
const TAG_LENGTH_MAX = 4_096;

/** The tags of links and images. It reads each character once, so that no letter stops the thread. */
function tagsOf(html: string): string[] {
  const tags: string[] = [];
  const begin = /<(?:a|img)(?=[\s/>])/gi;
  for (let match = begin.exec(html); match !== null; match = begin.exec(html)) {
    const end = endOfTag(html, match.index);
    if (html[end] === '>') tags.push(html.slice(match.index, end + 1));
    begin.lastIndex = end;
  }
  return tags;
}

/** The position of the tag's `>` outside of quotes, or where the search for it ended. */
function endOfTag(html: string, from: number): number {
  const last = Math.min(html.length, from + TAG_LENGTH_MAX);
  let quote = '';
  for (let at = from; at < last; at++) {
    const character = html[at] as string;
    if (quote === '' && character === '>') return at;
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
  }
  return last;
}

const ATTRIBUTE = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/g;

/** The value of an attribute, which may be empty; null where the tag does not have it. */
function attribute(tag: string, name: string): string | null {
  for (const [, found = '', double, single, bare] of tag.matchAll(ATTRIBUTE)) {
    if (found.toLowerCase() === name) return double ?? single ?? bare ?? '';
  }
  return null;
}
